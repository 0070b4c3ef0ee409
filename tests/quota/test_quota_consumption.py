"""The counter of what was used of a quota over all its periods."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exporter.quota import Key, Quota
from exporter.quota.consumption import Consumption, consumption
from exporter.vendors.periods import Span

DAY = 86_400.0
KEY = Key("traffic", "41", "GB")
NOVEMBER, DECEMBER = Span(0, 30 * DAY), Span(30 * DAY, 61 * DAY)
UNKNOWN = Span()

Step = tuple[float, Span, float]
"""Days since the first reading, the period, and what is used of it."""


def counted(steps: Iterable[Step], since: float = 0.0) -> list[float]:
    """The counter after each reading."""
    totals: list[float] = []
    known: Consumption | None = None
    for day, span, used in steps:
        known = consumption(Quota(KEY, used, 1000, span), known, since + day * DAY, since)
        totals.append(known.total)
    return totals


def days(span: Span, *figures: float, first: float = 1) -> list[Step]:
    return [(first + day, span, used) for day, used in enumerate(figures)]


COUNTED = {
    "what was used before the first reading is not ours": (days(UNKNOWN, 800, 810, 830), [0, 10, 30]),
    "rises count": (days(NOVEMBER, 0, 10, 10, 30), [0, 10, 10, 30]),
    "a correction adds nothing, nor does the way back up": (
        days(NOVEMBER, 1000, 1030, 1025, 1050),
        [1000, 1030, 1030, 1050],
    ),
    "a new period adds its own": (
        days(NOVEMBER, 900, 950) + days(DECEMBER, 7, 20, first=31),
        [900, 950, 957, 970],
    ),
    "even if it begins above the last one, once it is clear that the vendor is not late": (
        days(NOVEMBER, 5) + days(DECEMBER, 50, 60, first=31),
        [5, 50, 65],
    ),
    "at once, where the last one is long over": (
        days(NOVEMBER, 5) + days(DECEMBER, 50, first=35),
        [5, 55],
    ),
    "a vendor that is late shows more of the last period, and then the new one": (
        days(NOVEMBER, 1000) + days(DECEMBER, 1001, 1002, first=30) + days(DECEMBER, 5, 40, 700, first=31.05),
        [1000, 1001, 1002, 1007, 1042, 1702],
    ),
    "a figure of the last period that the vendor shows a while longer is not counted twice": (
        days(NOVEMBER, 900) + days(DECEMBER, 900, 900, 4, 9, first=30),
        [900, 900, 900, 904, 909],
    ),
    "a reset whose time has passed": (
        days(Span(None, 3 * DAY), 90, 95) + days(Span(None, 33 * DAY), 4, 6, first=3),
        [0, 5, 9, 11],
    ),
    "a reset that is put off is none, and the fall is a correction": (
        days(Span(None, 30 * DAY), 90, 95) + days(Span(None, 60 * DAY), 94, 97, first=3),
        [0, 5, 5, 7],
    ),
    "a start that is corrected is no new period": (
        days(NOVEMBER, 90) + days(Span(3600, 30 * DAY), 95, first=2),
        [90, 95],
    ),
    "a plan that is renewed early": (
        days(NOVEMBER, 90) + days(Span(10 * DAY, 40 * DAY), 3, first=11),
        [90, 93],
    ),
    "without a period each rise counts, and no fall": (days(UNKNOWN, 90, 3, 5, 4, 6), [0, 0, 2, 2, 4]),
    "a figure below nothing": (days(NOVEMBER, -5, -3, 4), [0, 2, 9]),
    "a period that one reading does not know": (
        days(NOVEMBER, 10) + days(UNKNOWN, 12, first=2) + days(NOVEMBER, 15, first=3),
        [10, 12, 15],
    ),
}


@pytest.mark.parametrize(("steps", "totals"), COUNTED.values(), ids=COUNTED)
def test_what_is_counted(steps: list[Step], totals: list[float]) -> None:
    assert counted(steps) == totals


@pytest.mark.parametrize(
    ("start", "total"),
    [
        pytest.param(100.0, 30.0, id="began since"),
        pytest.param(99.0, 0.0, id="before"),
        pytest.param(None, 0.0, id="?"),
    ],
)
def test_a_quota_that_began_after_the_accounts_first_reading_counts_whole(start: float | None, total: float) -> None:
    quota = Quota(KEY, 30, 1000, Span(start, 1000.0))

    assert consumption(quota, None, now=200.0, since=100.0).total == total


@pytest.mark.parametrize(("hours", "total"), [(1, 14.0), (11, 14.0), (13, 19.0)])
def test_how_late_a_vendor_may_be_is_a_matter_of_the_periods_length(hours: float, total: float) -> None:
    yesterday, today = Span(0, DAY), Span(DAY, 2 * DAY)
    first = consumption(Quota(KEY, 5, 1000, yesterday), None, DAY / 2, since=0)

    second = consumption(Quota(KEY, 14, 1000, today), first, DAY + hours * 3600, since=0)

    assert first.total == 5
    assert second.total == total


def test_a_quota_that_is_made_of_something_else_now_adds_nothing_of_that() -> None:
    first = consumption(Quota(KEY, 10, 1000, NOVEMBER, "one meter"), None, DAY, since=0)
    second = consumption(Quota(KEY, 900, 1000, NOVEMBER, "two meters"), first, 2 * DAY, since=0)
    third = consumption(Quota(KEY, 905, 1000, NOVEMBER, "two meters"), second, 3 * DAY, since=0)

    assert [one.total for one in (first, second, third)] == [10, 10, 15]


def test_the_last_known_limit_is_kept() -> None:
    first = consumption(Quota(KEY, 1, 100, UNKNOWN), None, 0, 0)
    second = consumption(Quota(KEY, 2, None, UNKNOWN), first, 1, 0)
    third = consumption(Quota(KEY, 3, 120, UNKNOWN), second, 2, 0)

    assert [one.limit for one in (first, second, third)] == [100, 100, 120]


FIGURES = st.floats(-1e6, 1e12, allow_nan=False)
SPANS = st.builds(
    Span,
    st.none() | st.integers(0, 9).map(lambda n: n * 30 * DAY),
    st.none() | st.integers(0, 9).map(lambda n: n * 30 * DAY),
)


@given(st.lists(st.tuples(SPANS, FIGURES), max_size=40))
def test_the_counter_never_falls_and_is_never_below_zero(readings: list[tuple[Span, float]]) -> None:
    totals = counted((day, span, used) for day, (span, used) in enumerate(readings))

    assert totals == sorted(totals)
    assert all(total >= 0 for total in totals)


@given(st.lists(st.lists(st.integers(1, 10**9), min_size=1, max_size=9), min_size=1, max_size=9))
def test_over_known_periods_the_counter_is_the_sum_of_their_highest_figures(months: list[list[int]]) -> None:
    steps = [
        (number * 30 + day, Span(number * 30 * DAY, (number + 1) * 30 * DAY), float(used))
        for number, month in enumerate(months)
        for day, used in enumerate(month)
    ]
    # A month that does not begin below the end of the one before is taken for that one at first.
    assume(all(before[-1] > month[0] for before, month in pairwise(months)))

    assert counted(steps)[-1] == sum(max(month) for month in months)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_without_a_period_the_counter_is_the_sum_of_the_rises(figures: list[int]) -> None:
    rises = sum(max(0, after - before) for before, after in pairwise(figures))

    assert counted(days(UNKNOWN, *figures))[-1] == rises
