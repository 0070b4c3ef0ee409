"""What is NetNut's own: its sign-in, its refusals with 400, and the plans of sub-users."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from polled_accounts import NOW, SECRET, account_at, lines, polled, polled_at
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.errors import BadRequest, NotFound, Refused, Unauthorized
from exporter.store.reading import Reading
from exporter.vendors import Account

LOGIN, MINE, SUB_USERS = "POST /auth/login", "POST /customer/usage/myusage", "POST /customer/usage/"
TOKEN = answer({"success": True, "token": "a-token"})
WHEN = {"start_date": "2026-11-01", "end_date": "2026-12-01"}
WHOLE = {**WHEN, "is_active": True, "total_requests_used": 3, "total_gb_used": 1.5, "product_type": "ISP"}
SCRIPT: Mapping[str, Sequence[Scripted]] = {
    LOGIN: [TOKEN],
    MINE: [answer({"success": True, "data": [{**WHOLE, "id": 1}]})],
    "GET /customer/usage/70": [
        answer({"success": True, "data": [{**WHOLE, "id": 2}, {**WHOLE, "id": 3, "is_active": False}]})
    ],
}


def netnut(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    credentials = {} if "token" in settings else {"email": "ops@example.com", "password": "${VENDOR_SECRET}"}
    common = {"vendor": "netnut", "name": "main", "base_url": "{base_url}"}
    return account_at(url, monkeypatch, {**common, **credentials, **settings})


def used(outcome: object) -> list[str]:
    assert isinstance(outcome, Reading), outcome
    return [line for line in lines(outcome) if "gb_used" in line]


def test_email_and_password_are_sent_once_and_only_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(SCRIPT) as server:
        polled_at(netnut(server.url, monkeypatch), NOW, NOW)

    login, *rest = server.requests
    assert login.key == LOGIN
    assert json.loads(login.body) == {"email": "ops@example.com", "password": SECRET}
    assert "authorization" not in login.headers
    assert [request.key for request in rest] == [MINE, MINE]
    assert [json.loads(request.body) for request in rest] == [{"planStatus": 1}, {"planStatus": 1}]


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, "a-token"),
        ({"auth_scheme": "bearer"}, "Bearer a-token"),
        ({"token": "${VENDOR_SECRET}"}, SECRET),
        ({"token": "${VENDOR_SECRET}", "auth_scheme": "bearer"}, f"Bearer {SECRET}"),
    ],
)
def test_the_token_is_sent_as_the_scheme_says(
    settings: dict[str, str], header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(SCRIPT) as server:
        polled(netnut(server.url, monkeypatch, **settings))

    assert server.requests[-1].headers["authorization"] == header


@pytest.mark.parametrize(
    "refusal",
    [
        answer({"success": False, "message": "wrong password"}, 400),
        answer({}, 401),
        answer({}, 403),
        answer({"success": False, "message": "wrong password"}),
        answer({"success": True}),
        answer({"success": True, "token": None}),
    ],
    ids=["400", "401", "403", "success false", "no token", "token null"],
)
def test_a_refused_sign_in_is_not_repeated_before_its_wait_is_over(
    refusal: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({**SCRIPT, LOGIN: [refusal]}) as server:
        outcomes = polled_at(netnut(server.url, monkeypatch), NOW, NOW, NOW)

    assert [type(outcome) for outcome in outcomes] == [Unauthorized] * 3
    assert [request.key for request in server.requests] == [LOGIN]


@pytest.mark.parametrize("message", ["no such plan", {"secret": "text"}, None])
def test_success_false_is_a_refusal_and_its_message_is_not_repeated(
    message: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({**SCRIPT, MINE: [answer({"success": False, "message": message})]}) as server:
        outcome = polled(netnut(server.url, monkeypatch))

    assert isinstance(outcome, Refused)
    assert str(outcome).endswith("/customer/usage/myusage: NetNut answered 200 with success: false")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_by_a_token_that_never_worked_costs_one_more_sign_in(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({**SCRIPT, MINE: [Answer(status), *SCRIPT[MINE]]}) as server:
        outcome = polled(netnut(server.url, monkeypatch))

    assert isinstance(outcome, Reading)
    assert [request.key for request in server.requests] == [LOGIN, MINE, LOGIN, MINE]


def test_a_token_that_replaced_another_and_worked_is_not_doubted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = {**SCRIPT, MINE: [Answer(400), *SCRIPT[MINE]], "GET /customer/usage/71": [Answer(400)]}
    with scripted(script) as server:
        outcome = polled(netnut(server.url, monkeypatch, sub_users=[71]))

    assert isinstance(outcome, Reading)
    assert server.asked(LOGIN) == 2


@pytest.mark.parametrize("status", [400, 404])
def test_a_sub_user_who_is_gone_is_left_out_without_a_new_sign_in(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SCRIPT, "GET /customer/usage/71": [Answer(status)]}) as server:
        outcome = polled(netnut(server.url, monkeypatch, sub_users=[70, 71]))

    assert isinstance(outcome, Reading)
    assert outcome.diagnostics.skipped == {"gone": 1}
    assert used(outcome)[1:] == ['netnut_sub_user_gb_used{plan_id="2",product_type="ISP",sub_user_id="70"} 1.5']
    assert server.asked(LOGIN) == 1


@pytest.mark.parametrize(
    "names",
    [
        {"customer_id": 4444},
        {"customer_id": None, "sub_user_id": 4444},
        {"customer_id": "", "subUserId": "4444"},
        {"customer_id": 70, "sub_user_id": 4444},
        {"customerId": {"id": 70}},
        {"customerId": True},
    ],
)
def test_a_sub_users_plan_that_says_it_is_anothers_is_not_shown(
    names: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**WHOLE, "id": 2, "customer_id": None, "subUserId": "70"}, {**WHOLE, "id": 9, **names}]
    with scripted({**SCRIPT, "GET /customer/usage/70": [answer({"success": True, "data": rows})]}) as server:
        outcome = polled(netnut(server.url, monkeypatch, sub_users=[70]))

    assert isinstance(outcome, Reading)
    assert outcome.diagnostics.skipped == {"ambiguous": 1}
    assert used(outcome)[1:] == ['netnut_sub_user_gb_used{plan_id="2",product_type="ISP",sub_user_id="70"} 1.5']


@pytest.mark.parametrize("success", [False, 0, "false", "False", "0"])
def test_an_answer_that_says_it_failed_is_no_reading(success: object, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = answer({"success": success, "data": [{**WHOLE, "id": 1, "total_gb_used": 0}]})
    with scripted({**SCRIPT, MINE: [empty]}) as server:
        outcome = polled(netnut(server.url, monkeypatch))

    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("reply", [Answer(400), Answer(404), answer({"success": True, "data": "none"})])
def test_the_own_plans_stay_when_every_sub_user_is_gone(reply: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SCRIPT, "GET /customer/usage/71": [reply]}) as server:
        outcome = polled(netnut(server.url, monkeypatch, sub_users=[71]))

    assert used(outcome) == ['netnut_gb_used{plan_id="1",product_type="ISP"} 1.5']
    assert isinstance(outcome, Reading)
    assert sum(outcome.diagnostics.skipped.values()) == 1


@pytest.mark.parametrize(
    ("plan_status", "number", "plans"),
    [("active", 1, ["2"]), ("inactive", 0, ["3"]), ("standby", 2, ["3"]), ("all", 3, ["2", "3"])],
)
def test_plans_are_of_the_status_asked_for_and_so_are_those_of_sub_users(
    plan_status: str, number: int, plans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(SCRIPT) as server:
        outcome = polled(netnut(server.url, monkeypatch, plan_status=plan_status, sub_users=[70]))

    assert [line.partition('plan_id="')[2][0] for line in used(outcome)[1:]] == plans
    assert json.loads(server.requests[1].body) == {"planStatus": number}


def test_a_reseller_asks_by_sub_user_and_again_only_for_those_who_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**WHOLE, "id": 5, "customer_id": 71}, {**WHOLE, "id": 6, "sub_user_id": "72"}, {**WHOLE, "id": 7}]
    with scripted({**SCRIPT, SUB_USERS: [answer({"success": True, "data": rows})]}) as server:
        outcome = polled(netnut(server.url, monkeypatch, reseller=True, sub_users=[70, 71, 72]))

    assert isinstance(outcome, Reading)
    assert [request.key for request in server.requests] == [LOGIN, MINE, SUB_USERS, "GET /customer/usage/70"]
    assert json.loads(server.requests[2].body) == {"planStatus": 1, "bySubUser": True}
    assert [line.rpartition('sub_user_id="')[2][:2] for line in used(outcome)[1:]] == ["70", "71", "72"]
    assert outcome.diagnostics.skipped == {"ambiguous": 1}


def test_a_reseller_reply_without_its_rows_is_drift_and_the_own_plans_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SCRIPT, SUB_USERS: [answer({"success": True, "token": "a-token"})]}) as server:
        outcome = polled(netnut(server.url, monkeypatch, reseller=True))

    assert isinstance(outcome, Reading)
    assert used(outcome) == ['netnut_gb_used{plan_id="1",product_type="ISP"} 1.5']
    assert outcome.diagnostics.drift == {("$.data", "missing"): 1}


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequest), (404, NotFound)])
def test_the_own_plans_cannot_be_done_without(status: int, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SCRIPT, MINE: [Answer(status)]}) as server:
        outcome = polled(netnut(server.url, monkeypatch, sub_users=[70]))

    assert type(outcome) is kind
