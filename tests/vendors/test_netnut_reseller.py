"""The list of all sub-users' plans, whose rows NetNut does not document."""

from collections.abc import Mapping
from typing import Any

import pytest
from polled_accounts import account_at, lines, polled
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.store.reading import Reading

LISTED = "POST /customer/usage/"
PLAN = {
    "id": 5,
    "product_type": "ISP",
    "start_date": "2026-11-01",
    "end_date": "2026-11-30",
    "is_active": True,
    "total_gb_used": 1.5,
    "total_requests_used": 3,
    "plan_gb": 10,
}
FLAT = {**PLAN, "customer_id": 71}
OTHER = {**PLAN, "id": 6, "customer_id": 72}


def envelope(*rows: object) -> dict[str, object]:
    return {"success": True, "data": list(rows)}


def named(plan: Mapping[str, object], name: str) -> dict[str, object]:
    """A plan whose sub-user is called so."""
    return {key: value for key, value in {**plan, name: plan["customer_id"]}.items() if key != "customer_id"}


def reseller(document: object, monkeypatch: pytest.MonkeyPatch) -> Reading:
    script: dict[str, list[Scripted]] = {
        "POST /auth/login": [answer({"success": True, "token": "a-token"})],
        "POST /customer/usage/myusage": [answer(envelope({**PLAN, "id": 1}))],
        LISTED: [document if isinstance(document, Answer) else answer(document)],
    }
    settings: dict[str, Any] = {"email": "ops@example.com", "password": "${VENDOR_SECRET}", "reseller": True}
    with scripted(script) as server:
        account = {"vendor": "netnut", "name": "main", "base_url": "{base_url}", **settings}
        outcome = polled(account_at(server.url, monkeypatch, account))
    assert isinstance(outcome, Reading), outcome
    return outcome


def gb_used(reading: Reading) -> dict[str, str]:
    """By sub-user and plan."""
    found = [line.split('"') for line in lines(reading) if line.startswith("netnut_sub_user_gb_used")]
    return {f"{sub_user}/{plan}": value.removeprefix("} ") for _, plan, _, _, _, sub_user, value in found}


@pytest.mark.parametrize(
    "document",
    [
        envelope(FLAT, OTHER),
        envelope(named(FLAT, "customerId"), named(OTHER, "customerId")),
        envelope(named(FLAT, "subUserId"), named(OTHER, "subUserId")),
        envelope(named(FLAT, "sub_user_id"), named(OTHER, "sub_user_id")),
        envelope({**named(FLAT, "subUserId"), "customer_id": None}, {**named(OTHER, "subUserId"), "customer_id": ""}),
        [envelope(FLAT, OTHER)],
        [envelope(FLAT), envelope(OTHER)],
        [FLAT, OTHER],
        envelope({"customer_id": 71, "plans": [PLAN]}, {"customer_id": 72, "plans": [{**PLAN, "id": 6}]}),
        [envelope({"customerId": 71, "plans": [PLAN]}), envelope({"customerId": 72, "plans": [{**PLAN, "id": 6}]})],
        envelope(FLAT, {"customer_id": 72, "plans": [{**PLAN, "id": 6}]}, {"customer_id": 73, "plans": []}),
    ],
    ids=[
        *("customer_id", "customerId", "subUserId", "sub_user_id", "the first name without a value"),
        *("an envelope in a list", "an envelope each", "no envelope", "nested", "nested, an envelope each", "both"),
    ],
)
def test_whichever_form_the_list_has_its_plans_are_the_same(document: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = reseller(document, monkeypatch)

    assert gb_used(reading) == {"71/5": "1.5", "72/6": "1.5"}
    assert not reading.diagnostics.skipped


@pytest.mark.parametrize("owner", [{"customer_id": 1, "sub_user_id": 72}, {"customer_id": {"id": 72}}, {}])
def test_a_plan_whose_sub_user_is_not_clear_is_nobodys(
    owner: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = reseller(envelope(FLAT, {**PLAN, "id": 6, **owner}), monkeypatch)

    assert gb_used(reading) == {"71/5": "1.5"}
    assert reading.diagnostics.skipped == {"ambiguous": 1}


@pytest.mark.parametrize("document", [envelope(), [], [envelope()], envelope({"customer_id": 71, "plans": []})])
def test_a_list_without_plans_is_no_fault(document: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = reseller(document, monkeypatch)

    assert gb_used(reading) == {}
    assert not reading.diagnostics.left_out
    assert not reading.diagnostics.skipped


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"success": True, "token": "a-secret"}, "success, token"),
        ({"success": True, "data": None}, "data, success"),
        (envelope({"id": 5, "total_gb_used": 3, "owner@example.com": 1}), "data, id, success, total_gb_used"),
        (envelope({"customerId": 7, "gigabytes": 3}), "customerId, data, success"),
        ([{"success": True, "data": "text of the vendor"}], "data, success"),
        ({"usages": [], "owner@example.com": {}}, "none"),
    ],
)
def test_of_a_list_that_cannot_be_read_the_known_fields_are_named_and_nothing_else(
    document: object, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = reseller(document, monkeypatch)

    text = f"POST /customer/usage/: no sub-user's plan can be read; fields known: {names}"
    assert reading.diagnostics.left_out == {text}
    assert any(line.startswith("netnut_gb_used") for line in lines(reading))


@pytest.mark.parametrize("document", ["text", 5, [5], ["a", "b"]])
def test_a_list_of_another_shape_costs_itself_alone(document: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = reseller(document, monkeypatch)

    assert gb_used(reading) == {}
    assert reading.diagnostics.skipped == {"schema": 1}


@pytest.mark.parametrize(
    "document",
    [
        {**envelope(FLAT), "success": False},
        {**envelope(FLAT), "success": "false"},
        [envelope(FLAT), {**envelope(), "success": False}],
        [envelope(FLAT), {**envelope(), "success": 0}],
    ],
)
def test_an_envelope_that_says_it_did_not_work_is_a_refusal(document: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = reseller(document, monkeypatch)

    assert gb_used(reading) == {}
    assert reading.diagnostics.skipped == {"refused": 1}
