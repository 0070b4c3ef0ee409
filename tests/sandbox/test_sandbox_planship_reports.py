from datetime import datetime
from typing import Any

import pytest
from sandbox_calls import DAY, HOUR, Headers, Sandbox, of_customer, sandbox

pytestmark = pytest.mark.anyio
USER = "user+1@example.com"
INVOICES = of_customer(USER, "/products/invoicing/usage/invoices")
INVOICING = of_customer(USER, "/products/invoicing/entitlements")
CLICKS = of_customer(USER, "/products/projects/usage/clicks")
LEVERS = ["monthly-invoices", "daily-invoices"]


async def totals(box: Sandbox, headers: Headers) -> dict[str, int]:
    return {lever: usage["total"] for lever, usage in (await box.get(INVOICES, headers)).items()}


async def subscription(box: Sandbox, headers: Headers) -> dict[str, Any]:
    (row,) = await box.get(of_customer(USER, "/subscriptions?product_slug=invoicing"), headers)
    return dict(row)


async def test_a_report_moves_every_lever_of_its_metering_id_and_what_is_left() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        used, left = await totals(box, headers), await box.get(INVOICING, headers)
        record = (await box.http.post(INVOICES, headers=headers, json={"usage": 7, "bucket": None})).json()
        used_then, left_then = await totals(box, headers), await box.get(INVOICING, headers)

    assert (record["usage"], record["bucket"]) == (7, None)
    for lever in LEVERS:
        assert used_then[lever] == used[lever] + 7
        assert left_then[lever] == left[lever] - 7


async def test_the_answer_to_a_report_has_what_the_vendors_clients_require() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        record = (await box.http.post(INVOICES, headers=headers, json={"usage": 7, "bucket": "b"})).json()
        products = {row["slug"]: row["id"] for row in await box.get("/planship/api/v1/products", headers)}
        renewed = await subscription(box, headers)

    assert record.keys() >= {"id", "usage", "metering_id", "customer_id", "product_id"}
    assert record["product_id"] == products["invoicing"]
    assert record["subscription_id"] == renewed["subscription_id"]


async def test_a_report_of_another_customer_or_app_changes_nothing() -> None:
    async with sandbox() as box, sandbox() as fresh:
        headers, fresh_headers = await box.planship(), await fresh.planship()
        before = await totals(box, headers)
        await box.http.post(
            of_customer("team/blue", "/products/invoicing/usage/invoices"), headers=headers, json={"usage": 7}
        )
        after = await totals(box, headers)
        await box.http.post(INVOICES, headers=headers, json={"usage": 7})

        assert before == after == await totals(fresh, fresh_headers)


async def test_a_report_may_open_a_bucket() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        await box.http.post(CLICKS, headers=headers, json={"usage": 3, "bucket": "Third project"})
        await box.http.post(CLICKS, headers=headers, json={"usage": 4})
        lever = (await box.get(CLICKS, headers))["project-clicks"]

    assert (lever["by_bucket"]["Third project"], lever["by_bucket"]["null"]) == (3, 4)


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["body", "usage"]),
        ({"usage": "7"}, ["body", "usage"]),
        ({"usage": 1.5}, ["body", "usage"]),
        ({"usage": True}, ["body", "usage"]),
        ({"usage": -1}, ["body", "usage"]),
        ({"usage": 1, "bucket": 2}, ["body", "bucket"]),
        ([1], ["body"]),
    ],
)
async def test_a_report_that_is_not_valid_is_refused(body: object, loc: list[str]) -> None:
    async with sandbox() as box:
        reply = await box.http.post(INVOICES, headers=await box.planship(), json=body)

    assert (reply.status_code, reply.json()["detail"][0]["loc"]) == (422, loc)


async def test_a_report_to_a_lever_without_buckets_loses_its_bucket() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        before = await totals(box, headers)
        await box.http.post(INVOICES, headers=headers, json={"usage": 3, "bucket": "any"})
        lever = (await box.get(INVOICES, headers))["monthly-invoices"]

    assert lever["by_bucket"] == {"null": before["monthly-invoices"] + 3}


async def test_what_is_left_does_not_fall_below_zero() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        await box.http.post(INVOICES, headers=headers, json={"usage": 10**30})

        assert (await box.get(INVOICING, headers))["monthly-invoices"] == 0


async def test_a_renewal_starts_use_again_and_ends_what_was_reported() -> None:
    async with sandbox() as box:
        headers = await box.planship()
        before = await subscription(box, headers)
        box.clock.at = datetime.fromisoformat(before["renew_at"]).timestamp() - HOUR
        headers = await box.planship()
        await box.http.post(INVOICES, headers=headers, json={"usage": 1000})
        full = await totals(box, headers)
        box.clock.at += HOUR
        headers = await box.planship()
        after, renewed = await subscription(box, headers), await totals(box, headers)
        await box.http.post(INVOICES, headers=headers, json={"usage": 1})
        both = await totals(box, headers)
        box.clock.at += DAY
        later = await totals(box, await box.planship())

    assert after["last_renewed_at"] == before["renew_at"]
    assert after["subscription_id"] == before["subscription_id"]
    assert full["monthly-invoices"] > 1000
    assert renewed["monthly-invoices"] == 0
    assert renewed["daily-invoices"] > 1000
    assert both == {lever: renewed[lever] + 1 for lever in LEVERS}
    assert 0 < later["daily-invoices"] < 1000
