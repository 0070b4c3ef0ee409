"""Clusters whose exporters are the same in all else are kept apart."""

from pathlib import Path
from typing import Any

import pytest
from rule_courses import Course, Quota, always, cases_with
from rule_runs import hold_in_prometheus, hold_in_vmalert

from exporter.rules.options import Options


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
    hold_in_prometheus([in_two_clusters()], generation, tmp_path)


@pytest.mark.live
def test_in_vmalert_two_clusters_are_kept_apart(tmp_path: Path) -> None:
    hold_in_vmalert([in_two_clusters()], tmp_path)
