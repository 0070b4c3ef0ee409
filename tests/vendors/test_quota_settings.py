"""What is wrong with a configured quota is said with its place, and what would be right."""

from pathlib import Path

import pytest
from configurations import account, parsed, problems

from exporter.vendors.periods import CalendarPeriod

WHERE = "accounts[0].quotas[0]"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def quota(text: str) -> str:
    return f"quotas: [{{name: q, {text}}}]"


METER = "metric: ionos_meter_quantity"
LIMIT = "limit: 5"


MISTAKES = [
    ("ionos", f"metric: ionos_meter_quantitty, {LIMIT}", "metric", "did you mean ionos_meter_quantity?"),
    ("ionos", f"metric: netnut_gb_used, {LIMIT}", "metric", "is not a metric of ionos"),
    ("ionos", f"metric: usage_quota_used, {LIMIT}", "metric", "is not a metric of ionos"),
    ("ionos", f"metric: 5, {LIMIT}", "metric", "write text"),
    ("ionos", LIMIT, "metric", "is missing"),
    ("ionos", f"metric: ionos_estimated_cost, {LIMIT}", "metric", "only available with cost"),
    ("netnut", f"metric: netnut_sub_user_gb_used, {LIMIT}", "metric", "only available with sub_users or reseller"),
    ("ionos", f"{METER}, {LIMIT}, match: {{meter: C0.*}}", "match.meter", "is not a label of ionos_meter_quantity"),
    ("ionos", f"{METER}, {LIMIT}, match: {{meter_id: 'C0['}}", "match.meter_id", "write a regular expression"),
    ("ionos", f"{METER}, {LIMIT}, match: {{meter_id: 5}}", "match.meter_id", "write a regular expression"),
    ("ionos", f"{METER}, {LIMIT}, match: C0.*", "match", "write a mapping"),
    ("ionos", f"{METER}, {LIMIT}, by: [contract, meter]", "by[1]", "write contract, datacenter_id, meter_id, unit"),
    ("ionos", f"{METER}, {LIMIT}, by: [contract, contract]", "by", "lists the same twice"),
    ("ionos", f"{METER}, {LIMIT}, by: contract", "by", "write a list"),
    ("ionos", METER, "limit", "is missing"),
    ("ionos", f"{METER}, limit: 0", "limit", "write a number greater than 0"),
    ("ionos", f"{METER}, limit: -1", "limit", "write a number greater than 0"),
    ("ionos", f"{METER}, limit: '50'", "limit", "write a number"),
    ("ionos", f"{METER}, limit: true", "limit", "write a number"),
    ("ionos", f"{METER}, {LIMIT}, period: year", "period", "write month, plan, none, or a mapping"),
    ("ionos", f"{METER}, {LIMIT}, period: {{every: 30d, from: 2026-02-30}}", "period", "write from as a day"),
    ("ionos", f"{METER}, {LIMIT}, period: plan", "period", "the vendor reports no plan"),
    ("prolifi", f"metric: prolifi_event_count, {LIMIT}, period: plan", "period", "the vendor reports no plan"),
    ("planship", f"metric: planship_lever_usage, {LIMIT}, period: plan", "period", "known with subscriptions"),
    ("prolifi", f"metric: prolifi_event_count, {LIMIT}, period: month", "period", "the figure never resets"),
    ("ionos", f"{METER}, {LIMIT}, period: {{every: 30m, from: 2026-01-15}}", "period", "a period of at least 1h"),
    ("ionos", f'{METER}, {LIMIT}, unit: "a\\nb"', "unit", "visible ASCII characters"),
    ("ionos", f"{METER}, {LIMIT}, unit: 5", "unit", "visible ASCII characters"),
    (
        "ionos",
        f"{METER}, {LIMIT}, match: {{meter_id: 'a{{99999999999999999999}}'}}",
        "match.meter_id",
        "write a regular",
    ),
    ("ionos", f"{METER}, {LIMIT}, limits: 5", "limits", "unknown key; did you mean limit?"),
]


@pytest.mark.parametrize(("vendor", "text", "place", "said"), MISTAKES)
def test_a_mistake_is_said_with_its_place(vendor: str, text: str, place: str, said: str, tmp_path: Path) -> None:
    (problem,) = problems(account(vendor, quota(text)), tmp_path)

    assert problem.startswith(f"{WHERE}.{place}: ")
    assert said in problem


@pytest.mark.parametrize(
    ("vendor", "quotas", "problem"),
    [
        ("ionos", f"{{name: 'a b', {METER}, {LIMIT}}}", f"{WHERE}.name: write up to 63 letters, digits"),
        (
            "netnut",
            f"{{name: traffic, metric: netnut_gb_used, {LIMIT}}}",
            f"{WHERE}.name: is the name of a quota that the vendor reports too",
        ),
        ("ionos", "core-hours", f"{WHERE}: write a mapping"),
    ],
)
def test_a_quota_is_a_mapping_with_a_name_of_its_own(vendor: str, quotas: str, problem: str, tmp_path: Path) -> None:
    (said,) = problems(account(vendor, f"quotas: [{quotas}]"), tmp_path)

    assert said.startswith(problem)


def test_two_quotas_of_an_account_have_two_names(tmp_path: Path) -> None:
    one = f"{{name: q, {METER}, {LIMIT}}}"

    said = problems(account("ionos", f"quotas: [{one}, {one.replace('5', '6')}]"), tmp_path)

    assert said == ["accounts[0].quotas[1].name: is the name of a quota that quotas[0] sets too"]


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    said = problems(
        account("ionos", quota(f"{METER}, match: {{meter: x, unit: '('}}, by: [dc], limit: 0, period: week")), tmp_path
    )

    assert [line.partition(": ")[0].removeprefix(WHERE) for line in said] == [
        ".by[0]",
        ".limit",
        ".match.meter",
        ".match.unit",
        ".period",
    ]


def test_a_quota_as_it_is_written(tmp_path: Path) -> None:
    text = account(
        "ionos", quota(f"{METER}, match: {{meter_id: C0.*}}, by: [contract], {LIMIT}, unit: h, period: month")
    )

    (one,) = parsed(text, tmp_path).quotas

    assert (one.name, one.metric, one.match, one.by) == (
        "q",
        "ionos_meter_quantity",
        {"meter_id": "C0.*"},
        ("contract",),
    )
    assert (one.limit, one.unit, one.period, one.family.name) == (5.0, "h", CalendarPeriod(), one.metric)


def test_what_is_optional_may_be_left_out(tmp_path: Path) -> None:
    (one,) = parsed(account("ionos", quota(f"{METER}, limit: 0.5")), tmp_path).quotas

    assert (one.match, one.by, one.limit, one.unit, one.period) == ({}, (), 0.5, "", "none")
