"""Courses of a quota that a person on call meets, as tests for promtool and vmalert-tool: what happens, who is told."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rule_documents import rule_groups

from exporter.rules.options import Options
from exporter.rules.thresholds import Thresholds

HOUR: Final = 3600

OfTime = Callable[[float], float | None]
"""A value by the hours since the course began; None where there is none."""


def always(value: float | None) -> OfTime:
    """What never changes."""
    return lambda _: value


def never(_: float) -> None:
    """When a period of a quota begins or ends that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A quota of an exporter's account, as it is scraped.

    Attributes:
        used: what is used.
        limit: what is allowed.
        begins: the hour at which its period begins; None where that is not known.
        ends: the hour at which its period ends; None where it has none.
        account: whose it is.
        subject: of what.
        name: what that is called; empty where that is not known.
        instance: who shows it.
        scraped: whether a scrape works; without, the exporter is down; None where Prometheus knows of none.
        started: the hour at which the exporter was last started.
        there: whether the exporter has the account.
        warn_at: the share from which it warns, where that is set for it.
        critical_at: the share from which it is critical, likewise.
        cluster: the label of the same name that Prometheus gives what it scrapes there; empty for none.
        polls: whether polls work; the figures are withdrawn an hour after the last that did, which is eight hours
            before at most.

    """

    used: OfTime
    limit: OfTime = lambda _: 1000
    begins: OfTime = lambda _: 0
    ends: OfTime = lambda _: 336
    account: str = "main"
    subject: str = "48211"
    name: Callable[[float], str] = lambda _: ""
    instance: str = "localhost:10924"
    scraped: Callable[[float], bool | None] = lambda _: True
    started: Callable[[float], float] = lambda _: 0
    there: Callable[[float], bool] = lambda _: True
    polls: Callable[[float], bool] = lambda _: True
    cluster: str = ""
    warn_at: float | None = None
    critical_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happens, and what a person on call hears of it.

    Attributes:
        quotas: how they go.
        hours: how long it takes.
        told: the alerts, by name and severity (and account, unless it is main), and from which hour until which each
            fires; one that ends after the course fires until then.

    """

    quotas: tuple[Quota, ...]
    hours: float
    told: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def cases(
    courses: Mapping[str, Course], minutes: int, scrapes: int = 0, alerts: str = "Usage.+", **thresholds: Any
) -> list[dict[str, Any]]:
    """The courses as documents for the tools, with rules evaluated each so many minutes and a scrape every so often.

    `alerts` is a pattern for the names of those that are looked at; `thresholds` are other than the usual ones.
    """
    return cases_with(Options(thresholds=Thresholds(**thresholds)), courses, minutes, scrapes, alerts)


def cases_with(
    options: Options, courses: Mapping[str, Course], minutes: int, scrapes: int = 0, alerts: str = "Usage.+"
) -> list[dict[str, Any]]:
    """The same with rules that are rendered in another way."""
    groups = rule_groups(options)
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if "record" in rule or re.fullmatch(alerts, rule["alert"])]
    return [
        {
            "rule_files": groups,
            "all_rules": groups,
            "evaluation_interval": f"{minutes}m",
            "tests": [_test(name, course, minutes, scrapes or minutes)],
        }
        for name, course in courses.items()
    ]


