"""The rules for Prometheus: what is committed, and what promtool says of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from quick_yaml import read
from rule_cases import needed, rule_cases, together
from rule_documents import rule_groups
from rule_runs import hold_in_prometheus, hold_in_vmalert
from servers import NEWEST, run_tool
from test_rule_hours import HOURS, SLOWLY
from test_rule_weeks import WEEKS

from exporter.rules.document import ALERTS, alerting_rules, recording_rules, rules
from exporter.rules.options import Options

PROMETHEUS = Path(__file__).parents[2] / "prometheus"
WRITTEN = {"usage-recording.yml": recording_rules, "usage-alerts.yml": alerting_rules}
COURSES = (WEEKS, HOURS, SLOWLY)
FILES = sorted(PROMETHEUS.glob("tests/*.yml"))
TOGETHER = together([case for file in FILES for case in rule_cases(file)])


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_committed_is_what_the_program_writes(name: str) -> None:
    assert (PROMETHEUS / "rules" / name).read_text() == WRITTEN[name](Options())


def test_one_document_has_both_groups() -> None:
    written = [read(write(Options())) for write in WRITTEN.values()]

    assert read(rules(Options())) == {"groups": [group for one in written for group in one["groups"]]}


def test_promtool_finds_no_fault_with_the_rules(generation: str, tmp_path: Path) -> None:
    everything = tmp_path / "rules.yml"
    everything.write_text(rules(Options(job='a "job" \\ of ours')))

    for files in ([PROMETHEUS / "rules" / name for name in WRITTEN], [everything]):
        done = run_tool("promtool", generation, "check", "rules", "--lint=all", "--lint-fatal", *files)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_in_prometheus_the_rules_do_what_their_tests_say(file: Path, generation: str, tmp_path: Path) -> None:
    hold_in_prometheus(rule_cases(file), generation, tmp_path)


@pytest.mark.live
@pytest.mark.parametrize("case", TOGETHER, ids=lambda case: case["tests"][0]["name"])
def test_in_vmalert_the_rules_do_what_their_tests_say(case: dict[str, Any], tmp_path: Path) -> None:
    hold_in_vmalert([case], tmp_path)


def test_every_alert_is_seen_to_fire_and_to_end() -> None:
    fired: set[tuple[str, str]] = set()
    ended: set[tuple[str, str]] = set()
    for file in FILES:
        for test in read(file.read_text())["tests"]:
            firing: set[tuple[str, str]] = set()
            for case in test.get("alert_rule_test", []):
                name = case["alertname"]
                now = {(name, alert["exp_labels"]["severity"]) for alert in case["exp_alerts"]}
                ended |= {alert for alert in firing - now if alert[0] == name}
                firing = {alert for alert in firing if alert[0] != name} | now
                fired |= now
    for course in (one for courses in COURSES for one in courses.values()):
        for name, (_, end) in course.told.items():
            alert, severity = name.split()[:2]
            fired.add((alert, severity))
            ended |= {(alert, severity)} if end <= course.hours else set()
    every = {(alert.name, alert.severity) for alert in ALERTS}

    assert fired == every
    assert ended == every


def test_no_two_tests_have_the_same_name() -> None:
    names = [test["name"] for file in FILES for test in read(file.read_text())["tests"]]

    assert len(names) == len(set(names))


# --- Names and labels -------------------------------------------------------------------------------------


def _with_team(case: Any) -> Any:
    """A case in which every series of an account has a label of the operator's own, and so what is expected of it."""
    if isinstance(case, list):
        return [_with_team(one) for one in case]
    if isinstance(case, dict):
        named = {"team": "pay"} if "account" in case else {}
        return {key: one if key == "alertname" else _with_team(one) for key, one in case.items()} | named
    if not isinstance(case, str):
        return case
    by_team = re.sub(r"by \((?=[^)]*\baccount\b)", "by (team, ", case)
    return re.sub(r'(?<![\w"])account="[^"]*"', r'\g<0>, team="pay"', by_team)


def _under(groups: list[dict[str, Any]], case: dict[str, Any]) -> dict[str, Any]:
    """A case under other rules, for accounts with a label of the operator's own."""
    (test,) = _with_team(case["tests"])
    return {**case, "rule_files": needed(groups, test), "all_rules": groups, "tests": [test]}


@pytest.mark.slow
def test_with_labels_of_accounts_the_rules_do_the_same_and_alerts_have_them(tmp_path: Path) -> None:
    groups = rule_groups(Options(account_labels=("team",)))
    cases = [_under(groups, case) for file in FILES for case in rule_cases(file)]

    hold_in_prometheus(together(cases), NEWEST, tmp_path)
