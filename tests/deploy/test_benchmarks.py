"""The arithmetic of the benchmarks; and the documents show the figures that are kept."""

import math
import os
import runpy
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from benchmarks import __main__ as entrance
from benchmarks import results
from benchmarks.__main__ import BENCHMARKS
from benchmarks.accounts import own_series
from benchmarks.client_library import fill
from benchmarks.exporting import vendor_series
from benchmarks.figures import Bar, Figure, factor, number, table
from benchmarks.latency import percentile
from benchmarks.memory import per_series
from benchmarks.million import scrape_figures
from benchmarks.peers import CLIENT_LIBRARY
from benchmarks.scale import TINY
from benchmarks.storage import counted

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WRITTEN: dict[Path, str] = runpy.run_path(str(ROOT / "scripts" / "write-figures"))["documents"]()

# The least that each of these tells of. The others start programs and load them for as long as a benchmark takes:
# `make bench` runs them.
SMOKE: dict[str, tuple[str, str]] = {
    "render": ("a poll of 200 series, a series, all changed", CLIENT_LIBRARY),
    "check": ("check of 8 accounts", "check of one account"),
    "storage": ("a poll of 200 series, none changed: written", "the same reading with every figure changed"),
    "declared": ("a poll of 196 series, read and rendered, declared in YAML", "the vendor in Python"),
}


def test_every_benchmark_has_kept_figures() -> None:
    assert BENCHMARKS.keys() == results.load().keys()


@pytest.mark.parametrize(("value", "code"), [(2.0, 0), (3.0, 1)])
def test_a_bar_that_is_missed_is_said_at_the_end_and_by_the_exit_code(
    value: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [
        Figure("met", 1.0, "s", bar=Bar(value_at_most=2.0)),
        Figure("this", value, "s", bar=Bar(value_at_most=2.0)),
    ]
    monkeypatch.setattr(entrance, "BENCHMARKS", {"one": lambda _: iter(figures)})
    monkeypatch.setattr(results, "keep", lambda *_: None)

    assert entrance.main(["one"]) == code
    assert ("this" in capsys.readouterr().out.partition("bars that are missed")[2]) == bool(code)
    assert entrance.main(["two"]) == 2


@pytest.mark.parametrize("name", SMOKE)
def test_a_benchmark_tells_its_figures(name: str) -> None:
    figures = list(BENCHMARKS[name](TINY))

    told = {(figure.what, figure.peer) for figure in figures}
    assert SMOKE[name] in told
    assert len(told) == len(figures)
    for figure in figures:
        assert math.isfinite(figure.value), figure
        assert figure.value >= 0, figure
        assert bool(figure.peer) == (figure.peer_value is not None), figure


@pytest.mark.parametrize(("rank", "time"), [(0.0, 1.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0)])
def test_a_percentile_is_a_time_that_was_measured(rank: float, time: float) -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], rank) == time


def test_a_series_takes_what_a_process_has_more_than_an_empty_one() -> None:
    assert per_series(3000, 1000, 4) == 500.0


def test_several_runs_are_their_median_and_what_they_range_from_and_to() -> None:
    figure = Figure.of("things", [3.0, 1.0, 2.0], "ms", "peer", [30.0, 10.0, 20.0], Bar(ratio_at_most=0.2))

    assert (figure.value, figure.spread, figure.peer_value, figure.met) == (2.0, (1.0, 3.0), 20.0, True)
    assert figure.cells() == ("things", "2 ms", "1 - 3", "peer", "20 ms", "0.1 x", "at most 0.2 x", "yes")


def test_what_is_written_and_flushed_is_counted(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT, 0o600)
    with counted() as disk:
        for text in (b"some", b"thing"):
            os.write(file, text)
        os.fsync(file)
    os.close(file)

    assert (disk.written, disk.flushes) == (9, 1)


def test_series_of_the_exporters_own_are_counted_by_account() -> None:
    page = b"""usage_exporter_account_up{vendor="planship",account="a"} 1.0
usage_exporter_polls_total{vendor="planship",account="a"} 1.0
usage_exporter_account_up{vendor="planship",account="b"} 1.0
usage_exporter_build_info{version="1"} 1.0
planship_lever_usage{account="a"} 1.0
"""

    assert sorted(own_series(page).values()) == [1, 2]


