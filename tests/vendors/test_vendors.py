"""The same questions asked of every vendor: what its recorded replies become, and what it may ask for."""

import re

import pytest
from polled_accounts import SECRET, account_at, page, polled
from recorded_replies import RECORDED, expected_page, recorded_replies, recorded_script, recorded_settings
from scripted_vendor import scripted

from exporter.store.reading import Reading
from exporter.vendors import VENDOR_FAMILIES, VENDORS
from exporter.vendors.reply import Diagnostics

# What the vendors document, of which we may ask; {} is one segment of a path. Of others, what was recorded.
DOCUMENTED = {
    **{vendor: set(recorded_replies(vendor)) for vendor in VENDORS},
    "netnut": {
        "POST /v1/auth/login",
        "POST /v1/customer/usage/myusage",
        "POST /v1/customer/usage/",
        "GET /v1/customer/usage/{}",
    },
    "ionos": {
        "GET /billing/profile",
        "GET /billing/{}/products",
        "GET /billing/{}/usage?period=2026-11",
        "GET /billing/{}/usage?period=2026-10",
        "GET /cloudapi/v6/contracts?depth=1",
    },
    "prolifi": {
        "GET /api/v1/public/customers?limit=100&offset={}",
        "GET /api/v1/public/customers/{}/usage?start_date=2026-11-01&end_date=2026-11-21",
        "GET /api/v1/public/customers/{}/entitlements",
    },
    "planship": {
        "POST /api/v1/auth/token",
        "GET /api/v1/customers/{}/products/{}/levers/{}/usage",
        "GET /api/v1/customers/{}/products/{}/usage/{}",
        "GET /api/v1/customers/{}/products/{}/entitlements",
        "GET /api/v1/customers/{}/subscriptions?product_slug={}",
        "GET /api/v1/products/{}",
        "GET /api/v1/products/{}/levers",
    },
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_recorded_replies_become_this_page(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(recorded_script(vendor)) as server:
        account = account_at(server.url, monkeypatch, recorded_settings(vendor))
        outcome = polled(account)

    assert page(account, outcome) == expected_page(vendor)
    assert isinstance(outcome, Reading)
    assert outcome.diagnostics == Diagnostics()


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_documented_calls_are_made_and_each_of_them_once(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = {call: re.compile(re.escape(call).replace(r"\{\}", "[^/?&]+")) for call in DOCUMENTED[vendor]}
    with scripted(recorded_script(vendor)) as server:
        outcome = polled(account_at(server.url, monkeypatch, recorded_settings(vendor)))

    asked = [request.key for request in server.requests]
    made = {call for key in asked for call, pattern in patterns.items() if pattern.fullmatch(key)}
    assert isinstance(outcome, Reading)
    assert [key for key in asked if not any(pattern.fullmatch(key) for pattern in patterns.values())] == []
    assert made == DOCUMENTED[vendor]
    questions = [(request.key, request.headers.get("x-contract-number")) for request in server.requests]
    assert len(questions) == len(set(questions))


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_secret_stands_in_a_url(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(recorded_script(vendor)) as server:
        polled(account_at(server.url, monkeypatch, recorded_settings(vendor)))

    assert server.requests
    assert [request.target for request in server.requests if SECRET in request.target] == []


def test_the_recorded_replies_cover_every_family() -> None:
    lines = [line for vendor in VENDORS for line in expected_page(vendor).splitlines()]

    assert {line.partition("{")[0] for line in lines} == {family.name for family in VENDOR_FAMILIES}


def test_every_vendor_has_recorded_replies_and_no_other_has() -> None:
    assert {file.parent.name for file in RECORDED.glob("*/replies.json")} == set(VENDORS)
