"""The rules for Prometheus: what is committed, what promtool says of it, and that every name in it exists."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from programs import program

from exporter.catalogue import labels
from exporter.metrics import FAMILIES
from exporter.rules.document import ALERTS, alerting_rules, recording_rules, rules
from exporter.rules.options import Options
from exporter.rules.recording import RECORDS
from exporter.rules.thresholds import Thresholds

PROMETHEUS = Path(__file__).parent.parent / "prometheus"
WRITTEN = {"usage-recording.yml": recording_rules, "usage-alerts.yml": alerting_rules}
FILES = sorted(PROMETHEUS.glob("tests/*.yml"))

SCRAPED = {"job", "instance"}
QUOTA = {"job", "vendor", "account", "quota", "subject", "unit"}
ACCOUNT = {"job", "vendor", "account"}
# The labels of the series that the rules record, by the level that their names begin with.
LEVELS = {"usage:poll_": ACCOUNT, "usage:account_": ACCOUNT, "usage:data_": ACCOUNT, "usage:": QUOTA}
LABELS = {
    **{family.name: {*labels(family), *SCRAPED} for family in FAMILIES},
    **{record.name: next(LEVELS[level] for level in LEVELS if record.name.startswith(level)) for record in RECORDS},
    "usage:quota_alerts:held": {*QUOTA, "alertname", "severity"},
    "up": SCRAPED,
    "ALERTS": {*QUOTA, "alertname", "alertstate", "severity"},
}


def documents(options: Options | None = None) -> list[dict[str, Any]]:
    """Every rule, as Prometheus reads it."""
    return [rule for group in yaml.safe_load(rules(options or Options()))["groups"] for rule in group["rules"]]


def name_of(rule: dict[str, Any]) -> str:
    return f"{rule.get('record') or rule['alert']} {rule.get('labels', {}).get('severity', '')}".strip()


RULES = {name_of(rule): rule for rule in documents()}
TEMPLATE_QUERY = re.compile(r"printf `([^`]*)`")


def expressions(rule: dict[str, Any]) -> Iterator[str]:
    """The expression of a rule, and those that its annotations ask for."""
    yield rule["expr"]
    for text in rule.get("annotations", {}).values():
        yield from (query.replace("%q", '"x"') for query in TEMPLATE_QUERY.findall(text))


def promtool(*arguments: str) -> None:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_committed_is_what_the_program_writes(name: str) -> None:
    assert (PROMETHEUS / "rules" / name).read_text() == WRITTEN[name](Options())


def test_one_document_has_both_groups() -> None:
    written = [yaml.safe_load(write(Options())) for write in WRITTEN.values()]

    assert yaml.safe_load(rules(Options())) == {"groups": [group for one in written for group in one["groups"]]}


def test_promtool_finds_no_fault_with_the_rules(tmp_path: Path) -> None:
    everything = tmp_path / "rules.yml"
    everything.write_text(rules(Options(job='a "job" \\ of ours')))

    promtool("check", "rules", "--lint=all", "--lint-fatal", *(str(PROMETHEUS / "rules" / name) for name in WRITTEN))
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(everything))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(file: Path) -> None:
    promtool("test", "rules", str(file))


def test_every_alert_is_seen_to_fire_and_to_end() -> None:
    fired: set[tuple[str, str]] = set()
    ended: set[tuple[str, str]] = set()
    for file in FILES:
        for test in yaml.safe_load(file.read_text())["tests"]:
            firing: set[tuple[str, str]] = set()
            for case in test.get("alert_rule_test", []):
                name = case["alertname"]
                now = {(name, alert["exp_labels"]["severity"]) for alert in case["exp_alerts"]}
                ended |= {alert for alert in firing - now if alert[0] == name}
                firing = {alert for alert in firing if alert[0] != name} | now
                fired |= now
    every = {(alert.name, alert.severity) for alert in ALERTS}

    assert fired == every
    assert ended == every


def test_no_two_tests_have_the_same_name() -> None:
    names = [test["name"] for file in FILES for test in yaml.safe_load(file.read_text())["tests"]]

    assert len(names) == len(set(names))


# --- Names and labels -------------------------------------------------------------------------------------


def parts_of(expression: str) -> list[promql_parser.Expr]:
    parts: list[promql_parser.Expr] = []

    def enter(part: promql_parser.Expr) -> bool:
        parts.append(part)
        return True

    promql_parser.walk(promql_parser.parse(expression), enter)
    return parts


def matched_labels(selector: Any) -> set[str]:
    return {matcher.name for matcher in selector.matchers.matchers}


def had(part: Any) -> set[str]:
    """The labels that the series of an expression may have; fails where one is asked for that is not there."""
    match part:
        case promql_parser.VectorSelector(name=str(name)):
            assert matched_labels(part) <= LABELS[name]
            found = LABELS[name]
        case promql_parser.MatrixSelector():
            found = had(part.vector_selector)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            found = had(part.expr)
        case promql_parser.AggregateExpr(modifier=promql_parser.AggModifier() as modifier):
            assert modifier.type == promql_parser.AggModifierType.By
            found = set(modifier.labels)
            assert found <= had(part.expr)
        case promql_parser.Call() if part.func.name == "absent":
            found = matched_labels(part.args[0])
        case promql_parser.Call():
            found = set().union(*(had(argument) for argument in part.args))
        case promql_parser.BinaryExpr():
            found = joined(part)
        case promql_parser.NumberLiteral():
            found = set()
        case _:
            pytest.fail(f"not looked at: {part}")
    return found


def joined(part: Any) -> set[str]:
    left, right = had(part.lhs), had(part.rhs)
    if not left or not right:  # a number
        return left | right
    matching = part.modifier.matching if part.modifier else None
    if str(part.op) == "or":
        assert matching is None
        return left | right
    if matching is None:
        assert left == right, f"{part}: {sorted(left ^ right)} are on one side only, so nothing ever matches"
    else:
        assert set(matching.labels) <= left & right, f"{part}: matches on labels that are not there"
    return left


@pytest.mark.parametrize("name", RULES)
def test_a_rule_names_only_metrics_and_labels_that_exist(name: str) -> None:
    for expression in expressions(RULES[name]):
        for part in parts_of(expression):
            if isinstance(part, promql_parser.VectorSelector):
                assert part.name in LABELS
        had(promql_parser.parse(expression))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_recorded_series_has_the_labels_of_its_level(record: Any) -> None:
    assert had(promql_parser.parse(RULES[record.name]["expr"])) == LABELS[record.name]


SCOPES = {
    "quota": [QUOTA],
    "account": [ACCOUNT, ACCOUNT | {"quota"}],
    "exporter": [SCRAPED, SCRAPED - {"instance"}],
}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_an_alert_has_the_labels_of_its_scope_and_says_no_others(alert: Any) -> None:
    rule = RULES[f"{alert.name} {alert.severity}"]
    found = had(promql_parser.parse(rule["expr"]))

    assert found in SCOPES[alert.scope]
    assert set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))) <= found


# --- What an operator changes -----------------------------------------------------------------------------


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_an_alert_says_what_to_read_and_where_to_look(alert: Any) -> None:
    annotations = RULES[f"{alert.name} {alert.severity}"]["annotations"]

    assert list(annotations) == ["summary", "description", "runbook_url", "dashboard_url"]
    assert annotations["runbook_url"] == f"{Options().runbook_url}#{alert.name.lower()}"
    board = "vu-quota?var-vendor=" if alert.scope == "quota" else "vu-exporter"
    assert annotations["dashboard_url"].startswith(f"{Options().grafana_url}/d/{board}")


THRESHOLDS = [one.name for one in fields(Thresholds)]
# Written where several rules read them, or in the text of annotations too.
CHANGES = {
    "fresh_intervals": {"usage:account_fresh:bool", "UsagePollStale warning", "UsagePollStale critical"},
    "quota_warning": {"UsageQuotaHigh warning"},
    "quota_warning_for": {"UsageQuotaHigh warning"},
    "quota_critical": {"UsageQuotaHigh critical"},
    "quota_critical_for": {"UsageQuotaHigh critical"},
    "quota_keep": {"UsageQuotaHigh warning", "UsageQuotaHigh critical"},
    "exhausted_keep": {"UsageQuotaExhausted critical"},
    "forecast_limit": {"UsageQuotaWillRunOut warning", "UsageQuotaWillRunOut critical"},
    "forecast_share": {"UsageQuotaWillRunOut warning"},
    "forecast_lag": {"UsageQuotaWillRunOut warning"},
    "forecast_warning_for": {"UsageQuotaWillRunOut warning"},
    "forecast_critical": {"UsageQuotaWillRunOut critical"},
    "forecast_critical_for": {"UsageQuotaWillRunOut critical"},
    "forecast_keep": {"UsageQuotaWillRunOut warning", "UsageQuotaWillRunOut critical"},
    **{name: {"UsageQuotaBurnFast critical"} for name in THRESHOLDS if name.startswith("burn_critical")},
    **{name: {"UsageQuotaBurnFast warning"} for name in THRESHOLDS if name.startswith("burn_warning")},
    "burn_warning_interval": {"UsageQuotaBurnFast warning", "UsageSpike warning"},
    "burn_warning_lag": {"UsageQuotaBurnFast warning", "UsageSpike warning"},
    **{name: {"UsageSpike warning"} for name in THRESHOLDS if name.startswith("spike")},
    "down_for": {"UsageExporterDown critical"},
    "absent_for": {"UsageExporterAbsent critical"},
    "stale_for": {"UsagePollStale warning", "UsagePollStale critical"},
    "stale_critical": {"UsagePollStale critical"},
    "auth_for": {"UsageAuthFailing critical"},
    "auth_keep": {"UsageAuthFailing critical"},
    "rate_limited_share": {"UsageRateLimited warning"},
    "rate_limited_for": {"UsageRateLimited warning"},
    **{name: {"UsagePollErrors warning"} for name in THRESHOLDS if name.startswith("poll_errors")},
    "drift_for": {"UsageContractDrift warning"},
    "missing_for": {"UsageMissing warning"},
    "frozen_for": {"UsageFrozen info"},
    "reload_for": {"UsageConfigReloadFailed warning"},
    "dropped_for": {"UsageSeriesDropped warning"},
}


def changed(options: Options) -> dict[str, tuple[str, str]]:
    """The rules that differ from the usual ones: how they are, and how they were."""
    return {
        name_of(rule): (str(rule), str(RULES[name_of(rule)]))
        for rule in documents(options)
        if rule != RULES[name_of(rule)]
    }


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_a_threshold_changes_its_rules_and_nothing_but_its_number(threshold: str) -> None:
    other: Any = {threshold: 0.87 if threshold == "quota_warning" else 0.97 if threshold == "quota_critical" else 4321}

    found = changed(Options(thresholds=Thresholds(**other)))

    assert found.keys() == CHANGES[threshold]
    for now, before in found.values():
        assert re.sub(r"0\.[89]7|4321s?", "#", now) in _with_one_number_hidden(before)


def _with_one_number_hidden(text: str) -> set[str]:
    """A text with one number hidden, everywhere or in one place, for each number in it."""
    return {
        re.sub(rf"(?<![\w.]){re.escape(number)}(?![\w.])", "#", text)
        for number in set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?[smhd]?(?![\w.])", text))
    } | {
        text[: found.start()] + "#" + text[found.end() :]
        for found in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?[smhd]?(?![\w.])", text)
    }


def test_the_job_and_the_links_are_the_operators() -> None:
    options = Options(job='x "y"', runbook_url="https://wiki.example/usage", grafana_url="https://grafana.example/g/")

    for rule in documents(options):
        usual = RULES[name_of(rule)]
        assert rule["expr"] == usual["expr"].replace('"usage-exporter"', r'"x \"y\""')
        for name, text in rule.get("annotations", {}).items():
            expected = usual["annotations"][name].replace(Options().runbook_url, "https://wiki.example/usage")
            assert text == expected.replace("http://localhost:3000", "https://grafana.example/g")


def test_only_rules_that_look_at_scrapes_name_the_job() -> None:
    assert changed(Options(job="other")).keys() == {
        "usage:quota_alerts:held",
        "UsageExporterDown critical",
        "UsageExporterAbsent critical",
    }


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"quota_warning": 0.0}, "quota_warning must be a number above 0"),
        ({"absent_for": -60}, "absent_for must be a number above 0"),
        ({"spike_factor": float("nan")}, "spike_factor must be a number above 0"),
        ({"burn_warning": float("inf")}, "burn_warning must be a number above 0"),
        ({"quota_warning": 0.96}, "quota_warning must not be above quota_critical"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(wrong: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        Thresholds(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"runbook_url": "docs/runbooks.md"},
        {"grafana_url": "http://localhost:3000/{{ $labels.job }}"},
        {"grafana_url": "http://localhost:3000/?orgId=1"},
        {"job": ""},
        {"job": "a\nb"},
    ],
)
def test_an_option_that_would_break_the_rules_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} must be "):
        Options(**wrong)


@pytest.mark.parametrize("threshold", fields(Thresholds), ids=lambda one: one.name)
def test_a_threshold_says_what_it_means(threshold: Any) -> None:
    assert re.fullmatch(r"[A-Z].{20,}\.", threshold.metadata["meaning"])
