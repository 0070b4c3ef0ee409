from typing import Any

import pytest
from sandbox_calls import DAY, HOUR, NETNUT, sandbox

from exporter.sandbox.netnut.accounts import ACCOUNTS

pytestmark = pytest.mark.anyio
LOGIN = f"{NETNUT}/auth/login"
AUTHENTICATED = f"{NETNUT}/auth/authenticated"
MY_USAGE = f"{NETNUT}/customer/usage/myusage"
ALL_USAGE = f"{NETNUT}/customer/usage/"


def only(rows: list[dict[str, Any]], family: int) -> dict[str, Any]:
    (row,) = [row for row in rows if row["id"] // 10_000 == family]
    return row


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"email": "acme@example.com"},
        {"email": "acme@example.com", "password": "another"},
        {"email": "globex@example.com", "password": "sandbox-acme-password"},
        {"email": ["acme@example.com"], "password": {}},
    ],
)
async def test_a_wrong_login_is_refused(login: dict[str, Any]) -> None:
    async with sandbox() as box:
        reply = await box.http.post(LOGIN, json=login)

    assert reply.status_code == 400
    assert reply.json() == {"success": False, "message": "Wrong email or password"}


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
async def test_a_token_is_taken_raw_and_after_bearer(prefix: str) -> None:
    async with sandbox() as box:
        token = (await box.netnut())["Authorization"]
        reply = await box.http.get(AUTHENTICATED, headers={"Authorization": prefix + token})

    assert reply.json() == {"success": True, "token": token}


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "unknown"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", AUTHENTICATED),
        ("POST", MY_USAGE),
        ("POST", ALL_USAGE),
        ("GET", f"{NETNUT}/customer/usage/90011001"),
    ],
)
async def test_without_a_token_there_is_no_data(method: str, path: str, headers: dict[str, str]) -> None:
    async with sandbox() as box:
        reply = await box.http.request(method, path, headers=headers)

    assert reply.status_code == 401
    assert reply.json() == {"success": False, "message": "Invalid token"}


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 24 * HOUR), (24.0, HOUR)])
async def test_a_token_lasts_a_day_of_the_worlds_time(speed: float, seconds: float) -> None:
    async with sandbox(speed=speed) as box:
        headers = await box.netnut()
        box.clock.at += seconds - 1
        before = await box.http.get(AUTHENTICATED, headers=headers)
        box.clock.at += 1
        after = await box.http.get(AUTHENTICATED, headers=headers)

    assert (before.status_code, after.status_code) == (200, 401)


async def test_usage_grows_within_a_plan() -> None:
    async with sandbox() as box:
        first = only(await box.plans(await box.netnut(), planStatus=1), 42)
        box.clock.at += HOUR
        later = only(await box.plans(await box.netnut(), planStatus=1), 42)

    assert later["id"] == first["id"]
    assert later["total_gb_used"] > first["total_gb_used"]
    assert later["total_requests_used"] > first["total_requests_used"]


async def test_a_renewal_is_a_plan_with_a_new_id_that_starts_where_the_old_one_ended() -> None:
    async with sandbox() as box:
        before = only(await box.plans(await box.netnut(), planStatus=1), 42)
        box.clock.at += 30 * DAY
        after = only(await box.plans(await box.netnut(), planStatus=1), 42)
        gone = only(await box.plans(await box.netnut(), planStatus=0), 42)

    assert after["id"] == before["id"] + 1
    assert after["start_date"] == before["end_date"]
    assert (gone["id"], gone["is_active"]) == (before["id"], False)
    assert gone["total_gb_used"] > before["total_gb_used"]


@pytest.mark.parametrize("seed", range(1, 6))
async def test_one_plan_runs_hot_and_the_one_beside_it_does_not(seed: int) -> None:
    async with sandbox(seed=seed) as box:
        ended = await box.plans(await box.netnut(), planStatus=0)

    assert only(ended, 41)["total_gb_used"] > 0.9 * only(ended, 41)["plan_gb"]
    assert only(ended, 42)["total_gb_used"] < 0.6 * only(ended, 42)["plan_gb"]


