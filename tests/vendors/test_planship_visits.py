"""Planship's customers: one visit each, limits that are real, and sums of which no part is missing."""

from collections.abc import Sequence

import pytest
from planship_replies import (
    CUSTOMER,
    ENTITLEMENTS,
    LEVER,
    TOKEN,
    Rows,
    planship,
    quotas_of,
    script,
    subscription,
    usage,
)
from polled_accounts import polled
from quota_samples import shown
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.client.rate_limit import MAX_IN_FLIGHT

QUOTA = ("app/clicks", "u1", "")


def test_a_customer_is_asked_about_in_one_visit_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    customers = [f"c{number}" for number in range(3 * MAX_IN_FLIGHT)]
    replies: dict[str, list[Scripted]] = {"POST /api/v1/auth/token": [TOKEN]}
    for customer in customers:
        path = f"GET /api/v1/customers/{customer}"
        replies[f"{path}/products/app/levers/clicks/usage"] = [answer(usage(1))]
        replies[f"{path}/products/app/entitlements"] = [answer({"clicks": 9})]
        replies[f"{path}/subscriptions?product_slug=app"] = [answer([subscription()])]
    with scripted(replies) as server:
        polled(planship(server.url, monkeypatch, customers=customers, subscriptions=True))

    asked = [request.target.split("/")[4:] for request in server.requests[1:]]
    for customer in customers:
        own = [number for number, (whose, *_) in enumerate(asked) if whose == customer]
        assert [asked[number][-1].partition("?")[0] for number in own] == ["usage", "entitlements", "subscriptions"]
        assert own[-1] - own[0] < 4 * MAX_IN_FLIGHT


