"""What a reading adds to a member's counter: each row of the table, and what holds of all."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.quota.counter import Member, MemberReading, count
from exporter.vendors.periods import UNKNOWN_SPAN, Span

HOUR = 3600.0
DAY = 24 * HOUR
OCTOBER, NOVEMBER, DECEMBER = Span(-31 * DAY, 0), Span(0, 30 * DAY), Span(30 * DAY, 61 * DAY)
FIRST = 30 * DAY
"""The first of December."""
LONG_AGO = -400 * DAY

Step = tuple[float, Span, float]
"""When it is read (seconds), the period that is stated, and the figure."""


def totals(steps: Iterable[Step], *, since: float = 0.0, is_dated: bool = False) -> list[float]:
    """The counter after each reading."""
    member: Member | None = None
    total, found = 0.0, []
    for at, span, value in steps:
        member, consumed = count(member, MemberReading(value, span, at, since, is_dated))
        total += consumed
        found.append(total)
    return found


def daily(span: Span, *figures: float, first: float = 1) -> list[Step]:
    return [((first + day) * DAY, span, value) for day, value in enumerate(figures)]


def ends(end: float) -> Span:
    return Span(None, end)


RULES: dict[str, tuple[list[Step], list[float]]] = {
    "a figure that rises is use": (daily(NOVEMBER, 0, 10, 10, 30), [0, 10, 10, 30]),
    "one that falls a little is a correction, and the way back up adds nothing": (
        daily(NOVEMBER, 1000, 1030, 1025, 1028, 1050),
        [1000, 1030, 1030, 1030, 1050],
    ),
    "one that falls below half with a later end is a reset": (
        [*daily(ends(FIRST), 90, 95), (2.5 * DAY, ends(FIRST + 3 * DAY), 4), (3 * DAY, ends(FIRST + 3 * DAY), 6)],
        [0, 5, 9, 11],
    ),
    "one that falls below half with a later start is a reset": (
        daily(NOVEMBER, 900, 950) + daily(DECEMBER, 7, 20, first=31),
        [900, 950, 957, 970],
    ),
    "one that falls below half when the known end has passed is a reset, and the date follows it": (
        [
            (FIRST - 60, ends(FIRST), 900),
            (FIRST + 10, ends(FIRST), 4),
            (FIRST + 300, ends(FIRST + 31 * DAY), 6),
            (FIRST + 600, ends(FIRST + 31 * DAY), 60),
            (FIRST + 900, ends(FIRST + 31 * DAY), 80),
        ],
        [0, 4, 6, 60, 80],
    ),
    "one that falls below half a reading before the end passes is a reset, told by the next": (
        [(FIRST - 60, ends(FIRST), 900), (FIRST - 5, ends(FIRST), 4), (FIRST + 300, ends(FIRST), 6)],
        [0, 0, 6],
    ),
    "one that falls below half a reading before its date moves is a reset, told by the next": (
        [
            (10 * DAY, ends(FIRST), 900),
            (11 * DAY, ends(FIRST), 4),
            (12 * DAY, ends(FIRST + 12 * DAY), 6),
            (13 * DAY, ends(FIRST + 12 * DAY), 9),
        ],
        [0, 0, 6, 9],
    ),
    "the date may move a reading before the figure falls": (
        [(FIRST - 60, ends(FIRST), 900), (FIRST + 10, ends(2 * FIRST), 901), (FIRST + 300, ends(2 * FIRST), 5)],
        [0, 1, 6],
    ),
    "one that falls below half without a date is a correction": (
        daily(NOVEMBER, 900, 4, 300, 901),
        [900, 900, 900, 901],
    ),
    "a plan's early renewal is a reset": (
        daily(NOVEMBER, 90) + daily(Span(10 * DAY, 40 * DAY), 3, first=11),
        [90, 93],
    ),
    "the calendar says a new month, and the vendor still has the last one's figure": (
        daily(NOVEMBER, 900)
        + [(FIRST + hour * HOUR, DECEMBER, value) for hour, value in ((0, 900), (9, 903), (25, 4))],
        [900, 900, 903, 907],
    ),
    "a figure that is late for more than 26 hours is the new month's, less what was counted meanwhile": (
        [*daily(NOVEMBER, 5), (FIRST + DAY, DECEMBER, 50), (FIRST + 2 * DAY, DECEMBER, 60)],
        [5, 50, 65],
    ),
    "at once, where the last month is long over": (daily(NOVEMBER, 5) + daily(DECEMBER, 50, first=35), [5, 55]),
    "a vendor that takes a little back while it is late": (
        [*daily(NOVEMBER, 10), (FIRST + HOUR, DECEMBER, 7), (FIRST + 2 * DAY, DECEMBER, 12)],
        [10, 10, 22],
    ),
    "a start that is corrected, long ago": (
        [
            (0, Span(LONG_AGO, FIRST), 100),
            (DAY, Span(LONG_AGO, FIRST), 105),
            (2 * DAY, Span(LONG_AGO + 3 * HOUR, FIRST), 103),
        ],
        [0, 5, 5],
    ),
    "a start that is corrected to later today, with the same end": (
        daily(NOVEMBER, 90) + daily(Span(HOUR, 30 * DAY), 95, first=2),
        [90, 95],
    ),
    "a reset that is put off": (daily(ends(30 * DAY), 90, 95) + daily(ends(60 * DAY), 94, 97, first=3), [0, 5, 5, 7]),
    "a figure first seen of a period that began before": (daily(OCTOBER, 40, 45), [0, 5]),
    "a figure first seen of no known period": (daily(UNKNOWN_SPAN, 800, 810, 830), [0, 10, 30]),
    "a figure first seen of a period that began since": (daily(NOVEMBER, 40, 45), [40, 45]),
    "without any date each rise counts, and no fall": (daily(UNKNOWN_SPAN, 90, 3, 5, 4, 6), [0, 0, 2, 2, 4]),
    "a figure below nothing": (daily(UNKNOWN_SPAN, -5, -3, 4), [0, 2, 9]),
    "a period that one reading does not know": (
        daily(NOVEMBER, 10) + daily(UNKNOWN_SPAN, 12, first=2) + daily(NOVEMBER, 15, first=3),
        [10, 12, 15],
    ),
    "the last month's final figure, read in the new one": (
        [
            (FIRST - 600, NOVEMBER, 700),
            (FIRST - 60, NOVEMBER, 706),
            (FIRST + 7 * HOUR, DECEMBER, 1),
            (FIRST + 7 * HOUR, NOVEMBER, 720),
        ],
        [700, 706, 707, 721],
    ),
    "of a month before that, which is closed": (
        daily(OCTOBER, 5, first=-1)
        + daily(NOVEMBER, 7, first=2)
        + daily(DECEMBER, 1, first=33)
        + daily(OCTOBER, 900, first=34),
        [0, 7, 8, 8],
    ),
    "a clock that goes over the month's end and back": (
        [
            (FIRST - 7200, NOVEMBER, 500),
            (FIRST + 7200, DECEMBER, 0),
            (FIRST - 7100, NOVEMBER, 501),
            (FIRST + 60, DECEMBER, 2),
        ],
        [500, 500, 501, 503],
    ),
    "a clock that was ahead at the first reading": (
        [(FIRST + 60, DECEMBER, 0), (FIRST - 7200, NOVEMBER, 500), (FIRST + 120, DECEMBER, 2)],
        [0, 500, 502],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), RULES.values(), ids=RULES)
def test_a_reading_adds(steps: list[Step], expected: list[float]) -> None:
    assert totals(steps) == expected


DATED: dict[str, tuple[list[Step], list[float]]] = {
    "a plan's row with a new period counts whole at once, though it does not fall": (
        daily(NOVEMBER, 5) + daily(DECEMBER, 50, 60, first=30.1),
        [5, 55, 65],
    ),
    "and though it falls only a little": (daily(NOVEMBER, 10) + daily(DECEMBER, 7, first=30.1), [10, 17]),
    "a start that is corrected is none": (
        [(0, Span(LONG_AGO, FIRST), 100), (DAY, Span(LONG_AGO + 3 * HOUR, FIRST), 103)],
        [0, 3],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), DATED.values(), ids=DATED)
def test_a_reading_whose_dates_are_its_own_adds(steps: list[Step], expected: list[float]) -> None:
    assert totals(steps, is_dated=True) == expected


@pytest.mark.parametrize(("hours", "total"), [(1, 14.0), (11, 14.0), (13, 19.0)])
def test_how_late_a_vendor_may_be_is_a_matter_of_the_periods_length(hours: float, total: float) -> None:
    yesterday, today = Span(0, DAY), Span(DAY, 2 * DAY)

    assert totals([(DAY / 2, yesterday, 5), (DAY + hours * HOUR, today, 14)])[-1] == total


@pytest.mark.parametrize(("start", "total"), [(100.0, 30.0), (99.0, 0.0), (None, 0.0)])
def test_what_began_since_the_first_reading_counts_whole(start: float | None, total: float) -> None:
    assert totals([(200, Span(start, 1000), 30)], since=100) == [total]


def test_an_unexplained_fall_is_noticed_once() -> None:
    member, noticed = None, []
    for at, span, value in daily(NOVEMBER, 900, 4, 5, 6):
        member, _ = count(member, MemberReading(value, span, at, 0.0))
        noticed.append(member.has_fallen)

    assert noticed == [False, True, False, False]


FIGURES = st.floats(-1e6, 1e12, allow_nan=False)
EDGES = st.none() | st.integers(0, 9).map(lambda n: n * 30 * DAY)
SPANS = st.builds(Span, EDGES, EDGES)
READINGS = st.lists(st.tuples(SPANS, FIGURES), max_size=40)


@given(READINGS, st.booleans())
def test_a_counter_never_falls_whatever_is_read(readings: list[tuple[Span, float]], is_dated: bool) -> None:
    found = totals([(DAY * day, *one) for day, one in enumerate(readings)], is_dated=is_dated)

    assert [0.0, *found] == sorted([0.0, *found])


@given(READINGS, st.booleans())
def test_a_reading_adds_no_more_than_its_rise_or_its_figure(readings: list[tuple[Span, float]], is_dated: bool) -> None:
    found = totals([(DAY * day, *one) for day, one in enumerate(readings)], is_dated=is_dated)
    figures = [value for _, value in readings]
    lowest = min([0.0, *figures])

    for (before, after), value in zip(pairwise([0.0, *found]), figures, strict=True):
        assert after - before <= (value - lowest) * (1 + 1e-9) + 1e-3


@given(st.lists(FIGURES, min_size=1, max_size=40))
def test_within_one_period_the_counter_is_the_highest_figure_less_the_first(figures: list[float]) -> None:
    found = totals([(-DAY + day, OCTOBER, value) for day, value in enumerate(figures)])

    assert found[-1] == pytest.approx(max(figures) - figures[0], abs=1e-3)


@given(
    st.lists(st.lists(st.integers(0, 10**9), min_size=1, max_size=9).map(sorted), min_size=1, max_size=9),
)
def test_over_periods_with_dates_of_their_own_the_counter_is_the_sum_of_all_use(months: list[list[int]]) -> None:
    steps = [
        ((number * 30 + day + 1) * DAY, Span(number * 30 * DAY, (number + 1) * 30 * DAY), float(used))
        for number, month in enumerate(months)
        for day, used in enumerate(month)
    ]

    assert totals(steps, is_dated=True)[-1] == sum(max(month) for month in months)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_without_a_period_the_counter_is_the_sum_of_the_rises(figures: list[int]) -> None:
    rises = sum(max(0, after - before) for before, after in pairwise(figures))

    assert totals(daily(UNKNOWN_SPAN, *figures))[-1] == rises
