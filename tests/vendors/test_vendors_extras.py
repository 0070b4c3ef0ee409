"""What is asked beside the main figures: refused for good it costs them nothing, failing for now it fails the poll."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from polled_accounts import account_at, be_impatient, lines, polled
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.errors import PollError
from exporter.store.reading import Reading

Script = Mapping[str, Sequence[Scripted]]

PLAN = {"id": 1, "start_date": "2026-11-01", "end_date": "2026-12-01", "is_active": True, "product_type": "ISP"}
PLANS = answer({"success": True, "data": [{**PLAN, "total_requests_used": 3, "total_gb_used": 1.5}]})
CUSTOMER = "6f1c4c1e-5d55-4f0a-9a53-0c4b6fa7d0c1"
METER = {"meterId": "C01000", "meterDesc": "core", "quantity": {"quantity": "8", "unit": "1hour"}}
PERIOD = {"startDate": "2026-11-01", "endDate": "2026-11-20"}
USAGE = answer({**PERIOD, "datacenters": [{"id": None, "name": "", "location": "", "meters": [METER]}]})
LEVER = answer({"total": 5, "by_bucket": {}, "by_subscription": {}})

# Vendor and extra: settings, what answers the main question, what the extra asks, and the main family.
EXTRAS: dict[str, tuple[dict[str, Any], Script, str, str]] = {
    "netnut sub-users": (
        {"vendor": "netnut", "token": "${VENDOR_SECRET}", "sub_users": ["70"]},
        {"POST /customer/usage/myusage": [PLANS]},
        "GET /customer/usage/70",
        "netnut_gb_used",
    ),
    "netnut reseller": (
        {"vendor": "netnut", "token": "${VENDOR_SECRET}", "reseller": True},
        {"POST /customer/usage/myusage": [PLANS]},
        "POST /customer/usage/",
        "netnut_gb_used",
    ),
    "ionos prices": (
        {"vendor": "ionos", "token": "${VENDOR_SECRET}", "contracts": [12345], "cost": True},
        {"GET /12345/usage?period=2026-11": [USAGE]},
        "GET /12345/products",
        "ionos_meter_quantity",
    ),
    "ionos limits": (
        {"vendor": "ionos", "token": "${VENDOR_SECRET}", "contracts": [12345], "limits": True},
        {"GET /12345/usage?period=2026-11": [USAGE]},
        "GET /cloudapi/v6/contracts?depth=1",
        "ionos_meter_quantity",
    ),
    "prolifi entitlements": (
        {"vendor": "prolifi", "api_key": "${VENDOR_SECRET}", "customers": [CUSTOMER], "entitlements": True},
        {f"GET /customers/{CUSTOMER}/usage": [answer({"data": [{"event_name": "e", "count": 3}]})]},
        f"GET /customers/{CUSTOMER}/entitlements",
        "prolifi_event_count",
    ),
    "planship subscriptions": (
        {
            "vendor": "planship",
            "client_id": "c",
            "client_secret": "${VENDOR_SECRET}",
            "customers": ["u"],
            "products": [{"slug": "p", "levers": ["l"]}],
            "subscriptions": True,
        },
        {
            "POST /api/v1/auth/token": [answer({"access_token": "t", "expires_in": 3600})],
            "GET /api/v1/customers/u/products/p/levers/l/usage": [LEVER],
        },
        "GET /api/v1/customers/u/subscriptions?product_slug=p",
        "planship_lever_usage",
    ),
    "planship names": (
        {
            "vendor": "planship",
            "client_id": "c",
            "client_secret": "${VENDOR_SECRET}",
            "customers": ["u"],
            "products": [{"slug": "p", "levers": ["l"]}],
            "names": True,
        },
        {
            "POST /api/v1/auth/token": [answer({"access_token": "t", "expires_in": 3600})],
            "GET /api/v1/customers/u/products/p/levers/l/usage": [LEVER],
            "GET /api/v1/products/p": [answer({"slug": "p", "name": "Product"})],
        },
        "GET /api/v1/products/p/levers",
        "planship_lever_usage",
    ),
}


def polled_with(extra: str, reply: Answer, monkeypatch: pytest.MonkeyPatch) -> tuple[Reading | PollError, str]:
    settings, main, question, family = EXTRAS[extra]
    with scripted({**main, question: [reply]}) as server:
        account = account_at(server.url, monkeypatch, {"name": "main", "base_url": "{base_url}", **settings})
        return polled(account), family


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize(
    "reply",
    [Answer(400), Answer(401), Answer(403), Answer(404), Answer(422), answer([]), answer({"data": 5, "products": 5})],
    ids=["400", "401", "403", "404", "422", "another shape", "another type"],
)
def test_an_extra_that_is_refused_leaves_the_main_figures(
    extra: str, reply: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, family = polled_with(extra, reply, monkeypatch)

    assert isinstance(outcome, Reading), outcome
    assert [line for line in lines(outcome) if line.startswith(f"{family}{{")]
    noticed = sum(outcome.diagnostics.skipped.values()) + sum(outcome.diagnostics.drift.values())
    assert noticed or (extra.startswith("planship") and reply.status == 200)


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("reply", [Answer(500), Answer(200, body=b"<html>later</html>")], ids=["500", "HTML"])
def test_an_extra_that_may_come_back_fails_the_poll_so_that_the_last_good_reading_stays_whole(
    extra: str, reply: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_impatient(monkeypatch)
    outcome, _ = polled_with(extra, reply, monkeypatch)

    assert isinstance(outcome, PollError)
    assert outcome.transient


def test_a_lever_that_is_not_metered_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, main, _, _ = EXTRAS["planship subscriptions"]
    products = [{"slug": "p", "levers": ["l", "flag"]}]
    script = {**main, "GET /api/v1/customers/u/products/p/levers/flag/usage": [Answer(422)]}
    with scripted(script) as server:
        given = {"name": "main", "base_url": "{base_url}", **settings, "products": products, "subscriptions": False}
        outcome = polled(account_at(server.url, monkeypatch, given))

    assert isinstance(outcome, Reading), outcome
    assert lines(outcome) == ['planship_lever_usage{product="p",customer_id="u",lever="l"} 5.0']
    assert outcome.diagnostics.skipped == {"gone": 1}
    assert outcome.diagnostics.left_out == {
        f"GET {server.url}/api/v1/customers/u/products/p/levers/flag/usage: HTTP 422"
    }


def test_a_subscription_that_two_customers_share_renews_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, main, _, _ = EXTRAS["planship subscriptions"]
    row = {"subscription_id": "s", "plan": {"slug": "pro"}, "renew_at": "2026-12-01T00:00:00Z"}
    script = {
        **main,
        "GET /api/v1/customers/v/products/p/levers/l/usage": [LEVER],
        **{f"GET /api/v1/customers/{one}/subscriptions?product_slug=p": [answer([row])] for one in "uv"},
    }
    with scripted(script) as server:
        given = {"name": "main", "base_url": "{base_url}", **settings, "customers": ["u", "v"]}
        outcome = polled(account_at(server.url, monkeypatch, given))

    renewals = [line for line in lines(outcome) if line.startswith("planship_subscription_renew")]
    assert [line.split('customer_id="')[1][0] for line in renewals] == ["u", "v"]


@pytest.mark.parametrize(
    ("price_unit", "unit", "cost"),
    [
        ("1G*30Days", "1G*30Days", 0.8),
        ("1 GB * 30 days", "1G*30Days", 0.8),
        (None, "1G*30Days", 0.8),
        ("1G*30Days", "1G*1hour", None),
        ("1hour", "30Days", None),
    ],
)
def test_a_quantity_costs_the_price_of_its_own_unit(
    price_unit: str | None, unit: str, cost: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _, question, _ = EXTRAS["ionos prices"]
    row = {"meterId": "C01000", "unit": price_unit, "unitCost": {"quantity": "0.1", "unit": "EUR"}}
    meter = {**METER, "quantity": {"quantity": "8", "unit": unit}}
    usage = answer({**PERIOD, "datacenters": [{"id": None, "meters": [meter]}]})
    with scripted({"GET /12345/usage?period=2026-11": [usage], question: [answer({"products": [row]})]}) as server:
        outcome = polled(account_at(server.url, monkeypatch, {"name": "main", "base_url": "{base_url}", **settings}))

    costs = [float(line.rsplit(" ", 1)[1]) for line in lines(outcome) if line.startswith("ionos_estimated_cost")]
    assert costs == ([] if cost is None else [cost])


def test_a_discovered_contract_that_is_not_for_this_user_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = answer({"companies": [{"contractId": "12345"}, {"contractId": "23456"}]})
    script = {
        "GET /profile": [profile],
        "GET /12345/usage?period=2026-11": [USAGE],
        "GET /23456/usage?period=2026-11": [Answer(403)],
    }
    with scripted(script) as server:
        given = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
        outcome = polled(account_at(server.url, monkeypatch, given))

    assert isinstance(outcome, Reading), outcome
    assert outcome.diagnostics.skipped == {"gone": 1}


def test_a_feature_is_called_by_whichever_name_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, main, question, _ = EXTRAS["prolifi entitlements"]
    names: list[dict[str, Any]] = [
        {"feature_id": None, "feature_key": "a"},
        {"feature": {"id": None, "key": "b"}},
        {"feature": {"id": "c", "key": "x"}},
        {"feature": "d"},
        {"feature_id": "e", "feature_key": "x"},
    ]
    reply = answer({"data": [{**name, "current_usage": 1, "is_unlimited": False} for name in names]})
    with scripted({**main, question: [reply]}) as server:
        outcome = polled(account_at(server.url, monkeypatch, {"name": "main", "base_url": "{base_url}", **settings}))

    used = [line for line in lines(outcome) if line.startswith("prolifi_entitlement_used")]
    assert [line.split('feature="')[1][0] for line in used] == list("abcde")
