"""Sample lines in blocks: what changed is rendered anew, and all the rest is taken from before."""

import gzip
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exporter.metrics import Family, Figures, Labels
from exporter.textformat.gzip import HEADER, trailer
from exporter.textformat.lines import (
    Block,
    RenderedFamilies,
    RenderedFamily,
    label_pairs,
    render,
    sample_lines,
    with_shared_labels,
)
from exporter.vendors.netnut.families import NETNUT_GB_USED, NETNUT_REQUESTS_USED

FAMILIES = (NETNUT_GB_USED, NETNUT_REQUESTS_USED)
MANY = 600

Plans = Mapping[int, float]


def labels_of(plan: int) -> Labels:
    return f"plan-{plan:04}", "Residential"


def figures_of(*families: Plans) -> Figures:
    return {
        family: {labels_of(plan): value for plan, value in plans.items()}
        for family, plans in zip(FAMILIES, families, strict=False)
        if plans
    }


def plain(blocks: RenderedFamilies) -> dict[Family, bytes]:
    return {family: lines.text for family, lines in blocks.items() if isinstance(family, Family)}


def changed(before: RenderedFamily, after: RenderedFamily) -> int:
    """How many blocks were made for a change."""
    kept = {block.fingerprint for block in before.blocks()}
    return sum(block.fingerprint not in kept for block in after.blocks())


VALUES = st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e300])
STEPS = st.tuples(st.integers(0, MANY), st.integers(0, 200), VALUES | st.none())
"""Plans from one on, as many, have a value from now on, or are no more."""


@given(steps=st.lists(st.tuples(st.sampled_from([0, 1]), STEPS), max_size=8))
def test_after_any_changes_the_lines_are_those_of_a_rendering_from_nothing(
    steps: list[tuple[int, tuple[int, int, float | None]]],
) -> None:
    families: tuple[dict[int, float], dict[int, float]] = dict.fromkeys(range(MANY), 1.0), {}
    lines = render(MAIN, figures_of(*families), {})
    for which, (first, number, value) in steps:
        for plan in range(first, first + number):
            families[which].pop(plan, None)
            if value is not None:
                families[which][plan] = value
        lines = render(MAIN, figures_of(*families), lines)

        anew = render(MAIN, figures_of(*families), {})
        assert plain(lines) == plain(anew)
        assert {family: one.checksum for family, one in lines.items()} == {
            family: one.checksum for family, one in anew.items()
        }
        for one in lines.values():
            assert gzip.decompress(HEADER + one.deflated + trailer(one.checksum)) == one.text


def test_figures_that_are_all_the_same_are_the_same_lines() -> None:
    plans = dict.fromkeys(range(MANY), 1.0)
    before = render(MAIN, figures_of(plans), {})

    after = render(MAIN, figures_of(dict(reversed(plans.items()))), before)

    assert after[NETNUT_GB_USED] is before[NETNUT_GB_USED]


def test_a_figure_that_changes_changes_its_block_and_no_other() -> None:
    plans = dict.fromkeys(range(MANY), 1.0)
    before = render(MAIN, figures_of(plans), {})[NETNUT_GB_USED]
    for plan in range(0, MANY, 7):
        after = render(MAIN, figures_of({**plans, plan: 2.0}), {NETNUT_GB_USED: before})[NETNUT_GB_USED]

        assert len(before.hashes) == len(after.hashes) > 2
        assert changed(before, after) == changed(after, before) == 1


def test_a_series_that_goes_or_comes_changes_the_blocks_beside_it_and_no_other() -> None:
    plans = dict.fromkeys(range(MANY), 1.0)
    before = render(MAIN, figures_of(plans), {})
    made = []
    for plan in range(0, MANY, 3):
        without = render(MAIN, figures_of({key: 1.0 for key in plans if key != plan}), before)
        again = render(MAIN, figures_of(plans), without)
        assert plain(again) == plain(before)
        made += [changed(before[NETNUT_GB_USED], without[NETNUT_GB_USED])]
        made += [changed(without[NETNUT_GB_USED], again[NETNUT_GB_USED])]

    # Where one was the end of a block, a few may follow until they end as before.
    assert max(made) <= 6
    assert sum(made) / len(made) < 1.3