def _test(name: str, course: Course, minutes: int, scrapes: int) -> dict[str, Any]:
    series: dict[str, list[str]] = {}
    times = [number * minutes / 60 for number in range(round(course.hours * 60 / minutes) + 1)]
    for number, hour in enumerate(times):
        if number * minutes % scrapes:
            continue
        for quota in course.quotas:
            for found, value in _scrape(quota, hour).items():
                values = series.setdefault(found, ["_"] * len(times))
                values[number] = f"{value:.10g}"
    # A series that a good scrape lacks ends there.
    for values in series.values():
        for number in range(scrapes // minutes, len(times), scrapes // minutes):
            if values[number] == "_" and values[number - scrapes // minutes] not in ("_", "stale"):
                values[number] = "stale"
    return {
        "name": name,
        "interval": f"{minutes}m",
        "input_series": [{"series": found, "values": " ".join(values)} for found, values in series.items()],
        "promql_expr_test": list(_expected(course, minutes)),
    }


def _scrape(quota: Quota, hour: float) -> dict[str, float]:
    """What Prometheus finds at the exporter, or that it is down."""
    cluster = f'cluster="{quota.cluster}", ' if quota.cluster else ""
    of = f'{cluster}job="usage-exporter", instance="{quota.instance}"'
    scraped, started = quota.scraped(hour), quota.started(hour) * HOUR
    if not scraped:
        return {} if scraped is None else {f"up{{{of}}}": 0}
    found: dict[str, float] = {
        f"up{{{of}}}": 1,
        f"usage_exporter_config_last_reload_success_timestamp_seconds{{{of}}}": started,
        f"process_start_time_seconds{{{of}}}": started,
    }
    if not quota.there(hour):
        return found
    account = f'{of}, vendor="netnut", account="{quota.account}"'
    success = next((hour - back / 60 for back in range(0, 481, 5) if quota.polls(hour - back / 60)), None)
    shown = success is not None and hour - success <= 1
    found |= {
        f"usage_exporter_account_up{{{account}}}": float(quota.polls(hour)),
        f"usage_exporter_poll_interval_seconds{{{account}}}": 300,
        f"usage_exporter_account_series{{{account}}}": 5.0 * shown,
    }
    if success is None:
        return found
    found[f"usage_exporter_poll_last_success_timestamp_seconds{{{account}}}"] = success * HOUR
    values = {
        "used": quota.used(success),
        "limit": quota.limit(success),
        "period_start_timestamp_seconds": _at(quota.begins(success)),
        "period_end_timestamp_seconds": _at(quota.ends(success)),
    }
    if shown and values["used"] is not None:
        of_quota = f'{account}, quota="traffic", subject="{quota.subject}", unit="GB"'
        found |= {f"usage_quota_{name}{{{of_quota}}}": value for name, value in values.items() if value is not None}
        if name := quota.name(success):
            found[f'usage_quota_subject_info{{{of_quota}, name="{name}"}}'] = 1
        for severity, share in (("warning", quota.warn_at), ("critical", quota.critical_at)):
            if share is not None:
                found[f'usage_exporter_quota_threshold_ratio{{{of_quota}, severity="{severity}"}}'] = share
    return found


def _at(hour: float | None) -> float | None:
    return None if hour is None else hour * HOUR


def _expected(course: Course, minutes: int) -> Any:
    """At the end, how long each alert fired; and when one began or ended, which did."""
    by = "by (alertname, severity, account)"

    def samples(values: Mapping[str, float]) -> list[dict[str, Any]]:
        return [{"labels": _labels(name), "value": value} for name, value in values.items()]

    counts = {name: round((end - begin) * 60 / minutes) for name, (begin, end) in course.told.items()}
    yield {
        "eval_time": f"{round(course.hours * 60)}m",
        "expr": f'sum {by} (count_over_time(ALERTS{{alertstate="firing", severity!="info"}}[100d]))',
        "exp_samples": samples(counts),
    }
    for moment in sorted({moment for times in course.told.values() for moment in times if moment <= course.hours}):
        firing = {name: 1.0 for name, (begin, end) in course.told.items() if begin <= moment < end}
        yield {
            "eval_time": f"{round(moment * 60)}m",
            "expr": f'count {by} (ALERTS{{alertstate="firing", severity!="info"}})',
            "exp_samples": samples(firing),
        }


def _labels(name: str) -> str:
    """The labels of an alert that is told as name and severity, and as account where that is not main."""
    alert, severity, account = (*name.split(), "main")[:3]
    of_account = "" if alert.startswith("UsageExporter") else f', account="{account}"'
    return f'{{alertname="{alert}", severity="{severity}"{of_account}}}'
