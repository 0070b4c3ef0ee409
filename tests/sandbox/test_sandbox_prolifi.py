from datetime import UTC, datetime
from typing import Any

import pytest
from sandbox_calls import HOUR, PROLIFI, Sandbox, prolifi, sandbox

pytestmark = pytest.mark.anyio
CUSTOMERS = f"{PROLIFI}/customers"
FIRST = f"{CUSTOMERS}/4c173a34-c683-5b3c-9133-75cf42ccfd0f"


async def usage(box: Sandbox, query: str = "") -> dict[str, Any]:
    rows = (await box.get(f"{FIRST}/usage{query}", prolifi()))["data"]
    return {row["event_name"]: row for row in rows}


@pytest.mark.parametrize("header", ["", "pk_test_sandbox_acme", "Bearer pk_test_sandbox_another", "Bearer "])
async def test_a_wrong_key_is_refused(header: str) -> None:
    async with sandbox() as box:
        reply = await box.http.get(CUSTOMERS, headers={"Authorization": header})

    assert reply.status_code == 401
    assert reply.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(("customers", "limit"), [(0, 10), (5, 2), (20, 20), (21, 20), (120, 100), (3, 1)])
async def test_the_pages_hold_every_customer_once(customers: int, limit: int) -> None:
    seen: list[str] = []
    more = True
    async with sandbox(customers=customers) as box:
        while more:
            offset = len(seen)
            reply = await box.get(f"{CUSTOMERS}?limit={limit}&offset={offset}", prolifi())
            seen += [customer["id"] for customer in reply["data"]]
            more = len(seen) < customers
            assert reply["pagination"] == {"total": customers, "limit": limit, "offset": offset, "has_more": more}
            assert len(reply["data"]) <= limit

    assert len(seen) == len(set(seen)) == customers


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "offset=-1", "limit=1e1"])
async def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    async with sandbox() as box:
        reply = await box.http.get(f"{CUSTOMERS}?{query}", headers=prolifi())

    error = reply.json()["error"]
    assert (reply.status_code, error["type"]) == (422, "validation_error")
    assert error["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("acme-customer-001", 200),
        ("acme-customer-001/entitlements", 200),
        ("acme-customer-001/usage", 404),
        ("globex-customer-001", 404),
        ("4c173a34-c683-5b3c-9133-75cf42ccfd0f", 200),
        ("4c173a34-c683-5b3c-9133-75cf42ccfd0f/usage", 200),
        ("00000000-0000-0000-0000-000000000000/usage", 404),
        ("4c173a34-c683-5b3c-9133-75cf42ccfd0f/usage?start_date=2026-11-31", 422),
        ("4c173a34-c683-5b3c-9133-75cf42ccfd0f/usage?end_date=today", 422),
        ("4c173a34-c683-5b3c-9133-75cf42ccfd0f/usage?start_date=2026-11-02&end_date=2026-11-01", 422),
    ],
)
async def test_a_request_means(path: str, status: int) -> None:
    async with sandbox() as box:
        assert (await box.http.get(f"{CUSTOMERS}/{path}", headers=prolifi())).status_code == status


@pytest.mark.slow
async def test_a_key_has_a_thousand_requests_a_minute_of_the_clock() -> None:
    async with sandbox(speed=100.0) as box:
        first = await box.http.get(CUSTOMERS, headers=prolifi())
        for _ in range(999):
            last = await box.http.get(f"{CUSTOMERS}/acme-customer-001", headers=prolifi())
        box.clock.at += 12.5
        beyond = await box.http.get(CUSTOMERS, headers=prolifi())
        another_key = await box.http.get(CUSTOMERS, headers=prolifi("globex"))
        box.clock.at += float(beyond.headers["Retry-After"])
        recovered = await box.http.get(CUSTOMERS, headers=prolifi())

    replies = [first, last, beyond, another_key, recovered]
    assert [reply.status_code for reply in replies] == [200, 200, 429, 200, 200]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["999", "0", "0", "999", "999"]
    assert {reply.headers["X-RateLimit-Limit"] for reply in replies} == {"1000"}
    assert beyond.headers["Retry-After"] == "48"
    assert beyond.json()["error"]["type"] == "rate_limit_error"


async def test_refusals_count_and_tell_the_limit_too() -> None:
    async with sandbox() as box:
        replies = [await box.http.get(f"{PROLIFI}/nowhere", headers=prolifi()) for _ in range(2)]

    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["999", "998"]


async def test_counts_grow_and_the_last_report_is_recent() -> None:
    async with sandbox() as box:
        before = (await usage(box))["api_call"]
        box.clock.at += HOUR
        after = (await usage(box))["api_call"]
        reported = datetime.fromisoformat(after["last_reported_at"]).timestamp()

    assert after["count"] > before["count"] > 0
    assert isinstance(after["count"], int)
    assert 0 <= box.clock.at - reported <= 90


async def test_an_event_that_never_came_has_no_last_report() -> None:
    async with sandbox() as box:
        silent = (await usage(box))["legacy_sync"]

    assert silent == {"event_name": "legacy_sync", "count": 0, "last_reported_at": None}


async def test_a_window_holds_both_of_its_days() -> None:
    async with sandbox() as box:
        days = [
            (await usage(box, f"?start_date=2026-11-0{day}&end_date=2026-11-0{day}"))["api_call"] for day in (1, 2, 3)
        ]
        whole = (await usage(box, "?start_date=2026-11-01&end_date=2026-11-03"))["api_call"]

    assert whole["count"] == sum(day["count"] for day in days)
    assert min(day["count"] for day in days) > 0
    assert [day["last_reported_at"][:10] for day in days] == ["2026-11-01", "2026-11-02", "2026-11-03"]


async def test_a_window_in_the_past_no_longer_grows_and_one_to_come_is_empty() -> None:
    async with sandbox() as box:
        past = await usage(box, "?end_date=2026-11-01")
        to_come = await usage(box, "?start_date=2026-11-12")
        box.clock.at += HOUR

        assert await usage(box, "?end_date=2026-11-01") == past
    assert {(row["count"], row["last_reported_at"]) for row in to_come.values()} == {(0, None)}


async def test_one_event_may_be_asked_for() -> None:
    async with sandbox() as box:
        assert list(await usage(box, "?event_name=export_run")) == ["export_run"]
        assert list(await usage(box, "?event_name=another")) == []


async def test_entitlements_say_what_is_left_until_the_month_ends() -> None:
    async with sandbox() as box:
        rows = (await box.get(f"{FIRST}/entitlements", prolifi()))["data"]
        box.clock.at = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
        december = (await box.get(f"{FIRST}/entitlements", prolifi()))["data"]
    *limited, seats = rows

    for row in limited:
        assert row["remaining"] == row["limit"] - row["current_usage"]
        assert row["current_usage"] > 0
        assert row["reset_at"] == "2026-12-01T00:00:00Z"
    assert [row["current_usage"] for row in december[:-1]] == [0, 0]
    assert seats["is_unlimited"] is True
    assert (seats["limit"], seats["remaining"], seats["reset_at"]) == (None, None, None)
