"""What is believed of NetNut's traffic by date."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from exporter.vendors.netnut.history import Day, daily
from exporter.vendors.netnut.replies import Plan

FIRST, SECOND, THIRD = (date(2026, 11, day) for day in (3, 4, 5))


def plan(gb: float | None, requests: float | None = 60.0) -> Plan:
    start, end = datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 6, tzinfo=UTC)
    return Plan.model_construct(start_date=start, end_date=end, total_gb_used=gb, total_requests_used=requests)


def days(*traffic: float) -> Mapping[date, Day]:
    """Three days of a plan, and one before and one after."""
    others = {date(2026, 11, 2): Day(99, 99), date(2026, 11, 6): Day(99, 99)}
    return {**others, **{day: Day(one, 20) for day, one in zip((FIRST, SECOND, THIRD), traffic, strict=False)}}


@pytest.mark.parametrize(
    ("total", "traffic", "sums"),
    [
        (6.0, (1, 2, 3), [1, 3, 6]),
        (6.0, (1e9, 2e9, 3e9), [1, 3, 6]),
        (6.0, (2**30, 2 * 2**30, 3 * 2**30), [1, 3, 6]),
        (6.0, (1000, 2000, 3000), [1, 3, 6]),
        (6.05, (1, 2, 3), [1, 3, 6]),
        (3.0, (1, 2), [1, 3]),
        (0.0, (0, 0, 0), [0, 0, 0]),
        (6.2, (1, 2, 3), None),
        (12.0, (1, 2, 3), None),
        (6.0, (), None),
        (None, (1, 2, 3), None),
    ],
)
def test_days_are_believed_that_come_to_the_plans_total(
    total: float | None, traffic: tuple[float, ...], sums: list[float] | None
) -> None:
    found, doubts = daily(plan(total, requests=None), days(*traffic))

    assert (list(found.gb.values()) if found.gb is not None else None) == (sums and pytest.approx(sums))
    assert bool(doubts) == (sums is None and bool(total))


@pytest.mark.parametrize(
    ("gb", "requests", "doubts"),
    [
        (6.0, 60.0, []),
        (12.0, 60.0, ["traffic by date adds up to 6, and its total is 12 GB: not shown by day"]),
        (6.0, 90.0, ["requests by date add up to 60, and their total is 90: not shown by day"]),
        (6.0, None, []),
    ],
)
def test_a_doubt_names_both_numbers(gb: float, requests: float | None, doubts: list[str]) -> None:
    assert daily(plan(gb, requests), days(1, 2, 3))[1] == doubts


@pytest.mark.parametrize(("requests", "sums"), [(60.0, [20, 40, 60]), (61.0, None)])
def test_requests_are_believed_by_themselves(requests: float, sums: list[float] | None) -> None:
    found, _ = daily(plan(6.0, requests), days(1, 2, 3))

    assert (list(found.requests.values()) if found.requests is not None else None) == sums
