"""Thresholds that the operator sets for some quotas: which quota has which, and what is wrong with them."""

from pathlib import Path

import pytest
from configurations import account, parsed, problems

from exporter.telemetry.account import alert_shares
from exporter.vendors.settings.warnings import account_warnings

SETTINGS = (
    "quotas: [{name: cores, metric: ionos_meter_quantity, limit: 5, warn_at: 60%, critical_at: 87.5%}],"
    " thresholds: [{quota: traffic, subject: 48211/Residential, warn_at: 50%}, {quota: traffic, critical_at: 110%}]"
)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


@pytest.mark.parametrize(
    ("quota", "subject", "shares"),
    [
        ("cores", "main", {"warning": 0.6, "critical": 0.875}),
        ("traffic", "48211/Residential", {"warning": 0.5}),
        ("traffic", "48211", {"critical": 1.1}),
        ("requests", "48211", {}),
    ],
)
def test_a_quota_has_the_first_thresholds_that_fit(quota: str, subject: str, shares: dict[str, float]) -> None:
    one = parsed(account("ionos", SETTINGS))

    assert dict(alert_shares(one, quota, subject)) == shares


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("thresholds: [{quota: a, warn_at: 0.7}]", "thresholds[0].warn_at: write a share of the limit, such as 80%"),
        ("thresholds: [{quota: a, warn_at: 70}]", "thresholds[0].warn_at: write a share of the limit, such as 80%"),
        ("thresholds: [{quota: a, warn_at: 0%}]", "thresholds[0].warn_at: write a share of the limit, such as 80%"),
        ("thresholds: [{quota: a, warn_at: -5%}]", "thresholds[0].warn_at: write a share of the limit, such as 80%"),
        ("thresholds: [{quota: a, warn_at: 1001%}]", "thresholds[0].warn_at: write a share of the limit, such as 80%"),
        ("thresholds: [{quota: a}]", "thresholds[0]: write warn_at, critical_at, or both"),
        ("thresholds: [{warn_at: 5%}]", "thresholds[0].quota: is missing"),
        ("thresholds: [{quota: a, warn_at: 9%, critical_at: 9%}]", "thresholds[0].warn_at: must be below critical_at"),
        (
            "thresholds: [{quota: a, warn_at: 5%}, {quota: a, subject: b, warn_at: 9%}]",
            "thresholds[1]: an entry before this one is for the same quota; the first that fits counts",
        ),
        (
            "quotas: [{name: a, metric: ionos_meter_quantity, limit: 5, warn_at: 90%, critical_at: 80%}]",
            "quotas[0].warn_at: must be below critical_at",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, problem: str, tmp_path: Path) -> None:
    assert problems(account("ionos", text), tmp_path) == [f"accounts[0].{problem}"]


@pytest.mark.parametrize(
    ("settings", "warnings"),
    [
        ("", ["thresholds: there is no quota coers; there are none"]),
        (
            ", quotas: [{name: cores, metric: ionos_meter_quantity, limit: 5, period: none}]",
            ["thresholds: there is no quota coers; there are cores"],
        ),
        (", limits: true", []),  # the contracts' resources have names that are only known once they are read
    ],
)
def test_thresholds_of_a_quota_that_there_is_not_are_noticed(settings: str, warnings: list[str]) -> None:
    one = parsed(account("ionos", f"thresholds: [{{quota: coers, warn_at: 5%}}]{settings}"))

    assert [line for line in account_warnings(one) if line.startswith("thresholds")] == warnings
