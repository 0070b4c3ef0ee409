from typing import Any

import pytest
from sandbox_calls import IONOS, NETNUT, PLANSHIP, PROLIFI, ionos, of_customer, prolifi, sandbox

from exporter.sandbox import ACCOUNTS, SIMULATIONS

pytestmark = pytest.mark.anyio
INVOICES = of_customer("user+1@example.com", "/products/invoicing/usage/invoices")


async def test_the_root_lists_what_is_served() -> None:
    async with sandbox() as box:
        reply = await box.http.get("/")

    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.text.split("\n")[1:-1] == [one.path for one in SIMULATIONS.values()]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/", 405),
        ("GET", f"{NETNUT}/nowhere", 404),
        ("POST", f"{NETNUT}/customer/usage", 404),
        ("GET", f"{NETNUT}/customer/usage/", 405),
        ("GET", f"{NETNUT}/auth/login", 405),
        ("GET", f"{IONOS}/", 404),
        ("POST", f"{IONOS}/profile", 405),
        ("GET", f"{PROLIFI}/nowhere", 404),
        ("DELETE", f"{PROLIFI}/customers", 405),
        ("GET", f"{PLANSHIP}/nowhere", 404),
        ("GET", f"{PLANSHIP}/auth/token", 405),
        ("PUT", INVOICES, 405),
        ("GET", "/planship", 404),
    ],
)
async def test_what_is_not_served_is_refused_in_json(method: str, path: str, status: int) -> None:
    async with sandbox() as box:
        reply = await box.http.request(method, path)

    assert reply.status_code == status
    assert isinstance(reply.json(), dict)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"text"', b"\xff", b'{"usage": NaN}', b'{"bucket": "\\ud800"}', b"[" * 100_000],
)
async def test_a_body_that_cannot_be_read_is_refused(body: bytes) -> None:
    async with sandbox() as box:
        netnut = await box.netnut()
        for path in ("/auth/login", "/customer/usage/myusage", "/customer/usage/"):
            reply = await box.http.post(NETNUT + path, headers=netnut, content=body)
            assert (reply.status_code, reply.json()["success"]) == (400, False)
        reply = await box.http.post(INVOICES, headers=await box.planship(), content=body)
        assert (reply.status_code, reply.json()["detail"][0]["loc"]) == (422, ["body"])


async def replies(seed: int) -> list[Any]:
    async with sandbox(seed=seed) as box:
        first = (await box.get(f"{PROLIFI}/customers", prolifi()))["data"][0]["id"]
        return [
            await box.plans(await box.netnut(), planStatus=1),
            await box.get(f"{IONOS}/31909628/usage", ionos()),
            await box.get(f"{PROLIFI}/customers/{first}/usage", prolifi()),
            await box.get(f"{PROLIFI}/customers/{first}/entitlements", prolifi()),
            await box.get(INVOICES, await box.planship()),
        ]


async def test_the_same_seed_gives_the_same_figures_and_another_seed_gives_others() -> None:
    one, again, other = await replies(1), await replies(1), await replies(2)

    assert one == again
    assert all(figures != others for figures, others in zip(one, other, strict=True))


async def test_a_token_of_one_vendor_or_app_is_none_of_another() -> None:
    async with sandbox() as box, sandbox() as fresh:
        netnut, planship = await box.netnut(), await box.planship()
        asked = [
            await box.http.get(f"{NETNUT}/auth/authenticated", headers=planship),
            await fresh.http.get(f"{NETNUT}/auth/authenticated", headers=netnut),
            await fresh.http.get(f"{PLANSHIP}/products", headers=planship),
        ]

    assert [reply.status_code for reply in asked] == [401, 401, 401]


async def test_signing_in_again_leaves_the_other_tokens_good() -> None:
    async with sandbox() as box:
        first, planship, second = await box.netnut(), await box.planship(), await box.netnut()

        assert first != second
        assert await box.plans(first) == await box.plans(second)
        assert await box.get(f"{PLANSHIP}/products", planship)


async def test_revoking_all_tokens_makes_everyone_sign_in_again() -> None:
    async with sandbox() as box:
        netnut, planship = await box.netnut(), await box.planship()
        box.app.state.tokens.revoke_all()
        revoked = [
            await box.http.get(f"{NETNUT}/auth/authenticated", headers=netnut),
            await box.http.get(f"{PLANSHIP}/products", headers=planship),
        ]

        assert [reply.status_code for reply in revoked] == [401, 401]
        assert await box.get(f"{PLANSHIP}/products", await box.planship())


def test_every_account_has_its_own_credentials() -> None:
    acme, globex = (
        {secret for one in SIMULATIONS.values() for secret in one.demo(name).secrets.values()} for name in ACCOUNTS
    )

    assert ACCOUNTS == ("acme", "globex")
    assert len(acme) == len(globex) == len(SIMULATIONS)
    assert not acme & globex
