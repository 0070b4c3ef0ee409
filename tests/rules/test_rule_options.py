"""What an operator may change of the rules, and what that changes."""

import re
from dataclasses import fields
from typing import Any

import pytest
from rule_documents import RULES, documents, name_of

from exporter.rules.options import Options
from exporter.rules.quota_alerts import QUOTA_ALERTS
from exporter.rules.thresholds import Thresholds

THRESHOLDS = [one.name for one in fields(Thresholds)]
# Written where several rules read them, or in the text of annotations too.
CHANGES = {
    "fresh_intervals": {"usage:exporter_fresh:bool", "UsagePollStale warning", "UsagePollStale critical"},
    "fresh_least": {"usage:exporter_fresh:bool", "UsagePollStale warning", "UsagePollStale critical"},
    "quota_warning": {"usage:quota_high:ratio", "usage:quota_warning:ratio"},
    "quota_warning_for": {"UsageQuotaHigh warning"},
    "quota_critical": {"usage:quota_critical:ratio"},
    "quota_critical_for": {"UsageQuotaHigh critical"},
    "quota_hysteresis": {
        *("usage:quota_high:ratio", "usage:quota_warning:ratio", "usage:quota_critical:ratio"),
        "usage:quota_overrun:ratio",
    },
    "quota_keep": {f"{alert.name} {alert.severity}" for alert in QUOTA_ALERTS if alert.severity == "warning"},
    "quota_pace_keep": {"UsageQuotaWillRunOut critical", "UsageQuotaBurnFast critical"},
    "quota_critical_keep": {"UsageQuotaHigh critical", "UsageQuotaNotAllowed critical"},
    "quota_exhausted_keep": {"UsageQuotaExhausted critical"},
    "forecast_limit": {"usage:quota_overrun:ratio", "usage:quota_burnt:seconds"},
    "forecast_share": {"usage:quota_overrun:ratio"},
    "forecast_period": {"usage:quota_rate:ratio"},
    "forecast_least": {"usage:quota_rate:ratio"},
    "forecast_warning_for": {"UsageQuotaWillRunOut warning"},
    "forecast_critical": {"UsageQuotaWillRunOut critical"},
    "forecast_critical_for": {"UsageQuotaWillRunOut critical"},
    "burn_moves": {"usage:quota_burnt:seconds"},
    "burn_usual": {"usage:quota_burnt:seconds"},
    **{name: {"UsageQuotaBurnFast critical"} for name in THRESHOLDS if name.startswith("burn_critical")},
    **{name: {"UsageQuotaBurnFast warning"} for name in THRESHOLDS if name.startswith("burn_warning")},
    "burn_warning_rest": {"usage:quota_burning:ratio", "UsageQuotaBurnFast warning"},
    **{name: {"UsageSpike warning"} for name in THRESHOLDS if name.startswith("spike")},
    "down_for": {"UsageExporterDown critical"},
    "absent_for": {"UsageExporterAbsent critical"},
    "shards_for": {"UsageExporterShardsMissing critical"},
    "stale_for": {"UsagePollStale warning", "UsagePollStale critical"},
    "stale_critical": {"UsagePollStale critical"},
    "auth_for": {"UsageAuthFailing critical"},
    "auth_keep": {"UsageAuthFailing critical"},
    "credential_warning": {"UsageCredentialEnding warning"},
    "credential_critical": {"UsageCredentialEnding critical"},
    "credential_for": {"UsageCredentialEnding warning", "UsageCredentialEnding critical"},
    "rate_limited_share": {"UsageRateLimited warning"},
    "rate_limited_for": {"UsageRateLimited warning"},
    **{name: {"UsagePollErrors warning"} for name in THRESHOLDS if name.startswith("poll_errors")},
    "drift_for": {"UsageContractDrift warning"},
    "no_reading_for": {"UsageNoReading critical"},
    "restarts_age": {"UsageExporterRestarting warning"},
    "restarts_for": {"UsageExporterRestarting warning"},
    "storage_for": {"UsageStorageFailing warning"},
    "missing_for": {"UsageMissing warning"},
    "frozen_for": {"UsageFrozen info"},
    "reload_for": {"UsageConfigReloadFailed warning"},
    "dropped_for": {"UsageSeriesDropped warning", "UsageCustomersDropped warning"},
}

# Each must be no longer than the next.
BETWEEN = {"quota_keep": 321, "quota_pace_keep": 654, "quota_critical_keep": 876}


def changed(options: Options) -> dict[str, tuple[str, str]]:
    """The rules that differ from the usual ones: how they are, and how they were."""
    return {
        name_of(rule): (str(rule), str(RULES[name_of(rule)]))
        for rule in documents(options)
        if rule != RULES[name_of(rule)]
    }


@pytest.mark.slow
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_a_threshold_changes_its_rules_and_nothing_but_its_number(threshold: str) -> None:
    small = "share" in threshold or threshold in ("quota_warning", "forecast_period", "poll_errors_down")
    other: Any = {threshold: 0.97 if threshold == "quota_critical" else 0.87 if small else 4321}
    if threshold == "quota_hysteresis":
        other = {threshold: 0.07}
    elif threshold in BETWEEN:
        other = {threshold: BETWEEN[threshold]}
    elif threshold == "burn_warning_rest":
        other = {threshold: 432100}
    elif threshold == "credential_warning":
        other = {threshold: 1234567}

    found = changed(Options(thresholds=Thresholds(**other)))

    assert found.keys() == CHANGES[threshold]
    for now, before in found.values():
        assert re.sub(r"0\.[089]7|432100|1234567|4321s?|(321|654|876)s", "#", now) in _with_one_number_hidden(before)


def _with_one_number_hidden(text: str) -> set[str]:
    """A text with one number hidden, everywhere or in one place, for each number in it."""
    return {
        re.sub(rf"(?<![\w.{{$]){re.escape(number)}(?![\w.])", "#", text)
        for number in set(re.findall(r"(?<![\w.{$])\d+(?:\.\d+)?[smhd]?(?![\w.])", text))
    } | {
        text[: found.start()] + "#" + text[found.end() :]
        for found in re.finditer(r"(?<![\w.{$])\d+(?:\.\d+)?[smhd]?(?![\w.])", text)
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
        "usage:quota_unseen:bool",
        "UsageExporterDown critical",
        "UsageExporterAbsent critical",
        "UsageExporterRestarting warning",
    }


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"quota_warning": 0.0}, "quota_warning must be a number above 0"),
        ({"absent_for": -60}, "absent_for must be a number above 0"),
        ({"spike_factor": float("nan")}, "spike_factor must be a number above 0"),
        ({"burn_usual": float("inf")}, "burn_usual must be a number above 0"),
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
        {"keep_labels": ("a-b",)},
        {"keep_labels": ("cluster", "cluster")},
        {"keep_labels": ("account",)},
        {"account_labels": ("a-b",)},
        {"account_labels": ("vendor",)},
    ],
)
def test_an_option_that_would_break_the_rules_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} must be "):
        Options(**wrong)


def test_no_rule_reads_alerts_which_have_another_name_in_other_rulers() -> None:
    assert not [name for name, rule in RULES.items() if "ALERTS" in rule["expr"]]


@pytest.mark.parametrize("threshold", fields(Thresholds), ids=lambda one: one.name)
def test_a_threshold_says_what_it_means(threshold: Any) -> None:
    assert re.fullmatch(r"[A-Z].{20,}\.", threshold.metadata["meaning"])
