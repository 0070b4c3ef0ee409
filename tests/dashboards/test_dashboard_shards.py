"""What dashboards show of exporters in shards, asked of promtool: the better replica, and the worse shard."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from dashboard_files import boards, filled, panels
from servers import run_tool

from grafana.source.promql import age, day_of_counter, up

EXPORTERS = {"a": ("0", "2"), "a2": ("0", "2"), "b": ("1", "2"), "silent": None, "silent2": None}
"""Two replicas of one shard, another shard, and two exporters that know of no shards."""

# How many polls have worked until now, or when polls began to fail, and the series that are shown.
SPLIT = {"a": ("0+60x60", 1, 5), "a2": ("0+60x30 1800x30", 0, 5), "b": ("0+60x20 1200x40", 0, 3)}
WHOLE = {"a": ("0+60x60", 1, 5), "a2": ("0+60x30 1800x30", 0, 5)}
OLD = {"silent": ("0+60x60", 1, 7), "silent2": ("0+60x30 1800x30", 0, 7)}
ACCOUNTS = {"split": SPLIT, "whole": WHOLE, "old": OLD}


def labels(instance: str, **others: str) -> str:
    both = {"job": "usage-exporter", "instance": instance, **others}
    return ", ".join(f'{name}="{value}"' for name, value in both.items())


def history() -> dict[str, str]:
    """An hour of what the exporters say, a minute apart."""
    series: dict[str, str] = {}
    for instance, shard in EXPORTERS.items():
        series[f"usage_exporter_config_last_reload_success_timestamp_seconds{{{labels(instance)}}}"] = "0x60"
        if shard:
            series[f"usage_exporter_shard_info{{{labels(instance, shard=shard[0], total=shard[1])}}}"] = "1x60"
    for account, parts in ACCOUNTS.items():
        for instance, (success, working, shown) in parts.items():
            of = labels(instance, vendor="prolifi", account=account)
            series[f"usage_exporter_poll_interval_seconds{{{of}}}"] = "60x60"
            series[f"usage_exporter_poll_last_success_timestamp_seconds{{{of}}}"] = success
            series[f"usage_exporter_account_up{{{of}}}"] = f"{working}x60"
            series[f"usage_exporter_account_series{{{of}}}"] = f"{shown}x60"
            series[f"usage_exporter_series_dropped{{{of}}}"] = f"{shown}x60"
    return series


def moved() -> dict[str, str]:
    """A quota of which 3,600 are used in an hour, at first at one shard and its replica, then at another."""
    parts = {"a": "0+60x29 stale", "a2": "0+60x29 stale", "b": "_x30 0+60x30"}
    began = {name: "_x30 1x30" for name in history() if "shard_info" in name and 'instance="b"' in name}
    series = history() | began
    for instance, consumed in parts.items():
        of = labels(instance, vendor="prolifi", account="split", quota="calls", subject="x", unit="calls")
        series[f"usage_quota_consumed_total{{{of}}}"] = consumed
        seen = "_x30 1x30" if instance == "b" else "1x29 stale"
        series[f"usage_quota_used{{{of}}}"] = seen
        series[f"usage_quota_limit{{{of}}}"] = seen.replace("1x", "86400x")
        series[f"usage_quota_period_end_timestamp_seconds{{{of}}}"] = seen.replace("1x", "999999x")
    return series


def columns() -> dict[str, str]:
    """The queries of the table of accounts, by title."""
    (panel,) = [one for one in panels(boards()["exporter"]) if one["title"] == "Accounts, stalest first"]
    titles = panel["transformations"][1]["options"]["renameByName"]
    return {titles[f"Value #{one['refId']}"]: one["expr"] for one in panel["targets"]}


def asked(
    generation: str, folder: Path, series: Mapping[str, str], expression: str, expected: Mapping[str, float]
) -> None:
    document = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": filled(expression),
                        "eval_time": "1h",
                        "exp_samples": [{"labels": f"{{{name}}}", "value": value} for name, value in expected.items()],
                    }
                ],
            }
        ],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(document))
    done = run_tool("promtool", generation, "test", "rules", folder / "test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (age(), {"split": 2400, "whole": 0, "old": 0}),
        (up(), {"split": 0, "whole": 1, "old": 1}),
        (columns()["Last poll"], {"split": 0, "whole": 1, "old": 1}),
        (columns()["Series"], {"split": 8, "whole": 5, "old": 7}),
        (columns()["Left out"], {"split": 8, "whole": 5, "old": 7}),
    ],
)
def test_an_account_is_as_its_worst_shard_and_its_best_replica(
    generation: str, tmp_path: Path, expression: str, expected: dict[str, float]
) -> None:
    accounts_seen = {f'vendor="prolifi", account="{account}"': value for account, value in expected.items()}

    asked(generation, tmp_path, history(), expression, accounts_seen)


DAY = f"last_over_time(({day_of_counter('account', 'usage_quota_consumed_total')})[1m:1m] @ 0)"


def test_what_moves_to_another_shard_is_used_at_both(generation: str, tmp_path: Path) -> None:
    asked(generation, tmp_path, moved(), f"round({DAY}, 400)", {'account="split"': 3600})
