"""What a person on call is told, and what not: whole courses of quotas, over weeks."""

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from rule_cases import together
from rule_courses import Course, Quota, cases, never
from rule_runs import hold_in_prometheus, hold_in_vmalert

FORTNIGHT, WEEK, DAY = 336, 168, 24


def evenly(at_the_end: float) -> Callable[[float], float]:
    """Day and night."""
    return lambda hour: at_the_end * (hour % FORTNIGHT) / FORTNIGHT


def working(share: Callable[[float], bool], at_the_end: float) -> Callable[[float], float]:
    """Only in some hours of a week, which begins with a Monday."""
    hours = [share(hour) for hour in range(FORTNIGHT)]

    def used(hour: float) -> float:
        whole = int(hour % FORTNIGHT)
        return at_the_end * (sum(hours[:whole]) + hours[whole] * (hour % 1)) / sum(hours)

    return used


def office(hour: float) -> bool:
    return hour % WEEK < 5 * DAY and 9 <= hour % DAY < 17


def weekdays(hour: float) -> bool:
    return hour % WEEK < 5 * DAY


def booked(at_the_end: float) -> Callable[[float], float]:
    """Once a day, at three in the morning, for the day before."""
    return lambda hour: at_the_end * max(0, (hour + 21) // DAY) / 14


def provisioned(hour: float) -> float:
    """What an autoscaler has: more by day, given back by night; after eight days far more within hours, for good."""
    by_day = 200 + 300 * max(0.0, math.sin(2 * math.pi * hour / 24))
    return by_day if hour < 200 else min(700, 200 + 60 * (hour - 200))


def with_a_burst(hour: float) -> float:
    """20 a day, and once 200 in a day."""
    return hour * 20 / DAY + 180 * min(max((hour - 9 * DAY) / DAY, 0), 1)


def released(used: Callable[[float], float]) -> tuple[Quota, ...]:
    """By one exporter after the other, each of another name."""
    days = (0, 3, 5, 9, 14)

    def serves(begin: int, end: int) -> Callable[[float], bool | None]:
        return lambda hour: True if begin * DAY <= hour < end * DAY else None

    return tuple(
        Quota(used=used, instance=f"pod-{number}:10924", scraped=serves(begin, end))
        for number, (begin, end) in enumerate(pairwise(days))
    )


WEEKS = {
    "a plan that ends at 79 % is used evenly": Course(quotas=(Quota(used=evenly(790)),), hours=334),
    "it is used from nine to five on working days": Course(quotas=(Quota(used=working(office, 790)),), hours=334),
    "it is not used on weekends": Course(quotas=(Quota(used=working(weekdays, 790)),), hours=334),
    "it is booked once a day": Course(quotas=(Quota(used=booked(790)),), hours=334),
    "it is polled by one exporter after the other": Course(quotas=released(evenly(790)), hours=334),
    # Less than a tenth of it is left with a day to go: those who buy hear of it, and nobody is woken.
    "a plan that ends at 97 %": Course(
        quotas=(Quota(used=evenly(970)),), hours=334, told={"UsageQuotaHigh warning": (280, 336)}
    ),
    # One warning, from the half on, that stays until it is so.
    "a plan that ends three days early": Course(
        quotas=(Quota(used=evenly(1304)),),
        hours=334,
        told={
            "UsageQuotaWillRunOut warning": (132, 260),
            "UsageQuotaHigh warning": (210, 336),
            "UsageQuotaWillRunOut critical": (236, 260),
            "UsageQuotaHigh critical": (248, 336),
            "UsageQuotaExhausted critical": (258, 336),
        },
    ),
    "a plan that ends three days early, from nine to five": Course(
        quotas=(Quota(used=working(office, 1304)),),
        hours=334,
        told={
            "UsageQuotaWillRunOut warning": (90, 234),
            "UsageQuotaHigh warning": (206, 336),
            "UsageQuotaWillRunOut critical": (212, 234),
            "UsageQuotaHigh critical": (230, 336),
            "UsageQuotaExhausted critical": (232, 336),
        },
    ),
    "a day of ten times the use": Course(
        quotas=(Quota(used=with_a_burst),), hours=334, told={"UsageSpike warning": (230, 256)}
    ),
    # It has neither a period nor a counter, so there is no pace: what grows now need not grow on.
    "a level goes up and down": Course(quotas=(Quota(used=provisioned, begins=never, ends=never),), hours=334),
}

# Two hours between evaluations are half the time; a figure is seen to move twice in six hours then.
CASES = cases(WEEKS, minutes=120, alerts="UsageQuota.+|UsageSpike", burn_moves=2)


def test_in_prometheus_a_person_on_call_is_told_this(generation: str, tmp_path: Path) -> None:
    hold_in_prometheus(together(CASES), generation, tmp_path)


@pytest.mark.live
def test_in_vmalert_a_person_on_call_is_told_this(tmp_path: Path) -> None:
    hold_in_vmalert(together(CASES), tmp_path)
