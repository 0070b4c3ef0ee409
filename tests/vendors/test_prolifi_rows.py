"""Rows of Prolifi's that come twice, lack something or cannot be read: what is shown, and what a sum then knows."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from polled_accounts import account_at, lines, polled
from polled_quotas import polled_quotas
from quota_samples import shown
from scripted_vendor import answer, scripted

from exporter.errors import Malformed, PollError
from exporter.store.reading import Reading
from exporter.vendors import Account

A, B = (f"0b0f6f52-6d3c-4f0e-8a11-5c1d9be2a00{number}" for number in range(2))
SUM_OF_EVENTS = {"name": "calls", "metric": "prolifi_event_count", "limit": 1000}
SUM_OF_USE = {"name": "use", "metric": "prolifi_entitlement_used", "match": {"feature": "api"}, "limit": 1000}
DAY = 1793491200.0  # 2026-11-01


def row(count: Any, last: str | None = None, name: Any = "call") -> dict[str, Any]:
    return {"event_name": name, "count": count, "last_reported_at": last}


def feature(**fields: Any) -> dict[str, Any]:
    return {"feature_id": "api", **fields}


@contextmanager
def prolifi(
    monkeypatch: pytest.MonkeyPatch,
    events: Mapping[str, Any],
    entitlements: Mapping[str, Any] | None = None,
    *quotas: Mapping[str, Any],
) -> Iterator[Account]:
    script = {f"GET /customers/{one}/usage": [answer({"data": rows})] for one, rows in events.items()}
    for one, rows in (entitlements or {}).items():
        script[f"GET /customers/{one}/entitlements"] = [answer({"data": rows})]
    with scripted(script) as server:
        settings: dict[str, Any] = {
            "vendor": "prolifi",
            "name": "main",
            "base_url": "{base_url}",
            "api_key": "${VENDOR_SECRET}",
            "customers": list(events),
            "entitlements": entitlements is not None,
            "quotas": quotas,
        }
        yield account_at(server.url, monkeypatch, settings)


def values(outcome: Reading | PollError, customer: str = A) -> dict[str, float]:
    """The figures of a customer's one event or feature, by family."""
    found = (line.rsplit(" ", 1) for line in lines(outcome) if customer in line)
    return {name.partition("{")[0].removeprefix("prolifi_"): float(value) for name, value in found}


def used(account: Account, quota: str) -> float | None:
    return next((one["used"] for key, one in shown(polled_quotas(account)).items() if key[0] == quota), None)


