"""What an alert says at the end of a course, as a test for promtool and vmalert-tool."""

from dataclasses import dataclass
from typing import Any

from rule_cases import needed
from rule_courses import Course, cases

from exporter.rules.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What an alert says at the end of a course."""

    course: Course
    alert: str
    severity: str
    summary: str
    description: str


def spoken(name: str, words: Words) -> dict[str, Any]:
    """What is said as a document for the tools, with rules evaluated each five minutes."""
    (case,) = cases({name: words.course}, minutes=5, alerts=words.alert)
    (test,) = case["tests"]
    for group in case["rule_files"]:
        group["rules"] = [
            one for one in group["rules"] if one.get("labels", {}).get("severity") in (None, words.severity)
        ]
    quota = words.course.quotas[0]
    labels = {"vendor": "netnut", "account": quota.account, "quota": "traffic", "subject": quota.subject, "unit": "GB"}
    board = "&".join(f"var-{label}={labels[label]}" for label in ("vendor", "account", "quota", "subject"))
    options = Options()
    expected = {
        "exp_labels": {**labels, "job": "usage-exporter", "severity": words.severity},
        "exp_annotations": {
            "summary": words.summary,
            "description": words.description,
            "runbook_url": f"{options.runbook_url}#{words.alert.lower()}",
            "dashboard_url": f"{options.grafana_url}/d/vu-quota?{board}",
        },
    }
    at = f"{round(words.course.hours * 60)}m"
    case["tests"] = [
        {
            **{key: test[key] for key in ("name", "interval", "input_series")},
            "alert_rule_test": [{"eval_time": at, "alertname": words.alert, "exp_alerts": [expected]}],
        }
    ]
    case["rule_files"] = needed(case["rule_files"], case["tests"][0])
    return case
