from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from sandbox_calls import HOUR, IONOS, ionos, sandbox

from exporter.sandbox.ionos.accounts import ACCOUNTS

pytestmark = pytest.mark.anyio
USAGE = f"{IONOS}/31909628/usage"


def quantities(reply: dict[str, Any]) -> list[float]:
    return [float(meter["quantity"]["quantity"]) for place in reply["datacenters"] for meter in place["meters"]]


@pytest.mark.parametrize(
    ("auth", "status"),
    [
        (("acme@example.com", "sandbox-acme-password"), 200),
        (("acme@example.com", "sandbox-globex-password"), 401),
        (("acme@example.com", ""), 401),
        (None, 401),
    ],
)
async def test_a_password_signs_in(auth: tuple[str, str] | None, status: int) -> None:
    async with sandbox() as box:
        assert (await box.http.get(f"{IONOS}/profile", auth=auth)).status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer sandbox-acme-token", 200),
        ("Bearer sandbox-another-token", 401),
        ("Bearer", 401),
        ("sandbox-acme-token", 401),
        ("Basic %%%", 401),
        ("Basic /w==", 401),
    ],
)
async def test_a_token_signs_in(header: str, status: int) -> None:
    async with sandbox() as box:
        reply = await box.http.get(f"{IONOS}/profile", headers={"Authorization": header})

    assert reply.status_code == status


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_the_profile_names_the_accounts_contracts(account: str) -> None:
    async with sandbox() as box:
        companies = (await box.get(f"{IONOS}/profile", ionos(account)))["companies"]

    assert tuple(company["contractId"] for company in companies) == ACCOUNTS[account].contracts


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("31909628/usage", 200),
        ("031909628/usage", 200),
        ("31909628/usage/null", 200),
        ("31909628/usage/nowhere", 404),
        ("33200881/usage", 404),
        ("12345/products", 404),
        ("contract/usage", 404),
        ("00000000031909628/usage", 404),
        ("31909628/usage?period=2026-10", 200),
        ("31909628/usage?period=2026-13", 422),
        ("31909628/usage?period=0000-01", 422),
        ("31909628/usage?period=2026-1", 422),
        ("31909628/usage?period=", 422),
        ("31909628/usage/null?period=now", 422),
        ("31909628/products?date=2026-10-31", 200),
        ("31909628/products?date=2026-10-32", 422),
        ("31909628/products?date=20261031", 422),
    ],
)
async def test_a_request_means(path: str, status: int) -> None:
    async with sandbox() as box:
        reply = await box.http.get(f"{IONOS}/{path}", headers=ionos())

    assert reply.status_code == status
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("account", "number", "status"),
    [
        ("acme", "31909628", 200),
        ("acme", "32100457", 200),
        ("acme", "33200881", 403),
        ("acme", "12", 403),
        ("acme", None, 400),
        ("globex", None, 200),
        ("nobody", "31909628", 401),
    ],
)
async def test_limits_are_of_the_contract_that_the_header_names(account: str, number: str | None, status: int) -> None:
    named = {"X-Contract-Number": number} if number else {}
    signed = ionos(account) if account in ACCOUNTS else {}
    async with sandbox() as box:
        reply = await box.http.get("/ionos/cloudapi/v6/contracts?depth=1", headers={**signed, **named})

    assert reply.status_code == status
    if status == 200:
        (item,) = reply.json()["items"]
        assert item["properties"]["contractNumber"] == int(number or ACCOUNTS[account].contracts[0])


async def test_what_is_provisioned_stays_within_its_limits() -> None:
    async with sandbox() as box:
        for _ in range(48):
            reply = await box.get("/ionos/cloudapi/v6/contracts", ionos("globex"))
            limits = reply["items"][0]["properties"]["resourceLimits"]
            assert 36 <= limits["coresProvisioned"] <= 48 < limits["coresPerContract"]
            box.clock.at += HOUR


async def test_quantities_grow_once_an_hour() -> None:
    async with sandbox() as box:
        figures = []
        for _ in range(4):
            figures.append(quantities(await box.get(USAGE, ionos())))
            box.clock.at += HOUR / 2

    assert figures[0] == figures[1] != figures[2] == figures[3]
    assert sum(figures[2]) > sum(figures[0])


@pytest.mark.slow
async def test_a_month_falls_back_by_a_correction_now_and_then() -> None:
    async with sandbox(at=datetime(2026, 10, 1, tzinfo=UTC).timestamp()) as box:
        months = []
        for _ in range(30 * 24):
            months.append(quantities(await box.get(f"{USAGE}?period=2026-10", ionos())))
            box.clock.at += HOUR
    falls = [sum(now < before for before, now in pairwise(meter)) for meter in zip(*months, strict=True)]

    assert max(falls) <= 3
    assert sum(falls) > len(falls)


async def test_a_new_month_begins_at_zero_and_the_old_one_is_final() -> None:
    end = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    async with sandbox(at=end - HOUR) as box:
        november = await box.get(USAGE, ionos())
        box.clock.at = end + HOUR / 2
        december = await box.get(USAGE, ionos())
        final = await box.get(f"{USAGE}?period=2026-11", ionos())
        box.clock.at += 9 * HOUR
        still = await box.get(f"{USAGE}?period=2026-11", ionos())

    assert (november["startDate"], november["endDate"]) == ("2026-11-01", "2026-11-30")
    assert (december["startDate"], december["endDate"]) == ("2026-12-01", "2026-12-01")
    assert sum(quantities(december)) == 0
    assert sum(quantities(final)) > sum(quantities(november)) > 0
    assert final == still
    assert final["endDate"] == "2026-11-30"


async def test_a_month_to_come_is_empty() -> None:
    async with sandbox() as box:
        assert (await box.get(f"{USAGE}?period=2027-01", ionos()))["datacenters"] == []


async def test_the_usage_has_the_vendors_quirks() -> None:
    async with sandbox() as box:
        reply = await box.get(USAGE, ionos())
        outside = await box.get(f"{USAGE}/null", ionos())
    first, last = reply["datacenters"][0], reply["datacenters"][-1]
    meters = [meter for place in reply["datacenters"] for meter in place["meters"]]

    assert reply["metadata"] == {"contractId": "031909628", "customerId": "131909628", "reference": "Shop"}
    assert [meter["meterId"] for meter in first["meters"]].count("C01000") == 2
    assert {type(meter["quantity"]["quantity"]) for meter in meters} == {str, float}
    assert {meter["quantity"]["unit"] for meter in meters} == {
        "1hour",
        "1G*1hour",
        "1G*30Days",
        "30Days",
        "1G",
    }
    assert "0" in [meter["quantity"]["quantity"] for meter in meters]
    assert {"LOGS1000", "DNSP1000"} <= {meter["meterId"] for meter in meters}
    assert (last["id"], last["name"], last["location"]) == (None, "", None)
    assert outside["datacenters"] == [last]


async def test_the_price_list_has_the_vendors_quirks() -> None:
    async with sandbox() as box:
        reply = await box.get(f"{IONOS}/31909628/products", ionos())
    rows = [(row["meterId"], row["type"], row["term"], row["deprecated"]) for row in reply["products"]]
    prices = {row["meterId"]: row["unitCost"] for row in reply["products"]}

    assert ("C01000", "consumption-based", None, True) in rows
    assert ("C01000", "consumption-based", None, False) in rows
    assert ("C01000", "commitment-based", 12, False) in rows
    assert prices["S02000"] == {"quantity": "0.1200", "unit": "EUR"}
    assert prices["S03000"] is None
    assert "DNSP1000" not in prices
