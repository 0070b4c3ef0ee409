"""When each slice of an account is polled: all at once at first, then one after the other over the interval."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from exporter.errors import Forbidden, PollError, ServerFailed
from exporter.polling.schedule import Schedule
from exporter.store.snapshot import Snapshot

INTERVAL = 3600.0
Outcome = Callable[[int, float], PollError | None]
"""From a slice and the time to how its poll fails, or None."""
Polls = list[tuple[int, float, float, bool]]
"""The slice, when its poll began and ended, and whether it was good."""


def polls(
    slices: int, until: float, outcome: Outcome = lambda _, __: None, took: float = 0.0, interval: float = INTERVAL
) -> Polls:
    """Follow a schedule as a poller does; a poll takes as long as it is spread over, or so long without."""
    schedule, snapshot, now = Schedule(interval, slices, 0.0), Snapshot(slices), 0.0
    found: Polls = []
    while True:
        number = schedule.next
        began = max(now, schedule.due(number))
        if began > until:
            return found
        now = began + max(took, schedule.spread(number))
        error = outcome(number, began)
        found.append((number, began, now, error is None))
        if error:
            snapshot = snapshot.with_failure(number, error)
            schedule.record_failure(number, now, snapshot)
        else:
            snapshot = snapshot.with_success(number)
            schedule.record_success(number, began, now, jitter=0.5)


def starts(found: Polls, number: int) -> list[float]:
    return [began for slice_, began, _, _ in found if slice_ == number]


@pytest.mark.parametrize("slices", [1, 2, 3, 10, 100])
def test_at_first_all_are_polled_one_right_after_the_other(slices: int) -> None:
    first = polls(slices, 60.0, took=0.5)[:slices]

    assert [(number, began) for number, began, _, _ in first] == [(number, 0.5 * number) for number in range(slices)]


def test_a_single_slice_is_polled_as_an_account_always_was() -> None:
    found = polls(1, 4 * INTERVAL, took=60.0)

    assert [began for _, began, _, _ in found] == [
        0,
        60 + 0.5 * (INTERVAL - 60),
        *(60 + 0.5 * (INTERVAL - 60) + turn * INTERVAL for turn in (1, 2, 3)),
    ]
    assert Schedule(INTERVAL, 1, 0.0).spread(0) == 0


@pytest.mark.parametrize("slices", [2, 3, 10])
def test_after_that_they_are_spread_evenly_over_the_interval(slices: int) -> None:
    found = polls(slices, 4 * INTERVAL, took=1.0)[slices:]

    assert [number for number, _, _, _ in found[:slices]] == list(range(slices))
    gaps = [later - earlier for (_, earlier, _, _), (_, later, _, _) in pairwise(found)]
    assert gaps == pytest.approx([INTERVAL / slices] * len(gaps))


@pytest.mark.parametrize("slices", [1, 2, 3, 10])
@pytest.mark.parametrize("took", [0.0, 1.0, 60.0])
def test_no_figure_is_older_than_an_interval_and_its_own_poll(slices: int, took: float) -> None:
    found = polls(slices, 5 * INTERVAL, took=took)

    for number in range(slices):
        one = [(began, ended) for slice_, began, ended, _ in found if slice_ == number]
        for (began, _), (again, ended) in pairwise(one):
            assert ended - began <= INTERVAL + (ended - again) + 1e-6


def test_one_slice_that_always_fails_starves_no_other() -> None:
    found = polls(3, 20 * INTERVAL, lambda number, _: ServerFailed("") if number == 0 else None, took=1.0)

    for number in (1, 2):
        assert max(later - earlier for earlier, later in pairwise(starts(found, number))) < 1.5 * INTERVAL
        assert len(starts(found, number)) >= 15
    assert len(starts(found, 0)) >= 15


def test_one_slice_that_is_refused_for_good_starves_no_other() -> None:
    found = polls(3, 40 * INTERVAL, lambda number, _: Forbidden("") if number == 0 else None, took=1.0)

    for number in (1, 2):
        assert max(later - earlier for earlier, later in pairwise(starts(found, number))) < 4 * INTERVAL
        assert len(starts(found, number)) >= 10


@pytest.mark.parametrize("error", [ServerFailed(""), Forbidden(""), ServerFailed("", retry_after=900.0)])
@pytest.mark.parametrize("slices", [2, 10, 50])
def test_a_vendor_that_fails_is_not_asked_more_often_because_there_are_slices(slices: int, error: PollError) -> None:
    one, several = (polls(number, 6 * INTERVAL, lambda _, __: error) for number in (1, slices))

    assert len(several) <= len(one)
    assert several[0][0] != several[1][0]  # another slice may work


def test_a_vendor_that_works_again_is_asked_for_all_slices_soon() -> None:
    found = polls(5, 4 * INTERVAL, lambda _, at: ServerFailed("") if INTERVAL < at < 2 * INTERVAL else None, took=1.0)

    good = {number for number, began, _, works in found if works and began > 2 * INTERVAL}
    assert good == set(range(5))
    assert min(began for _, began, _, works in found if works and began > 2 * INTERVAL) < 3 * INTERVAL


def test_the_wait_that_a_vendor_asks_for_is_the_whole_accounts() -> None:
    error = ServerFailed("", retry_after=1800.0)
    found = polls(4, 2 * INTERVAL, lambda number, at: error if (number, at) == (0, 0.0) else None, took=1.0)

    assert [number for number, _, _, _ in found[:5]] == [0, 1, 2, 3, 0]
    assert [began for _, began, _, _ in found[:5]] == [0.0, *(1801.0 + one for one in range(4))]
