"""What a person on call is told, and what not: whole courses of quotas, over weeks and over hours."""

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rule_cases import for_vmalert, together, write
from rule_courses import Course, Quota, Words, cases, cases_with, spoken
from servers import NEWEST, run_tool

from exporter.rules.options import Options

FORTNIGHT, WEEK, DAY = 336, 168, 24


def always(value: float | None) -> Callable[[float], float | None]:
    return lambda _: value


def never(_: float) -> None:
    """When a period of a quota begins or ends that has none."""


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
    # Two hours between evaluations are half the time; a figure is seen to move twice in six hours then.
    "weeks": cases(WEEKS, minutes=120, alerts="UsageQuota.+|UsageSpike", burn_moves=2),
    "hours": cases(HOURS, minutes=5),
    "slowly": cases(SLOWLY, minutes=3, scrapes=9),
}


@pytest.mark.parametrize("name", CASES)
def test_in_prometheus_a_person_on_call_is_told_this(name: str, generation: str, tmp_path: Path) -> None:
    done = run_tool("promtool", generation, "test", "rules", *write(together(CASES[name]), tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.live
@pytest.mark.parametrize("name", CASES)
def test_in_vmalert_a_person_on_call_is_told_this(name: str, tmp_path: Path) -> None:
    for file in write([for_vmalert(case) for case in together(CASES[name])], tmp_path):
        done = run_tool("vmalert-tool", NEWEST, "unittest", f"--files={file}")
        assert done.returncode == 0, done.stdout + done.stderr


def cluster(name: str, used: float) -> Quota:
    return Quota(used=always(used), cluster=name, begins=always(None), ends=always(None))


def in_two_clusters() -> dict[str, Any]:
    """One account at the exporters of two clusters that are the same in all else, and what is told of each."""
    quotas = (cluster("east", 970), cluster("west", 97))
    (case,) = cases_with(Options(keep_labels=("cluster",)), {"two": Course(quotas=quotas, hours=1)}, minutes=5)
    of = 'account="main", job="usage-exporter", quota="traffic", subject="48211", unit="GB", vendor="netnut"'
    alert = f'alertname="UsageQuotaHigh", alertstate="firing", cluster="east", {of}'
    case["tests"][0]["promql_expr_test"] = [
        {
            "eval_time": "1h",
            "expr": "max by (cluster) (usage:quota_last:ratio)",
            "exp_samples": [
                {"labels": '{cluster="east"}', "value": 0.97},
                {"labels": '{cluster="west"}', "value": 0.097},
            ],
        },
        {
            "eval_time": "1h",
            "expr": 'max without (alertgroup) (ALERTS{alertstate="firing"})',
            "exp_samples": [
                {"labels": f'{{{alert}, severity="{severity}"}}', "value": 1} for severity in ("warning", "critical")
            ],
        },
    ]
    return case


def test_in_prometheus_two_clusters_are_kept_apart(generation: str, tmp_path: Path) -> None:
    done = run_tool("promtool", generation, "test", "rules", *write([in_two_clusters()], tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.live
def test_in_vmalert_two_clusters_are_kept_apart(tmp_path: Path) -> None:
    (file,) = write([for_vmalert(in_two_clusters())], tmp_path)
    done = run_tool("vmalert-tool", NEWEST, "unittest", f"--files={file}")

    assert done.returncode == 0, done.stdout + done.stderr


WORDS = {
    "used up, with days to go": Words(
        course=Course(quotas=(Quota(used=always(1042.54)),), hours=0.5),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: traffic of 48211: 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h",
        description="netnut/main: traffic of 48211: 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h. The"
        " vendor may"
        " refuse, or charge for, what is used from now on.",
    ),
    "used up, with hours to go": Words(
        course=Course(quotas=(Quota(used=always(1234567), limit=always(1200000), ends=always(5.75)),), hours=0.5),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: resets in 5h 15m: traffic of 48211: 1,234,567 of 1,200,000 GB used (102.9%)",
        description="netnut/main: resets in 5h 15m: traffic of 48211: 1,234,567 of 1,200,000 GB used (102.9%). The"
        " vendor may refuse, or charge for, what is used from now on.",
    ),
    "out of sight for hours": Words(
        course=Course(quotas=(Quota(used=always(850), polls=lambda hour: hour < 0.5),), hours=2),
        alert="UsageQuotaHigh",
        severity="warning",
        summary="netnut/main: traffic of 48211: 850 of 1,000 GB used (85%), resets in 13d 22h",
        description="netnut/main: traffic of 48211: 850 of 1,000 GB used (85%), resets in 13d 22h. The figure is 1h 35m"
        " old: the account is out of sight.",
    ),
    "of what has a name": Words(
        course=Course(quotas=(Quota(used=always(1042.54), name=lambda _: "{{ .Shop }} & Söhne"),), hours=0.5),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: traffic of 48211 ({{ .Shop }} & Söhne): 1,042.5 of 1,000 GB used (104.3%), resets in 13d"
        " 23h",
        description="netnut/main: traffic of 48211 ({{ .Shop }} & Söhne): 1,042.5 of 1,000 GB used (104.3%), resets in"
        " 13d 23h. The vendor may refuse, or charge for, what is used from now on.",
    ),
    "of what was renamed a moment ago, beside two others": Words(
        course=Course(
            quotas=(
                Quota(used=always(1042.54), name=lambda hour: "Young" if hour < 0.4 else "Old"),
                Quota(used=always(10), subject="48212", name=lambda _: "Old"),
                Quota(used=always(10), subject="48213", name=lambda _: "Young"),
            ),
            hours=0.5,
        ),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: traffic of 48211 (Old): 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h",
        description="netnut/main: traffic of 48211 (Old): 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h. The"
        " vendor may refuse, or charge for, what is used from now on.",
    ),
    "of what has a name and is out of sight": Words(
        course=Course(quotas=(Quota(used=always(850), name=lambda _: "Shop", polls=lambda hour: hour < 0.5),), hours=2),
        alert="UsageQuotaHigh",
        severity="warning",
        summary="netnut/main: traffic of 48211 (Shop): 850 of 1,000 GB used (85%), resets in 13d 22h",
        description="netnut/main: traffic of 48211 (Shop): 850 of 1,000 GB used (85%), resets in 13d 22h. The figure is"
        " 1h 35m old: the account is out of sight.",
    ),
    "about to be used up": Words(
        course=Course(quotas=(Quota(used=lambda hour: 955 + hour, begins=always(-240), ends=always(480)),), hours=1),
        alert="UsageQuotaWillRunOut",
        severity="warning",
        summary="netnut/main: traffic of 48211: 956 of 1,000 GB used (95.6%), resets in 19d 23h, and will"
        " not last its period",
        description="netnut/main: traffic of 48211: 956 of 1,000 GB used (95.6%), resets in 19d 23h. At the"
        " period's end it would be at 285.6%. At the present pace it will be used up in 11h 5m.",
    ),
    "far too fast": Words(
        course=Course(quotas=(Quota(used=lambda hour: 20 + 160 * hour),), hours=2),
        alert="UsageQuotaBurnFast",
        severity="critical",
        summary="netnut/main: traffic of 48211: 340 of 1,000 GB used (34%), resets in 13d 22h, used far"
        " faster than usual",
        description="netnut/main: traffic of 48211: 340 of 1,000 GB used (34%), resets in 13d 22h. At the pace of the"
        " last six hours the rest will be gone in 11h 38m.",
    ),
    "nothing is allowed": Words(
        course=Course(quotas=(Quota(used=always(3), limit=always(0)),), hours=0.5),
        alert="UsageQuotaNotAllowed",
        severity="critical",
        summary="netnut/main: traffic of 48211: 3 GB used, but none is allowed, resets in 13d 23h",
        description="The limit of netnut/main: traffic of 48211 is 0, and it is used. The vendor may refuse, or charge"
        " for, all of it; or a plan lacks what it should have.",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_in_prometheus_an_alert_says(name: str, generation: str, tmp_path: Path) -> None:
    done = run_tool("promtool", generation, "test", "rules", *write([spoken(name, WORDS[name])], tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.live
def test_in_vmalert_alerts_say_the_same(tmp_path: Path) -> None:
    for file in write([for_vmalert(spoken(name, words)) for name, words in WORDS.items()], tmp_path):
        done = run_tool("vmalert-tool", NEWEST, "unittest", f"--files={file}")
        assert done.returncode == 0, done.stdout + done.stderr
