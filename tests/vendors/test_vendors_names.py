"""What each vendor calls things, beside their ids: only where it says so, and never the names of people."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from planship_replies import TOKEN, planship, usage
from polled_accounts import NOW, account_at, lines, page, polled, polled_at
from recorded_replies import recorded_script, recorded_settings
from scripted_vendor import Scripted, answer, scripted

from exporter.errors import PollError
from exporter.store.reading import Reading
from exporter.vendors import VENDORS, Account
from exporter.vendors.planship.account import Planship

USAGE = {"startDate": "2026-11-01", "endDate": "2026-11-20", "datacenters": []}
CENTRE = "a1f1b5de-1c7e-4d5a-9b53-f3b52f2a7d01"
CUSTOMER = "0b0f6f52-6d3c-4f0e-8a11-5c1d9be2a001"
Script = Mapping[str, Sequence[Scripted]]


def infos(outcome: Reading | PollError, family: str) -> list[str]:
    """The labels of a family's series."""
    assert isinstance(outcome, Reading), outcome
    return [line.partition("{")[2].partition("}")[0] for line in lines(outcome) if line.startswith(f"{family}{{")]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_is_asked_for_names_only_where_that_is_set(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {}
    for names in (True, False):
        with scripted(recorded_script(vendor)) as server:
            account = account_at(server.url, monkeypatch, {**recorded_settings(vendor), "names": names})
            pages[names] = page(account, polled(account)).splitlines()

    optional = {family.name for family in VENDORS[vendor].reported if family.option == "names"}
    assert pages[False] == [line for line in pages[True] if line.partition("{")[0] not in optional]
    assert {source.family.name for source in VENDORS[vendor].name_sources} >= optional


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"reference": "Shop"}, ['contract="12345",reference="Shop"']),
        ({"reference": None}, []),
        ({"reference": ""}, []),
        ({}, []),
    ],
)
def test_a_contract_is_called_what_its_owner_called_it(
    said: Mapping[str, object], shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = {"contractId": 12345, **said}
    script: Script = {
        "GET /12345/usage/null?period=2026-11": [answer({**USAGE, "metadata": {"contractId": 12345}})],
        f"GET /12345/usage/{CENTRE}?period=2026-11": [answer({**USAGE, "metadata": metadata})],
    }
    with scripted(script) as server:
        given = {"vendor": "ionos", "name": "main", "token": "${VENDOR_SECRET}", "base_url": "{base_url}"}
        settings = {"contracts": [12345], "datacenters": [None, CENTRE], "names": True}
        outcome = polled(account_at(server.url, monkeypatch, {**given, **settings}))

    assert infos(outcome, "ionos_contract_info") == shown


def prolifi(
    monkeypatch: pytest.MonkeyPatch, customer: object, *features: object, **settings: Any
) -> Reading | PollError:
    """What is read of one customer."""
    script: Script = {
        "GET /customers?limit=100&offset=0": [answer({"data": [customer]})],
        f"GET /customers/{CUSTOMER}/usage": [answer({"data": []})],
        f"GET /customers/{CUSTOMER}/entitlements": [answer({"data": list(features)})],
    }
    common = {"vendor": "prolifi", "name": "main", "base_url": "{base_url}", "api_key": "${VENDOR_SECRET}"}
    chosen = {"discover": True, "entitlements": True, "names": True}
    with scripted(script) as server:
        return polled(account_at(server.url, monkeypatch, {**common, **chosen, **settings}))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"type": "business", "company_name": "Shop"}, "Shop"),
        ({"type": "individual", "company_name": "Ada Byron"}, None),
        ({"type": None, "company_name": "Ada Byron"}, None),
        ({"company_name": "Ada Byron"}, None),
        ({"type": "business", "company_name": None}, None),
        ({"type": "business", "company_name": ""}, None),
        ({"type": "business", "company_name": 5}, None),
        ({"type": "business"}, None),
    ],
)
def test_a_customer_has_a_name_if_it_is_a_company(
    said: Mapping[str, object], name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com"}
    outcome = prolifi(monkeypatch, {"id": CUSTOMER, **person, **said})

    assert infos(outcome, "prolifi_customer_info") == ([f'customer_id="{CUSTOMER}",name="{name}"'] if name else [])
    assert [line for line in lines(outcome) if "Byron" in line or "ada@" in line] == []


def test_customers_that_are_listed_have_names_and_those_that_are_configured_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = {"id": CUSTOMER, "type": "business", "company_name": "Shop"}
    outcome = prolifi(monkeypatch, shop, discover=False, customers=[CUSTOMER])

    assert isinstance(outcome, Reading)
    assert infos(outcome, "prolifi_customer_info") == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"feature_id": "f", "feature_name": "Calls"}, "Calls"),
        ({"feature": {"id": "f", "name": "Calls"}}, "Calls"),
        ({"feature_id": "f", "feature_name": None}, None),
        ({"feature_id": "f", "feature_name": ["Calls"]}, None),
        ({"feature_id": "f"}, None),
    ],
)
def test_a_feature_has_the_name_that_the_answer_says(
    said: Mapping[str, object], name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = prolifi(monkeypatch, {"id": CUSTOMER}, {**said, "current_usage": 1, "limit": 5})

    shown = [f'customer_id="{CUSTOMER}",feature="f",name="{name}"'] if name else []
    assert infos(outcome, "prolifi_entitlement_info") == shown


LEVER = "GET /api/v1/customers/u1/products/app/levers/clicks/usage"
PRODUCT = "GET /api/v1/products/app"


def levers(*given: object) -> dict[str, Sequence[Scripted]]:
    return {
        "POST /api/v1/auth/token": [TOKEN],
        LEVER: [answer(usage(5))],
        PRODUCT: [answer({"slug": "app", "name": "App"})],
        f"{PRODUCT}/levers": [answer(list(given))],
    }


def named(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    return planship(url, monkeypatch, entitlements=False, names=True, **settings)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ([{"slug": "clicks", "name": "Clicks"}], {"clicks": "Clicks"}),
        ([{"slug": "clicks", "name": "Clicks"}, {"slug": "clicks", "name": "Others"}], {"clicks": "Clicks"}),
        ([{"slug": "clicks", "name": None}, {"slug": "jobs", "name": "Jobs"}], {"jobs": "Jobs"}),
        ([{"slug": "clicks", "name": ""}, {"name": "Jobs"}, 5], {}),
        ([], {}),
    ],
)
def test_a_lever_has_the_name_that_the_list_says(
    given: list[object], names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(levers(*given)) as server:
        outcome = polled(named(server.url, monkeypatch))

    shown = [f'product="app",lever="{lever}",name="{name}"' for lever, name in names.items()]
    assert infos(outcome, "planship_lever_info") == shown
    assert infos(outcome, "planship_product_info") == ['product="app",name="App"']


def test_products_and_levers_are_asked_for_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(levers({"slug": "clicks", "name": "Clicks"})) as server:
        outcomes = polled_at(named(server.url, monkeypatch), *(NOW + timedelta(hours=12 * half) for half in range(4)))
        asked = [server.asked(PRODUCT), server.asked(f"{PRODUCT}/levers")]

    assert [len(infos(one, "planship_lever_info")) for one in outcomes] == [1] * 4
    assert asked == [2, 2]


def test_the_requests_for_names_are_counted_among_those_of_a_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    account = named("http://127.0.0.1", monkeypatch)

    assert account.max_request_count == 1 + 2
    assert isinstance(account, Planship)
    assert account.has_account_metrics
    assert not account.model_copy(update={"names": False}).has_account_metrics
