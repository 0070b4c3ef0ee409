from itertools import pairwise

import pytest
from sandbox_calls import DAY, HOUR, START, Clock

from exporter.sandbox import World

SUBJECTS = [f"a subject/{number}" for number in range(20)]
MONDAY = START - START % DAY - DAY


def world(seed: int = 1) -> World:
    return World(seed=seed, clock=Clock())


def hours(days: int) -> list[float]:
    return [START + hour * HOUR for hour in range(days * 24)]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_use_never_falls(subject: str) -> None:
    figures = [world().used(subject, START, at) for at in hours(days=60)]

    assert all(earlier < later for earlier, later in pairwise(figures))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_use_is_about_one_a_day(subject: str) -> None:
    assert world().used(subject, START, START + 364 * DAY) == pytest.approx(364, rel=0.01)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_spans_side_by_side_add_up(subject: str) -> None:
    whole = world().used(subject, START, START + 10 * DAY)
    parts = [world().used(subject, START + day * DAY, START + (day + 1) * DAY) for day in range(10)]

    assert sum(parts) == pytest.approx(whole)


def test_a_span_that_has_not_begun_holds_no_use() -> None:
    assert world().used("a subject", START, START - DAY) == 0
    assert world().billed("a subject", START, START - DAY) == 0


@pytest.mark.parametrize("subject", SUBJECTS)
def test_afternoons_are_busier_than_nights(subject: str) -> None:
    night = world().used(subject, MONDAY, MONDAY + 3 * HOUR)
    afternoon = world().used(subject, MONDAY + 12 * HOUR, MONDAY + 15 * HOUR)

    assert afternoon > 1.5 * night


@pytest.mark.parametrize("subject", SUBJECTS)
def test_weekends_are_weaker_over_a_year(subject: str) -> None:
    def year_of(weekday: int) -> float:
        starts = [MONDAY + (7 * week + weekday) * DAY for week in range(52)]
        return sum(world().used(subject, start, start + DAY) for start in starts)

    assert max(year_of(5), year_of(6)) < 0.8 * min(year_of(weekday) for weekday in range(5))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_billed_figure_falls_by_a_few_per_cent_about_once_a_fortnight(subject: str) -> None:
    figures = [world().billed(subject, START, at) for at in hours(days=56)]
    falls = [(earlier - later) / earlier for earlier, later in pairwise(figures) if later < earlier]

    assert 2 <= len(falls) <= 6
    assert max(falls) < 0.05
    assert min(figures) >= 0


def test_a_seed_repeats_and_another_seed_differs() -> None:
    at = START + 5 * DAY

    assert world(1).billed("a subject", START, at) == world(1).billed("a subject", START, at)
    assert world(1).billed("a subject", START, at) != world(2).billed("a subject", START, at)


@pytest.mark.parametrize("speed", [0.5, 1.0, 3600.0])
def test_the_worlds_time_starts_with_the_clock_and_runs_at_its_speed(speed: float) -> None:
    clock = Clock()
    fast = World(clock=clock, speed=speed)
    clock.at += 10

    assert fast.now() == START + 10 * speed