def test_scrapes_are_a_median_without_the_first_their_failures_and_what_they_missed() -> None:
    figures = scrape_figures("100 series", 100, [9.0, 1.0, 3.0, 2.0], [1, 0, 1, 1], [120.0, 90.0, 120.0, 120.0])

    assert [figure.value for figure in figures] == [2.0, 9.0, 1, 10.0]


BARS = [
    (Figure("", 2.0, "ms", "p", 1.0, Bar(ratio_at_most=2.0)), True),
    (Figure("", 2.1, "ms", "p", 1.0, Bar(ratio_at_most=2.0)), False),
    (Figure("", 0.9, "/s", "p", 1.0, Bar(ratio_at_least=0.9)), True),
    (Figure("", 0.8, "/s", "p", 1.0, Bar(ratio_at_least=0.9)), False),
    (Figure("", 250.0, "B", bar=Bar(value_at_most=250.0)), True),
    (Figure("", 251.0, "B", "p", 1000.0, Bar(value_at_most=250.0)), False),
    (Figure("", 1.0, "ms", bar=Bar(ratio_at_most=2.0)), None),
    (Figure("", 1.0, "ms", "p", 2.0), None),
]


@pytest.mark.parametrize(("figure", "met"), BARS)
def test_a_figure_says_whether_it_meets_its_bar(figure: Figure, met: bool | None) -> None:
    assert figure.met is met
    assert figure.cells()[-1] == {True: "yes", False: "NO", None: ""}[met]


NUMBERS = [(0.0, "0"), (0.04321, "0.0432"), (1.5, "1.5"), (143.0, "143"), (99.97, "100"), (1843.7, "1,844")]


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.8, "1.8 x"), (0.184, "0.184 x"), (0.05, "1/20"), (1 / 1840, "1/1,840"), (148.0, "148 x")]
)
def test_a_small_ratio_is_turned_round(ratio: float, text: str) -> None:
    assert factor(ratio) == text


PAGE = b"""# HELP planship_lever_usage x
# TYPE planship_lever_usage gauge
planship_lever_usage{account="main",lever="a"} 1.5
planship_lever_usage{account="main",lever="b"} 2.0
usage_exporter_account_up{vendor="planship",account="main"} 1.0
process_open_fds 9.0
python_info{version="3"} 1.0
# EOF
"""


def test_only_series_of_vendors_count_and_go_to_the_library() -> None:
    registry = CollectorRegistry()

    assert vendor_series(PAGE) == 2
    assert fill(PAGE.decode().splitlines(keepends=True), registry) == 2
    assert registry.get_sample_value("planship_lever_usage", {"account": "main", "lever": "b"}) == 2.0


def test_what_is_kept_replaces_what_was_kept_of_the_same_benchmark(tmp_path: Path) -> None:
    file = tmp_path / "results.json"

    for name, value in (("one", 1.0), ("other", 2.0), ("one", 3.0)):
        results.keep(name, [Figure("things", value, "ms", "peer", 6.0, Bar(ratio_at_most=1.0))], file)

    kept: dict[str, Any] = results.load(file)
    assert {name: [row["exact"] for row in one["rows"]] for name, one in kept.items()} == {"one": [3.0], "other": [2.0]}
    assert results.cells(kept["one"]["rows"][0]) == (
        "things",
        "3 ms",
        "",
        "peer",
        "6 ms",
        "0.5 x",
        "at most 1 x",
        "yes",
    )


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_a_document_shows_the_figures_that_are_kept(path: Path) -> None:
    text = path.read_text()

    assert "<!-- figures -->" in text
    assert text == WRITTEN[path], "run scripts/write-figures"


def test_a_table_is_markdown() -> None:
    lines = table([Figure("things", 3.0, "ms").cells()]).splitlines()

    assert lines[1].startswith("| ---")
    assert len({line.count("|") for line in lines}) == 1