@pytest.mark.parametrize(
    ("body", "active"),
    [
        ({"planStatus": 1}, [True, True, True]),
        ({"planStatus": 0}, [False, False, False]),
        ({"planStatus": 2}, [False]),
        ({"planStatus": 3}, [True, False, False, True, False, True, False]),
        ({}, [True, False, False, True, False, True, False]),
    ],
)
async def test_a_plan_status_selects_plans(body: dict[str, Any], active: list[bool]) -> None:
    async with sandbox() as box:
        plans = await box.plans(await box.netnut(), **body)

    assert [plan["is_active"] for plan in plans] == active
    assert len({plan["id"] for plan in plans}) == len(plans)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (MY_USAGE, {"planStatus": 4}),
        (MY_USAGE, {"planStatus": -1}),
        (MY_USAGE, {"planStatus": 1.5}),
        (MY_USAGE, {"planStatus": "1"}),
        (MY_USAGE, {"planStatus": True}),
        (MY_USAGE, {"planStatus": []}),
        (ALL_USAGE, {"bySubUser": True, "packageType": 0}),
        (ALL_USAGE, {"bySubUser": True, "packageType": "res"}),
        (ALL_USAGE, {"bySubUser": True, "packageType": []}),
    ],
)
async def test_a_filter_that_does_not_exist_is_refused(path: str, body: dict[str, Any]) -> None:
    async with sandbox() as box:
        reply = await box.http.post(path, headers=await box.netnut(), json=body)

    assert reply.status_code == 400
    assert reply.json()["success"] is False


async def test_the_rows_have_the_vendors_quirks() -> None:
    async with sandbox() as box:
        acme = await box.plans(await box.netnut("acme"), planStatus=1)
        globex = await box.plans(await box.netnut("globex"), planStatus=1)

    stacked, rough, unlimited = only(acme, 42), only(acme, 43), only(globex, 53)
    assert [row["product_type"] for row in acme] == ["Residential", "Residential", "Data Center"]
    assert isinstance(stacked["total_gb_used"], float)
    assert 100 * stacked["total_gb_used"] / stacked["plan_gb"] - float(stacked["usage_percentage"]) > 0.1
    assert stacked["start_date"].endswith("T00:00:00.000Z")
    assert float(rough["total_gb_used"]) > 0
    assert isinstance(rough["total_gb_used"], str)
    assert (rough["usage_percentage"], rough["plan_gb"], len(rough["start_date"])) == (None, 0, 10)
    assert (unlimited["usage_percentage"], unlimited["plan_gb"]) == (None, None)


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_reseller_may_ask_for_each_of_its_sub_users(account: str) -> None:
    async with sandbox() as box:
        headers = await box.netnut(account)
        for sub_user in ACCOUNTS[account].sub_users:
            rows = (await box.get(f"{NETNUT}/customer/usage/{sub_user}", headers))["data"]

            assert [row["is_active"] for row in rows] == [True, True, False, False]
            assert all({"is_over", "plan_id", "plan_name"} <= row.keys() for row in rows)


@pytest.mark.parametrize("sub_user", ["90022001", "1", "someone"])
async def test_a_sub_user_of_another_reseller_is_refused(sub_user: str) -> None:
    async with sandbox() as box:
        reply = await box.http.get(f"{NETNUT}/customer/usage/{sub_user}", headers=await box.netnut())

    assert reply.status_code == 400
    assert reply.json()["success"] is False


@pytest.mark.parametrize(
    ("body", "sub_users"),
    [
        ({}, ["90011001", "90011001", "90011002", "90011002"]),
        ({"subUsers": "90011002, 90022001"}, ["90011002", "90011002"]),
        ({"packageType": 3}, ["90011001", "90011001", "90011002", "90011002"]),
        ({"packageType": 1}, []),
    ],
)
async def test_the_resellers_list_names_whose_plan_it_is(body: dict[str, Any], sub_users: list[str]) -> None:
    async with sandbox() as box:
        asked = {"bySubUser": True, "planStatus": 1, **body}
        reply = await box.http.post(ALL_USAGE, headers=await box.netnut(), json=asked)

    assert [row["customer_id"] for row in reply.json()["data"]] == sub_users


async def test_the_resellers_list_without_sub_users_is_the_accounts_own() -> None:
    async with sandbox() as box:
        headers = await box.netnut()
        reply = await box.http.post(ALL_USAGE, headers=headers, json={"planStatus": 1})

        assert reply.json()["data"] == await box.plans(headers, planStatus=1)


async def test_the_resellers_list_may_also_answer_as_it_is_documented() -> None:
    async with sandbox() as box:
        reply = await box.http.post(ALL_USAGE, headers=await box.netnut("globex"), json={"bySubUser": True})

    assert reply.json() == {"success": True, "token": "sandbox-documented-reply"}
