"""The pages of the history are what an exporter shows, and are written as OpenMetrics."""

from collections.abc import Iterable
from pathlib import Path

import anyio
import pytest
from history_session import Page
from history_text import Recorder
from page_text import page_text
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from virtual_exporter import demo_config, exporter
from virtual_time import run_virtually

from exporter.cli import demo
from exporter.exposition.negotiation import Format


def samples(page: str) -> dict[tuple[str, ...], float]:
    """The values of a page, by all that is said of each."""
    whole = page.removesuffix("# EOF\n") + "# EOF\n"
    families: Iterable[Metric] = text_string_to_metric_families(whole)  # type: ignore[no-untyped-call]  # untyped there
    return {
        (
            sample.name,
            family.name,
            family.type,
            family.documentation,
            *sorted(map("=".join, sample.labels.items())),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_page_is_what_the_exporter_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in demo.environment().items():
        monkeypatch.setenv(name, text)
    pages: list[str] = []

    async def main() -> None:
        async with exporter(demo_config()) as parts:
            for _, poller in parts.pollers:
                await poller.poll()
            now = anyio.current_time()
            pages.append(Page(parts, 5.0).now())
            pages.append(page_text(parts.store, parts.telemetry, now, Format.OPENMETRICS))

    run_virtually(main)

    recorded, shown = map(samples, pages)
    added = {key[0]: recorded.pop(key) for key in recorded.keys() - shown.keys()}
    assert added.keys() == {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
    assert added["up"] == 1
    assert added["scrape_samples_scraped"] == len(shown)
    assert [recorded[key] for key in shown if key[0] == "process_start_time_seconds"] == [5]
    assert recorded.keys() == shown.keys()
    own_pace = {key for key in shown if key[0].startswith("process_")}
    assert {key: recorded[key] for key in shown.keys() - own_pace} == {
        key: shown[key] for key in shown.keys() - own_pace
    }


def test_what_scrapes_found_is_written_family_by_family(tmp_path: Path) -> None:
    recorder = Recorder({"job": "j", "instance": "i"})
    flat = '# TYPE used gauge\nused{account="a"} 1.0\nused{account="b"} 2.0\n# TYPE up gauge\nup 1\n'
    for at, page in ((10.0, flat), (20.0, flat), (30.0, "# TYPE up gauge\nup 0\n"), (40.5, flat)):
        recorder.scraped(at, page)

    recorder.write(tmp_path / "all")
    recorder.write(tmp_path / "some", lambda series: 'account="a"' in series)

    some = """\
# TYPE used gauge
used{job="j",instance="i",account="a"} 1.0 10.000
used{job="j",instance="i",account="a"} 1.0 20.000
used{job="j",instance="i",account="a"} 1.0 40.500
# EOF
"""
    every = """\
used{job="j",instance="i",account="b"} 2.0 10.000
used{job="j",instance="i",account="b"} 2.0 20.000
used{job="j",instance="i",account="b"} 2.0 40.500
# TYPE up gauge
up{job="j",instance="i"} 1 10.000
up{job="j",instance="i"} 1 20.000
up{job="j",instance="i"} 0 30.000
up{job="j",instance="i"} 1 40.500
# EOF
"""
    assert (tmp_path / "some").read_text() == some
    assert (tmp_path / "all").read_text() == some.removesuffix("# EOF\n") + every
