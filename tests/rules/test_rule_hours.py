"""What a person on call is told, and what not: courses of quotas, over hours."""

from pathlib import Path

import pytest
from rule_cases import together
from rule_courses import Course, Quota, always, cases, never
from rule_runs import hold_in_prometheus, hold_in_vmalert

BOTH = "UsageQuotaHigh warning", "UsageQuotaHigh critical"
SOON, END = 1 / 12, 6 + 1 / 12


def high(begin: float, over: float) -> dict[str, tuple[float, float]]:
    """Both, which go on after it is over until the evaluation in which they have done so for long enough."""
    return {"UsageQuotaHigh warning": (begin, over + 2 / 12), "UsageQuotaHigh critical": (begin, over + 3 / 12)}


HOURS = {
    "a level reaches its limit, and some is given back": Course(
        quotas=(
            Quota(
                used=lambda hour: 700 if hour < 1 else 960 if hour < 2 else 1000 if hour < 4 else 500,
                begins=never,
                ends=never,
            ),
        ),
        hours=6,
        told={
            **high(1 + SOON, over=4),
            "UsageQuotaExhausted critical": (2, 4.25),
        },
    ),
    # What was 96 % is 96 % at least. That nobody looks is told apart.
    "the last look says 96 %, and polls fail": Course(
        quotas=(Quota(used=always(960), polls=lambda hour: not 1 <= hour < 5),),
        hours=6,
        told={**dict.fromkeys(BOTH, (SOON, END)), "UsagePollStale warning": (1 + 4 / 12, 5)},
    ),
    "polls fail from 96 % on": Course(
        quotas=(Quota(used=lambda hour: 700 if hour < 0.9 else 960, polls=lambda hour: hour < 1),),
        hours=6,
        told={**dict.fromkeys(BOTH, (1, END)), "UsagePollStale warning": (1 + 4 / 12, END)},
    ),
    "the period ends while polls fail": Course(
        quotas=(
            Quota(
                used=lambda hour: 960 if hour < 3 else 10,
                ends=lambda hour: 3 if hour < 3 else 340,
                polls=lambda hour: not 1 <= hour < 5,
            ),
        ),
        hours=6,
        told={**high(SOON, over=3), "UsagePollStale warning": (1 + 4 / 12, 5)},
    ),
    "the exporter is down, and comes back": Course(
        quotas=(Quota(used=always(960), scraped=lambda hour: not 1 <= hour < 4),),
        hours=6,
        told={
            **dict.fromkeys(BOTH, (SOON, END)),
            "UsageExporterDown critical": (1 + SOON, 4),
            "UsageExporterAbsent critical": (1.25, 4),
        },
    ),
    "a figure is corrected": Course(
        quotas=(Quota(used=lambda hour: 1040 if hour < 2 else 600),),
        hours=6,
        told={"UsageQuotaExhausted critical": (0, 2.25), **high(SOON, over=2)},
    ),
    "a limit is lowered": Course(
        quotas=(Quota(used=always(480), limit=lambda hour: 1000 if hour < 2 else 500),),
        hours=6,
        told=dict.fromkeys(BOTH, (2 + SOON, END)),
    ),
    # Seven hundred is much of this one, and so it stays while nobody sees it; nine hundred is little of another.
    "a quota with thresholds of its own": Course(
        quotas=(
            Quota(
                used=lambda hour: 690 if hour < 1 or hour >= 5 else 720 if hour < 4 else 860,
                begins=always(None),
                ends=always(None),
                warn_at=0.7,
                critical_at=0.85,
                polls=lambda hour: not 2 <= hour < 3.5,
            ),
            Quota(used=always(900), account="late", warn_at=0.92),
            Quota(used=always(900), account="sooner", critical_at=0.9),
        ),
        hours=6,
        told={
            "UsageQuotaHigh warning": (1 + SOON, END),
            "UsageQuotaHigh critical": (4 + SOON, 5.25),
            "UsagePollStale warning": (2 + 4 / 12, 3.5),
            **{f"{alert} sooner": (SOON, END) for alert in BOTH},
        },
    ),
    "a plan is upgraded": Course(
        quotas=(Quota(used=always(980), limit=lambda hour: 1000 if hour < 2 else 5000),),
        hours=6,
        told=high(SOON, over=2),
    ),
    "a plan is renewed under another number": Course(
        quotas=(
            Quota(used=lambda hour: 980 if hour < 2 else None),
            Quota(used=lambda hour: None if hour < 2 else 5, subject="48212"),
        ),
        hours=6,
        told=high(SOON, over=2),
    ),
    "an account is renamed": Course(
        quotas=(
            Quota(used=always(980), there=lambda hour: hour < 2),
            Quota(used=always(980), account="renamed", there=lambda hour: hour >= 2),
        ),
        hours=6,
        told={
            **high(SOON, over=2),
            **{f"{alert} renamed": (2 + SOON, END) for alert in BOTH},
        },
    ),
    # A share that moves about where an alert begins is one alert.
    "seats that come and go about 80 %": Course(
        quotas=(
            Quota(
                used=lambda hour: 80 if int(hour * 4) % 4 else 79,
                limit=always(100),
                begins=always(None),
                ends=always(None),
            ),
        ),
        hours=6,
        told={"UsageQuotaHigh warning": (4 / 12, END)},
    ),
    "use that leaps": Course(
        quotas=(
            Quota(used=lambda hour: 20 + 150 * max(0, hour - 2), limit=lambda hour: 1000 if hour < 4.5 else 90000),
        ),
        hours=6,
        told={
            "UsageQuotaBurnFast critical": (3.5, 4.5 + 2 / 12),
            "UsageQuotaBurnFast warning": (3 + SOON, 4.5 + 2 / 12),
        },
    ),
    "one step of a third": Course(quotas=(Quota(used=lambda hour: 300 if hour < 2 else 630),), hours=6),
    "a limit of nothing is used": Course(
        quotas=(Quota(used=lambda hour: 3 if 1 <= hour < 4 else 0, limit=always(0)),),
        hours=6,
        told={"UsageQuotaNotAllowed critical": (1, 4.25)},
    ),
    "an exporter that ends before its first poll does": Course(
        quotas=(Quota(used=always(0), polls=lambda hour: hour >= 4, started=lambda hour: int(min(hour, 3) * 6) / 6),),
        hours=6,
        told={
            "UsageNoReading critical": (0.75, 4),
            "UsageExporterRestarting warning": (1, 3 + 4 / 12),
            "UsagePollStale warning": (3 + 5 / 12, 4),
        },
    ),
}

