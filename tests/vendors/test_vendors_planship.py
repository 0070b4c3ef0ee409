"""What is Planship's own: its sign-in without a body, ids in the path, levers, entitlements, subscriptions."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from polled_accounts import SECRET, account_at, lines, polled
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.errors import NotFound, Unauthorized
from exporter.problems import ConfigError
from exporter.store.reading import Reading
from exporter.vendors import Account

TOKEN = "POST /api/v1/auth/token"
SIGN_IN: Mapping[str, Sequence[Scripted]] = {TOKEN: [answer({"access_token": "t", "expires_in": 3600})]}
OF_CUSTOMER = "GET /api/v1/customers/u1"
LEVER = f"{OF_CUSTOMER}/products/app/levers/clicks/usage"
METERING = f"{OF_CUSTOMER}/products/app/usage/clicking"
ENTITLEMENTS = f"{OF_CUSTOMER}/products/app/entitlements"


def usage(total: object, buckets: object = None, subscriptions: object = None) -> dict[str, Any]:
    return {"total": total, "by_bucket": buckets or {}, "by_subscription": subscriptions or {}}


def planship(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {
        "vendor": "planship",
        "name": "main",
        "base_url": "{base_url}",
        "client_id": "client-1",
        "client_secret": "${VENDOR_SECRET}",
        "customers": ["u1"],
        "products": [{"slug": "app", "levers": ["clicks"]}],
    }
    return account_at(url, monkeypatch, {**common, **settings})


def of(family: str, outcome: object) -> list[str]:
    assert isinstance(outcome, Reading), outcome
    return [line.removeprefix(family) for line in lines(outcome) if line.startswith(f"{family}{{")]


def test_the_token_is_asked_for_by_basic_authentication_and_with_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SIGN_IN, LEVER: [answer(usage(1))]}) as server:
        polled(planship(server.url, monkeypatch))

    sign_in, question = server.requests
    assert sign_in.key == TOKEN
    assert sign_in.headers["authorization"] == f"Basic {base64.b64encode(f'client-1:{SECRET}'.encode()).decode()}"
    assert sign_in.body == b""
    assert "content-type" not in sign_in.headers
    assert (question.key, question.headers["authorization"]) == (LEVER, "Bearer t")


def test_a_client_that_is_refused_is_not_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({TOKEN: [Answer(401)]}) as server:
        outcome = polled(planship(server.url, monkeypatch))

    assert isinstance(outcome, Unauthorized)
    assert [request.key for request in server.requests] == [TOKEN]


@pytest.mark.parametrize(("by_lever", "by_metering"), [(5, 5), (5, None), (None, 5), (5, "N/A")])
def test_a_lever_that_comes_twice_is_one_series_which_is_read_if_either_can_be(
    by_lever: object, by_metering: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = [{"slug": "app", "levers": ["clicks"], "metering_ids": ["clicking"]}]
    metered = answer({"clicks": usage(by_metering), "days": usage(2)})
    script = {**SIGN_IN, LEVER: [answer(usage(by_lever))], METERING: [metered]}
    with scripted(script) as server:
        outcome = polled(planship(server.url, monkeypatch, products=products))

    assert of("planship_lever_usage", outcome) == [
        '{product="app",customer_id="u1",lever="clicks"} 5.0',
        '{product="app",customer_id="u1",lever="days"} 2.0',
    ]
    assert isinstance(outcome, Reading)
    assert not outcome.diagnostics.skipped


@pytest.mark.parametrize(
    ("customer", "path"),
    [
        ("user+1@example.com", "user%2B1%40example.com"),
        ("team/blue", "team%2Fblue"),
        ("a b?c#d%e&f", "a%20b%3Fc%23d%25e%26f"),
        ("...", "..."),
        ("%2e%2e", "%252e%252e"),
        ("stripe:cus_1", "stripe%3Acus_1"),
        ("Zoë", "Zo%C3%AB"),
        (42, "42"),
    ],
)
def test_an_id_stands_in_the_path_as_one_segment(customer: object, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = f"GET /api/v1/customers/{path}/products/app/levers/clicks/usage"
    with scripted({**SIGN_IN, key: [answer(usage(1))]}) as server:
        outcome = polled(planship(server.url, monkeypatch, customers=[customer]))

    assert [request.key for request in server.requests] == [TOKEN, key]
    assert of("planship_lever_usage", outcome) == [f'{{product="app",customer_id="{customer}",lever="clicks"}} 1.0']


@pytest.mark.parametrize(
    "identifier", ["", ".", "..", "a\nb", "a\x00b", "a\x85b", "a\ud800b", "x" * 257, True, 1.5, None]
)
@pytest.mark.parametrize("place", ["customer", "product", "lever", "metering id"])
def test_an_id_that_would_lead_elsewhere_is_refused_in_the_configuration(
    identifier: object, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = {
        "slug": identifier if place == "product" else "app",
        "levers": [identifier if place == "lever" else "clicks"],
        "metering_ids": [identifier if place == "metering id" else "clicking"],
    }
    customers = [identifier if place == "customer" else "u1"]
    with pytest.raises(ConfigError, match="identifier"):
        planship("http://127.0.0.1", monkeypatch, customers=customers, products=[product])


@pytest.mark.parametrize(
    ("value", "shown"),
    [(58, ["58.0"]), (0, ["0.0"]), (-1, []), (-1.5, ["-1.5"]), ("7", ["7.0"])]
    + [(value, []) for value in (True, False, None, "many", [1], {"null": 10}, "", "NaN")],
)
def test_only_a_number_is_what_is_left(value: object, shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    script = {**SIGN_IN, LEVER: [answer(usage(1))], ENTITLEMENTS: [answer({"clicks": value, "seats": 3})]}
    with scripted(script) as server:
        outcome = polled(planship(server.url, monkeypatch, entitlements=True))

    label = '{product="app",customer_id="u1",lever="clicks"}'
    assert of("planship_entitlement_remaining", outcome) == [f"{label} {one}" for one in shown]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([{"usage": 3, "bucket": "a"}, {"usage": "2", "bucket": None}], ["5.0"]),
        ([{"usage": 0}], ["0.0"]),
        ([], []),
        ([{"usage": 3}, {"usage": None}], []),
        ([{"usage": 3}, {}], []),
        ([{"usage": 3}, "2"], []),
    ],
)
def test_a_subscriptions_usage_is_the_sum_of_its_buckets_or_unknown(
    rows: list[object], shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {
        **SIGN_IN,
        LEVER: [answer(usage(5, None, {"s1": rows}))],
        f"{OF_CUSTOMER}/subscriptions?product_slug=app": [answer([])],
    }
    with scripted(script) as server:
        outcome = polled(planship(server.url, monkeypatch, subscriptions=True))

    label = '{product="app",customer_id="u1",lever="clicks",subscription_id="s1"}'
    assert of("planship_lever_subscription_usage", outcome) == [f"{label} {one}" for one in shown]
    assert len(of("planship_lever_usage", outcome)) == 1


def test_buckets_and_subscriptions_are_not_shown_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = usage(5, {"someone@example.com": 5}, {"s1": [{"usage": 5}]})
    with scripted({**SIGN_IN, LEVER: [answer(reply)]}) as server:
        outcome = polled(planship(server.url, monkeypatch))

    assert lines(outcome) == ['planship_lever_usage{product="app",customer_id="u1",lever="clicks"} 5.0']
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("used_in", "shown", "ambiguous"),
    [(["app"], ["app"], 0), (["web"], ["web"], 0), (["app", "web"], ["app"], 0), ([], [], 1)],
)
def test_a_subscription_that_came_for_two_products_is_of_the_one_it_has_used(
    used_in: list[str], shown: list[str], ambiguous: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"subscription_id": "s1", "plan": {"slug": "pro"}, "renew_at": "2026-12-01T00:00:00Z"}
    script = dict(SIGN_IN)
    for product in ("app", "web"):
        used = {"s1": [{"usage": 1}]} if product in used_in else {}
        script[f"{OF_CUSTOMER}/products/{product}/levers/clicks/usage"] = [answer(usage(1, None, used))]
        script[f"{OF_CUSTOMER}/subscriptions?product_slug={product}"] = [answer([row])]
    products = [{"slug": product, "levers": ["clicks"]} for product in ("app", "web")]
    with scripted(script) as server:
        outcome = polled(planship(server.url, monkeypatch, products=products, subscriptions=True))

    assert of("planship_subscription_renew_timestamp_seconds", outcome) == [
        f'{{product="{product}",customer_id="u1",subscription_id="s1",plan="pro"}} 1796083200.0' for product in shown
    ]
    assert isinstance(outcome, Reading)
    assert outcome.diagnostics.skipped["ambiguous"] == ambiguous


def test_a_customer_who_is_gone_is_left_out_unless_it_was_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SIGN_IN, LEVER: [answer(usage(1))]}) as server:
        one_left = polled(planship(server.url, monkeypatch, customers=["gone", "u1"]))
        none_left = polled(planship(server.url, monkeypatch, customers=["gone"]))

    assert len(of("planship_lever_usage", one_left)) == 1
    assert isinstance(one_left, Reading)
    assert one_left.diagnostics.skipped == {"gone": 1}
    assert isinstance(none_left, NotFound)


@pytest.mark.parametrize("option", ["entitlements", "subscriptions"])
def test_usage_stays_when_nothing_else_can_be_had(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({**SIGN_IN, LEVER: [answer(usage(1))]}) as server:
        outcome = polled(planship(server.url, monkeypatch, **{option: True}))

    assert len(of("planship_lever_usage", outcome)) == 1
    assert isinstance(outcome, Reading)
    assert outcome.diagnostics.skipped == {"gone": 1}


def test_usage_is_never_reported_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    products = [{"slug": "app", "metering_ids": ["clicking"]}]
    with scripted({**SIGN_IN, METERING: [answer({"clicks": usage(1)})]}) as server:
        polled(planship(server.url, monkeypatch, products=products))

    assert [request.key for request in server.requests if request.method != "GET"] == [TOKEN]
    assert server.asked(METERING) == 1
