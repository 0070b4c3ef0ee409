"""A correction downwards, as the exporter counts it and as Prometheus then reads it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from quota_samples import Watched, plan, read_account
from servers import run_tool

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONTH = (1000, 1006, 1012, 1018, 1024, 1030, 1025, 1028, 1032, 1037, 1041, 1046, 1050)
"""What is used, read every five minutes of an hour, in GB: 5 of them are taken back at half past."""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def counted() -> list[float]:
    """The exporter's counter after each of these readings."""
    quotas, totals = Watched(read_account("netnut")), []
    for number, used in enumerate(MONTH):
        quotas.read(0, plan(used), NOW + timedelta(minutes=5 * number))
        (total,) = [one.value for one in quotas.samples if one.family.name == "usage_quota_consumed_total"]
        totals.append(total)
    return totals


def promtool_says(generation: str, folder: Path, expected: dict[str, float]) -> None:
    """Have promtool hold expressions after the hour to their values."""
    series = {"usage_quota_used": MONTH, "usage_quota_consumed_total": counted()}
    tests = {
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": [
                    {"series": name, "values": " ".join(map(str, values))} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {"expr": expression, "eval_time": "60m", "exp_samples": [{"labels": "{}", "value": value}]}
                    for expression, value in expected.items()
                ],
            }
        ],
    }
    (folder / "tests.yml").write_text(json.dumps(tests))
    done = run_tool("promtool", generation, "test", "rules", folder / "tests.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_counter_shows_the_net_use_where_the_gauge_would_show_a_whole_month(
    generation: str, tmp_path: Path
) -> None:
    # A millisecond more than the hour, or Prometheus 3 would leave out its first sample.
    net = MONTH[-1] - MONTH[0]

    promtool_says(
        generation,
        tmp_path,
        {
            "round(increase(usage_quota_consumed_total[1h1ms]))": net,
            "round(increase(usage_quota_used[1h1ms]))": net + max(MONTH[:6]),
        },
    )