# Scrapes as far apart as is usual for figures that are slow.
SLOWLY = {
    "96 %": Course(
        quotas=(Quota(used=always(960)),),
        hours=3,
        told={"UsageQuotaHigh critical": (0.05, 3.05), "UsageQuotaHigh warning": (0.1, 3.05)},
    ),
    "a figure is corrected": Course(
        quotas=(Quota(used=lambda hour: 960 if hour < 1 else 600),),
        hours=3,
        told={"UsageQuotaHigh critical": (0.05, 1.25), "UsageQuotaHigh warning": (0.1, 1.15)},
    ),
    "the exporter is down": Course(
        quotas=(Quota(used=always(500), scraped=lambda hour: hour < 1),),
        hours=3,
        told={"UsageExporterDown critical": (1.15, 3.05), "UsageExporterAbsent critical": (1.25, 3.05)},
    ),
}

CASES = {
    "hours": cases(HOURS, minutes=5),
    "slowly": cases(SLOWLY, minutes=3, scrapes=9),
}


@pytest.mark.parametrize("name", CASES)
def test_in_prometheus_a_person_on_call_is_told_this(name: str, generation: str, tmp_path: Path) -> None:
    hold_in_prometheus(together(CASES[name]), generation, tmp_path)


@pytest.mark.live
@pytest.mark.parametrize("name", CASES)
def test_in_vmalert_a_person_on_call_is_told_this(name: str, tmp_path: Path) -> None:
    hold_in_vmalert(together(CASES[name]), tmp_path)