@pytest.mark.parametrize(
    ("readings", "limit"),
    [
        pytest.param([(7187, 92813)], 100000, id="use and rest of one moment"),
        pytest.param([(7187, 92813), (7190, 85626)], 100000, id="of different moments"),
        pytest.param([(99, 1), (99, 100)], 100, id="the rest of the new period, beside the old one's use"),
        pytest.param([(99, 1), (99, 100), (0, 100)], 100, id="and then the new one's use"),
        pytest.param([(99, 1), (100, 100), (101, 99)], 200, id="a larger plan"),
        pytest.param([(5, 0)], 5, id="nothing left"),
        pytest.param([(0, 0)], 0, id="no access"),
        pytest.param([(5, -1)], None, id="without limit"),
        pytest.param([(5, 95), (6, -1)], None, id="without limit from now on"),
        pytest.param([(100, 0), (101, -1)], 100, id="overdrawn by one"),
    ],
)
def test_a_limit_is_what_is_used_and_left_and_a_changed_one_is_believed_when_said_twice(
    readings: Sequence[tuple[int, int]], limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = script([usage(used) for used, _ in readings], [left for _, left in readings])
    quotas = quotas_of(monkeypatch, replies, len(readings))

    assert shown(quotas)[QUOTA].get("limit") == limit
    assert shown(quotas)[QUOTA]["used"] == readings[-1][0]


@pytest.mark.parametrize(
    ("used", "listed", "limit"),
    [
        pytest.param(usage(7), [], 100, id="one that has used"),
        pytest.param(usage(7, subscriptions=()), [], 100, id="none that has used"),
        pytest.param(usage(7), [subscription()], 100, id="one"),
        pytest.param(usage(7), [subscription(), subscription("s2", is_active=False)], 100, id="one that is active"),
        pytest.param(usage(7, subscriptions=["s1", "s2"]), [], None, id="two that have used"),
        pytest.param(usage(7, {"a": 3, "b": 4}), [], None, id="two buckets"),
        pytest.param(usage(7, {"a": 7}), [], None, id="one bucket of a name"),
        pytest.param(usage(7, {"null": 4, "a": 3}), [], None, id="some in no bucket"),
        pytest.param(usage(7, {}), [], 100, id="no bucket"),
        pytest.param({**usage(7), "by_bucket": None}, [], None, id="buckets that cannot be read"),
        pytest.param({**usage(7), "by_subscription": {"s1": [], "s2": 5}}, [], None, id="subscriptions likewise"),
    ],
)
def test_no_limit_is_made_of_a_rest_that_is_of_another_use(
    used: object, listed: Rows, limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = quotas_of(monkeypatch, script([used], [93], listed), subscriptions=True)

    assert shown(quotas) == {
        QUOTA: {"used": 7, "consumed_total": 0, **({} if limit is None else {"limit": limit})},
    }


def test_two_active_subscriptions_of_a_product_make_no_limit_though_one_has_used_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    products = [{"slug": "app", "levers": ["clicks", "jobs"]}]
    replies = script([usage(7, subscriptions=["s1"])], [93], [subscription(), subscription("s2")])
    replies[f"GET {CUSTOMER}/products/app/levers/jobs/usage"] = [answer(usage(2, subscriptions=["s2"]))]
    quotas = quotas_of(monkeypatch, replies, subscriptions=True, products=products)

    assert shown(quotas)[QUOTA] == {"used": 7, "consumed_total": 0}


METERING = f"GET {CUSTOMER}/products/app/usage/all"
BY_METERING = [{"slug": "app", "metering_ids": ["all"]}]


@pytest.mark.parametrize(
    ("reply", "hidden"),
    [
        ({"clicks": usage(7), "jobs": usage(3)}, []),
        ({"clicks": usage(7), "jobs": {**usage(3), "total": None}}, ["all"]),
        ({"clicks": usage(7), "jobs": usage(3, {"a": 3, "b": None})}, ["bucket"]),
        ({"clicks": usage(7), "jobs": {**usage(3), "by_bucket": "-"}}, ["bucket"]),
        ({"clicks": usage(7), "jobs": {**usage(3), "by_subscription": {"s1": [{"usage": None}]}}}, ["subscription"]),
        ({"clicks": usage(7), "jobs": {**usage(3), "by_subscription": {"s1": 5}}}, ["subscription"]),
        ({"clicks": usage(7), "jobs": 5}, ["all", "bucket", "subscription"]),
    ],
    ids=["whole", "total", "bucket", "buckets", "use of a subscription", "subscription", "lever"],
)
def test_a_sum_is_not_shown_while_a_part_of_it_cannot_be_read(
    reply: object, hidden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = {"all": "lever_usage", "bucket": "lever_bucket_usage", "subscription": "lever_subscription_usage"}
    quotas = [{"name": name, "metric": f"planship_{metric}", "limit": 50} for name, metric in metrics.items()]
    replies = script([], [], [subscription()])
    replies |= {ENTITLEMENTS: [answer({})], METERING: [answer(reply)]}
    watched = quotas_of(monkeypatch, replies, products=BY_METERING, buckets=True, subscriptions=True, quotas=quotas)

    assert {name for name, _, _ in shown(watched)} == metrics.keys() - hidden


def test_a_lever_whose_answer_cannot_be_read_is_missing_from_every_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    products = [{"slug": "app", "levers": ["clicks", "jobs"]}]
    quotas = [
        {"name": "all", "metric": "planship_lever_usage", "limit": 50},
        {"name": "buckets", "metric": "planship_lever_bucket_usage", "limit": 50},
        {"name": "clicks", "metric": "planship_lever_usage", "match": {"lever": "clicks"}, "limit": 50},
    ]
    replies = script([usage(7)], [93])
    replies[f"GET {CUSTOMER}/products/app/levers/jobs/usage"] = [answer([])]
    watched = quotas_of(monkeypatch, replies, products=products, buckets=True, quotas=quotas)

    assert {name for name, _, _ in shown(watched)} == {"app/clicks", "clicks"}
    assert watched.withheld == {
        ("all", "unreadable"): 1,
        ("buckets", "unreadable"): 1,
        ("app/jobs", "unreadable"): 1,
    }


def test_a_customer_without_any_usage_is_asked_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = script([Answer(404)], [93], [subscription()])
    other = f"GET {CUSTOMER[:-2]}c2/products/app/levers/clicks/usage"
    with scripted({**replies, other: [answer(usage(1))]}) as server:
        polled(planship(server.url, monkeypatch, customers=["u1", "c2"], subscriptions=True))

    assert [request.target for request in server.requests if request.target.startswith(CUSTOMER)] == [LEVER[4:]]
