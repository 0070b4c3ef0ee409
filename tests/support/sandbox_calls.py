"""One sandbox under a clock that is moved by hand, called in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from starlette.applications import Starlette

from exporter.sandbox import World, make_app
from exporter.sandbox.ionos.accounts import ACCOUNTS as IONOS_ACCOUNTS
from exporter.sandbox.netnut.accounts import ACCOUNTS as NETNUT_ACCOUNTS
from exporter.sandbox.planship.accounts import ACCOUNTS as PLANSHIP_ACCOUNTS
from exporter.sandbox.prolifi.accounts import ACCOUNTS as PROLIFI_ACCOUNTS

HOUR = 3_600.0
DAY = 86_400.0
START = datetime(2026, 11, 10, 6, tzinfo=UTC).timestamp()
NETNUT = "/netnut/v1"
IONOS = "/ionos/billing"
PROLIFI = "/prolifi/api/v1/public"
PLANSHIP = "/planship/api/v1"
Headers = dict[str, str]


class Clock:
    def __init__(self, at: float = START) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@dataclass
class Sandbox:
    clock: Clock
    app: Starlette
    http: httpx.AsyncClient

    async def netnut(self, account: str = "acme") -> Headers:
        known = NETNUT_ACCOUNTS[account]
        login = {"email": known.email, "password": known.password}
        reply = await self.http.post(f"{NETNUT}/auth/login", json=login)
        return {"Authorization": reply.json()["token"]}

    async def planship(self, account: str = "acme") -> Headers:
        known = PLANSHIP_ACCOUNTS[account]
        pair = (known.client_id, known.client_secret)
        reply = await self.http.post(f"{PLANSHIP}/auth/token", auth=pair)
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}

    async def plans(self, headers: Headers, **body: Any) -> list[dict[str, Any]]:
        reply = await self.http.post(f"{NETNUT}/customer/usage/myusage", headers=headers, json=body)
        return list(reply.json()["data"])

    async def get(self, path: str, headers: Headers) -> Any:
        reply = await self.http.get(path, headers=headers)
        assert reply.status_code == 200, reply.text
        return reply.json()


@asynccontextmanager
async def sandbox(at: float = START, **settings: Any) -> AsyncIterator[Sandbox]:
    clock = Clock(at)
    app = make_app(World(clock=clock, **settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        yield Sandbox(clock, app, http)


def ionos(account: str = "acme") -> Headers:
    return {"Authorization": f"Bearer {IONOS_ACCOUNTS[account].token}"}


def prolifi(account: str = "acme") -> Headers:
    return {"Authorization": f"Bearer {PROLIFI_ACCOUNTS[account].key}"}


def of_customer(customer: str, rest: str = "") -> str:
    return f"{PLANSHIP}/customers/{quote(customer, safe='')}{rest}"