def test_blocks_are_neither_too_small_to_be_worth_it_nor_so_large_that_a_change_costs_much() -> None:
    (lines,) = render(MAIN, figures_of(dict.fromkeys(range(10_000), 1.0)), {}).values()
    sizes = [block.text.count(b"\n") for block in lines.blocks()]

    assert sum(sizes) == 10_000
    assert min(sizes[:-1]) >= 32
    assert max(sizes) <= 256
    assert 40 < sum(sizes) / len(sizes) < 120


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (1.0, 1.0 + 2**-52), (0.1 + 0.2, 0.3)])
def test_values_are_told_apart_by_their_bytes(one: float, other: float) -> None:
    before = render(MAIN, figures_of({1: one}), {})
    after = render(MAIN, figures_of({1: other}), before)

    assert [line.split()[-1] for line in plain(after)[NETNUT_GB_USED].decode().splitlines()] == [repr(other)]


def test_a_family_that_has_no_series_any_more_has_no_lines() -> None:
    before = render(MAIN, figures_of({1: 1.0}, {1: 1.0}), {})

    assert render(MAIN, figures_of({1: 1.0}), before).keys() == {NETNUT_GB_USED}


MAIN = label_pairs({"account": "main"})
HARD = st.text(st.sampled_from('"\\\n%s{},= aé\u2028'), max_size=6)


@given(st.dictionaries(st.tuples(HARD, HARD), VALUES, min_size=1, max_size=40))
def test_whatever_labels_say_is_read_back(series: dict[Labels, float]) -> None:
    text = render(MAIN, {NETNUT_GB_USED: series}, {})[NETNUT_GB_USED].text.decode()

    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    assert {(one.labels["plan_id"], one.labels["product_type"]): one.value for one in samples} == series
    assert {one.labels["account"] for one in samples} == {"main"}


@pytest.mark.parametrize(
    ("labels", "items", "shared", "text"),
    [
        ((), [((), 1.0)], "", "name 1.0\n"),
        ((), [((), 1.0)], 'account="a"', 'name{account="a"} 1.0\n'),
        (("x",), [(("1",), 1.0), (("2",), -0.0)], "", 'name{x="1"} 1.0\nname{x="2"} -0.0\n'),
        (("x", "y"), [(("1", "%r"), 1e22)], 'account="a"', 'name{account="a",x="1",y="%r"} 1e+22\n'),
        (("x",), [(("1",), 1.0), (('"\\\n',), 2.0)], "", 'name{x="1"} 1.0\nname{x="\\"\\\\\\n"} 2.0\n'),
        (("x",), [(('"',), 2.0)], r't="\"%s"', 'name{t="\\"%s",x="\\""} 2.0\n'),
        (("x",), [], "", ""),
    ],
)
def test_a_line_is(labels: tuple[str, ...], items: list[tuple[Labels, float]], shared: str, text: str) -> None:
    assert sample_lines("name", labels, items, shared) == text.encode()


@given(st.dictionaries(st.tuples(HARD, HARD), VALUES, min_size=1, max_size=40), HARD, HARD)
def test_lines_with_other_shared_labels_are_those_rendered_with_them(
    series: dict[Labels, float], one: str, other: str
) -> None:
    before, after = (label_pairs({"account": name, "team": team}) for name, team in (("main", one), ("b", other)))

    figures = {NETNUT_GB_USED: series}
    found = with_shared_labels(render(before, figures, {}), before, after)
    anew = render(after, figures, {})

    for family, lines in anew.items():
        assert (found[family].text, list(found[family].blocks())) == (lines.text, list(lines.blocks()))
        assert found[family].checksum == lines.checksum
    assert render(after, figures, found) == found


def test_lines_are_their_blocks_one_after_the_other() -> None:
    lines = RenderedFamily.from_blocks([Block.from_text(b"one\n"), Block.from_text(b"two\n")])

    assert lines.text == b"one\ntwo\n"
    assert [block.text for block in lines.blocks()] == [b"one\n", b"two\n"]
    assert lines.checksum == RenderedFamily.from_blocks([Block.from_text(b"one\ntwo\n")]).checksum
