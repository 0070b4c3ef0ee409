"""An alert that mutes others ends after them, though groups of rules are evaluated beside each other."""

import re
from pathlib import Path
from typing import Any

import pytest
from rule_courses import Course, Quota, cases
from rule_runs import hold_in_prometheus

MINUTES = 3
"""Between evaluations of the slow groups, and here of all."""
OVER = 2
"""The hour at which the plan is renewed, and so all is over."""


def _until(before: float, after: float) -> Any:
    return lambda hour: before if hour < OVER else after


PERIOD: Any = {"begins": _until(-240, OVER), "ends": _until(480, 1000)}
RUNNING_OUT = Quota(used=lambda hour: 955 + hour if hour < OVER else 5, **PERIOD)
USED_UP = Quota(used=lambda hour: 960 if hour < 1.5 else 1040 if hour < OVER else 5, **PERIOD)
LEAPING = Quota(used=lambda hour: 20 + 200 * hour if hour < OVER else 5, begins=_until(0, OVER), ends=_until(336, 1000))

# How a quota goes, an alert that mutes, and those that it mutes.
MUTES = {
    "used up, so high": (USED_UP, "UsageQuotaExhausted critical", "UsageQuotaHigh critical"),
    "used up, so a warning": (USED_UP, "UsageQuotaExhausted critical", "UsageQuota.+ warning"),
    "high, so a warning": (RUNNING_OUT, "UsageQuotaHigh critical", "UsageQuota.+ warning"),
    "running out, so a warning": (RUNNING_OUT, "UsageQuotaWillRunOut critical", "UsageQuota.+ warning"),
    "burnt, so a warning": (LEAPING, "UsageQuotaBurnFast critical", "UsageQuotaBurnFast warning"),
}
OF_PACES = "UsageQuotaWillRunOut critical", "UsageQuotaBurnFast critical"


def _is(alert: str, rule: dict[str, Any]) -> bool:
    name, severity = alert.split()
    return bool(re.fullmatch(name, rule["alert"])) and rule["labels"]["severity"] == severity


def _firing(alert: str) -> str:
    name, severity = alert.split()
    return f'ALERTS{{alertstate="firing", alertname=~"{name}", severity="{severity}"}}'


def _lagging(name: str) -> dict[str, Any]:
    """A case in which each rule that is muted sees everything as late as it may, and the one that mutes at once."""
    quota, source, muted = MUTES[name]
    (case,) = cases({name: Course(quotas=(quota,), hours=OVER + 0.5)}, MINUTES, alerts="UsageQuota.+")
    groups = {group["name"]: group for group in case["rule_files"]}
    alerts = [{**rule, "annotations": {}} for group in case["rule_files"] for rule in group["rules"] if "alert" in rule]
    records = ["usage-recording", "usage-days", "usage-pace"]
    if source not in OF_PACES:
        records.reverse()
    case["rule_files"] = [
        {"name": "muted", "rules": [rule for rule in alerts if _is(muted, rule)]},
        *(groups[name] for name in records),
        {"name": "mutes", "rules": [rule for rule in alerts if _is(source, rule)]},
    ]
    # Where the muting alert fires, or did within the hour, what it mutes fires only beside it.
    told = f"(max(0 * {_firing(muted)}) unless max({_firing(source)})) and max(last_over_time({_firing(source)}[1h]))"
    both = f"max(0 * {_firing(muted)}) and max({_firing(source)})"
    end = OVER * 60 + 30
    case["tests"][0]["promql_expr_test"] = [
        {"eval_time": f"{OVER * 60 - MINUTES}m", "expr": both, "exp_samples": [{"labels": "{}", "value": 0}]},
        # At each step, in one look.
        {"eval_time": f"{end}m", "expr": f"max_over_time(({told})[{end}m:{MINUTES}m])", "exp_samples": []},
    ]
    return case


@pytest.mark.parametrize("name", MUTES)
def test_what_is_muted_is_not_told_when_both_are_over(name: str, generation: str, tmp_path: Path) -> None:
    hold_in_prometheus([_lagging(name)], generation, tmp_path)