@pytest.mark.parametrize(
    ("rows", "count", "last"),
    [
        ([row(5), row(5)], 5.0, None),
        ([row(5, "2026-11-01T00:00:00Z"), row(9)], 5.0, DAY),
        ([row(5, "2026-11-01T00:00:00Z"), row(9, "2026-11-02T00:00:00Z")], 9.0, DAY + 86_400),
        ([row(9), row(None)], 9.0, None),
        ([row(9), row(5), row("N/A", "2026-11-01T00:00:00Z")], None, DAY),
        ([row(5), row(9), row(7)], 9.0, None),
    ],
    ids=["the same", "one is dated", "the later", "one has no figure", "the later has no figure", "the most"],
)
def test_of_an_event_that_comes_twice_one_row_is_shown_whole_in_any_order(
    rows: list[dict[str, Any]], count: float | None, last: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for order in itertools.permutations(rows):
        with prolifi(monkeypatch, {A: order}) as account:
            outcome = polled(account)

        found = values(outcome)
        assert isinstance(outcome, Reading)
        assert (found.get("event_count"), found.get("event_last_reported_timestamp_seconds")) == (count, last)
        assert outcome.diagnostics.skipped["duplicate"] == len(rows) - 1


@pytest.mark.parametrize(
    ("rows", "use", "limit"),
    [
        ([feature(limit=10, current_usage=4), feature(limit=20, current_usage=4)], 4.0, 20.0),
        ([feature(limit=10, current_usage=4), feature(limit=20, current_usage=None)], 4.0, 10.0),
        ([feature(limit=10, current_usage=4), feature(is_unlimited=True, limit=None, current_usage=4)], 4.0, None),
        ([feature(limit=10, current_usage=4), feature(limit=-1, current_usage=4)], 4.0, None),
        ([feature(limit=10, current_usage=4), feature(limit=10, current_usage=6)], 6.0, 10.0),
    ],
    ids=["the higher limit", "one has no figure", "one is unlimited", "one has -1", "more use"],
)
def test_of_a_feature_that_comes_twice_the_most_generous_row_is_shown_whole(
    rows: list[dict[str, Any]], use: float, limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for order in itertools.permutations(rows):
        with prolifi(monkeypatch, {A: []}, {A: order}) as account:
            found, quotas = values(polled(account)), shown(polled_quotas(account))

        assert (found.get("entitlement_used"), found.get("entitlement_limit")) == (use, limit)
        assert [(one["used"], one.get("limit")) for one in quotas.values()] == [(use, limit)]


@pytest.mark.parametrize(
    ("events", "total"),
    [
        ({A: [row(990)], B: [row(10)]}, 1000.0),
        ({A: [row(990)], B: []}, 990.0),
        ({A: [row(990)], B: [row(None)]}, None),
        ({A: [row(990)], B: [row("N/A")]}, None),
        ({A: [row(990)], B: [{"event_name": "call"}]}, None),
        ({A: [row(990)], B: [row(10, name=None), row(5, name="other")]}, None),
        ({A: [row(990)], B: None}, None),
    ],
    ids=["both", "one has none", "null", "a text", "missing", "nameless", "no list"],
)
def test_a_sum_of_events_is_shown_only_where_each_is_known(
    events: Mapping[str, Any], total: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prolifi(monkeypatch, events, None, SUM_OF_EVENTS) as account:
        assert used(account, "calls") == total


@pytest.mark.parametrize(
    ("other", "total"),
    [
        (feature(limit=10, current_usage=5), 9.0),
        (feature(limit=10, current_usage=None), None),
        (feature(limit=10, current_usage="many"), None),
        (feature(is_unlimited=True, current_usage=None), None),
        (feature(current_usage="many"), None),
        (feature(is_unlimited=False, limit=None, current_usage=None, remaining=None, reset_at=None), 4.0),
        (feature(), 4.0),
        ({"feature_id": None, "limit": 10, "current_usage": 5}, None),
        ({"feature_id": "seats", "limit": 10, "current_usage": None}, 4.0),
    ],
    ids=[
        *("known", "null beside a limit", "a text", "unlimited and null", "a text alone", "on or off, with nulls"),
        *("on or off", "nameless", "of another feature"),
    ],
)
def test_a_sum_of_entitlements_lacks_those_that_are_metered_and_cannot_be_read(
    other: dict[str, Any], total: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, third = feature(limit=10, current_usage=4), {"feature_id": "x", "limit": 1, "current_usage": 1}
    with prolifi(monkeypatch, {A: [], B: []}, {A: [mine], B: [other, third]}, SUM_OF_USE) as account:
        assert used(account, "use") == total


def test_a_customer_none_of_whose_events_can_be_read_keeps_the_entitlements(monkeypatch: pytest.MonkeyPatch) -> None:
    for unreadable in ([row(5, name=None)], None, "none"):
        with prolifi(monkeypatch, {A: unreadable}, {A: [feature(limit=10, current_usage=4)]}) as account:
            outcome = polled(account)

        assert isinstance(outcome, Reading)
        assert values(outcome) == {"entitlement_used": 4.0, "entitlement_limit": 10.0}
        assert outcome.diagnostics.skipped["schema"] >= 1
        assert any("/usage" in text for text in outcome.diagnostics.left_out)


def test_where_no_event_and_no_entitlement_can_be_read_the_poll_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    for entitlements in (None, {A: None}):
        with prolifi(monkeypatch, {A: [row(5, name=None)]}, entitlements) as account:
            assert isinstance(polled(account), Malformed)
