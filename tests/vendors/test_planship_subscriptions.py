"""Planship's subscriptions: whose they are, and when their periods begin and end."""

from typing import Any

import pytest
from planship_replies import planship, script, subscription, usage
from polled_accounts import lines, polled
from polled_quotas import polled_quotas
from quota_samples import shown
from scripted_vendor import scripted

from exporter.store.reading import Reading

RENEWED, RENEWS = 1793491200.0, 1796083200.0
"""2026-11-01 and 2026-12-01."""


def periods(reading: object) -> list[str]:
    """The series about periods of subscriptions, without the beginning and the end of their names."""
    assert isinstance(reading, Reading), reading
    found = [line for line in lines(reading) if line.startswith("planship_subscription_")]
    return [line.removeprefix("planship_subscription_").replace("_timestamp_seconds", "") for line in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"renew": RENEWS, "last_renewed": RENEWED}),
        ({"auto_renew": False}, {"last_renewed": RENEWED}),
        ({"is_active": False}, {}),
        ({"is_active": False, "auto_renew": False}, {}),
        ({"renew_at": None}, {"last_renewed": RENEWED}),
        ({"last_renewed_at": None}, {"renew": RENEWS}),
    ],
)
def test_only_what_is_active_has_a_period_and_only_what_renews_has_its_end(
    changes: dict[str, Any], expected: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_plan = {"name": "clicks", "metric": "planship_lever_usage", "limit": 50, "period": "plan"}
    with scripted(script([usage(7)], [93], [{**subscription(), **changes}])) as server:
        account = planship(server.url, monkeypatch, subscriptions=True, quotas=[by_plan])
        reading, quotas = polled(account), polled_quotas(account)

    label = '{product="app",customer_id="u1",subscription_id="s1",plan="pro"}'
    assert periods(reading) == [f"{name}{label} {value}" for name, value in expected.items()]
    period = {"renew": "period_end", "last_renewed": "period_start"}
    assert shown(quotas)["clicks", "main", ""] == {
        "used": 7,
        "limit": 50,
        "consumed_total": 0,
        **{period[name]: value for name, value in expected.items()},
    }


@pytest.mark.parametrize(
    ("used_by", "listed", "expected", "ambiguous"),
    [
        (["s1"], ["s1", "of-another-product"], ["s1"], 1),
        ([], ["s1"], ["s1"], 0),
        ([], ["s1", "of-another-product"], [], 2),
        (["s1"], ["of-another-product"], [], 1),
        (["s1", "s2"], ["s1", "s2"], ["s1", "s2"], 0),
    ],
)
def test_a_subscription_of_another_product_is_not_shown_under_this_one(
    used_by: list[str], listed: list[str], expected: list[str], ambiguous: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = script([usage(7, subscriptions=used_by)], [93], [subscription(one) for one in listed])
    with scripted(replies) as server:
        reading = polled(planship(server.url, monkeypatch, subscriptions=True))

    assert {line.split('"')[5] for line in periods(reading)} == set(expected)
    assert isinstance(reading, Reading)
    assert reading.diagnostics.skipped["ambiguous"] == ambiguous
