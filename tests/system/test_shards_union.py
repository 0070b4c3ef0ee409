"""Shards, and slices, put together have what one exporter has, each series once."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import yaml

from exporter.cli import demo
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.config import Config, parse
from exporter.metrics import Sample
from exporter.sandbox import World, make_app
from exporter.sandbox.accounts import stable_id
from exporter.sharding import Shard
from exporter.store.changes import Changes
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import VENDOR_FAMILIES, Account
from exporter.vendors.poll import Poll, Slice

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CUSTOMERS = 30
IDS = [stable_id("prolifi", "acme", str(number)) for number in range(1, CUSTOMERS + 1)]
TOTALS = range(1, 8)
Series = Counter[tuple[str, tuple[str, ...], float]]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)


def variants() -> list[dict[str, Any]]:
    """Accounts at every vendor of the sandbox, in all the ways that customers are chosen and added up."""
    plain = yaml.safe_load(demo.configuration("http://127.0.0.1:1", "5m", ("acme",)))["accounts"]
    netnut, ionos, prolifi, planship, *others = plain
    listed = {name: value for name, value in prolifi.items() if name != "discover"}

    def quota(metric: str, *by: str) -> dict[str, Any]:
        return {"quotas": [{"name": "q", "metric": metric, "limit": 5, "by": list(by)}]}

    return [
        {**netnut, **quota("netnut_gb_used")},
        ionos,
        prolifi,
        {**prolifi, "name": "capped", "max_customers": 11},
        {**prolifi, "name": "chosen", "include": [".*[0-4]"]},
        {**prolifi, "name": "summed", **quota("prolifi_event_count", "event_name")},
        {**prolifi, "name": "each", **quota("prolifi_event_count", "customer_id")},
        {**listed, "name": "listed", "customers": IDS[:9], "window": 7},
        {**listed, "name": "alone", "customers": IDS[:1]},
        {**listed, "name": "for-ever", "customers": IDS[:4], "window": "all", "entitlements": False},
        planship,
        {**planship, "name": "summed", **quota("planship_lever_usage", "lever")},
        {**planship, "name": "alone", "customers": planship["customers"][:1]},
        *others,
    ]


def config() -> Config:
    return parse(json.dumps({"accounts": variants()}).encode(), Path())


class Vendors:
    """The sandbox at a moment that does not pass, and how often each of its pages was asked for."""

    def __init__(self) -> None:
        self._app = make_app(World(clock=NOW.timestamp, customers=CUSTOMERS))
        self.asked: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        period = b"period=" in scope["query_string"] and f"?{scope['query_string'].decode()}"
        self.asked[scope["path"] + (period or "")] += 1
        await self._app(scope, receive, send)

    async def read(self, account: Account, slices: int = 1) -> Series:
        """Return the series of all slices of an account."""
        found: Series = Counter()
        kept: dict[str, tuple[datetime, Any]] = {}
        observer = AccountTelemetry(account, Changes())
        async with Client(
            account.endpoint, RateLimiter(None, None), observer, httpx.ASGITransport(app=self._answer)
        ) as client:
            for number in range(slices):
                poll = Poll(client, NOW, kept, slice=Slice(number, slices))
                items = await account.read(poll)
                samples = [one for one in items if isinstance(one, Sample)]
                found.update((one.family.name, (*account.key, *one.labels), one.value) for one in samples)
                self.skipped.update(poll.diagnostics.skipped)
        return found


def read_all(*configs: Config, slices: int = 1) -> tuple[Series, Vendors]:
    vendors = Vendors()

    async def main() -> Series:
        found: Series = Counter()
        for one in configs:
            for account in one.accounts:
                found += await vendors.read(account, slices)
        return found

    return anyio.run(main), vendors


@pytest.fixture(scope="module")
def whole() -> tuple[Series, Mapping[str, int]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in demo.environment().items():
            monkeypatch.setenv(name, value)
        found, vendors = read_all(config())
        return found, vendors.skipped


def assert_same(found: Series, whole: Series) -> None:
    assert found == whole
    assert max(Counter((name, labels) for name, labels, _ in found.elements()).values()) == 1


def test_the_accounts_bring_every_family_and_left_some_out(whole: tuple[Series, Mapping[str, int]]) -> None:
    names = {name for name, _, _ in whole[0]}

    assert {family.name for family in VENDOR_FAMILIES} - names == set()
    assert whole[1] == {"capped": CUSTOMERS - 11}
    counted = {labels[1:3] for name, labels, _ in whole[0] if name == "prolifi_event_count"}
    assert Counter(name for name, _ in counted)["capped"] == 11


@pytest.mark.slow
@pytest.mark.parametrize("total", TOTALS)
def test_shards_have_together_what_one_has(total: int, whole: tuple[Series, Mapping[str, int]]) -> None:
    shards = [config().shard_part(Shard(number, total)) for number in range(total)]

    found, vendors = read_all(*shards)

    assert_same(found, whole[0])
    assert vendors.skipped == whole[1]
    assert max(count for path, count in vendors.asked.items() if path.startswith("/ionos/billing")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("total", TOTALS)
def test_slices_have_together_what_an_account_has(total: int, whole: tuple[Series, Mapping[str, int]]) -> None:
    found, vendors = read_all(*(Config.model_construct(accounts=(one,)) for one in customer_accounts()), slices=total)

    keys = {one.key for one in customer_accounts()}
    assert_same(found, Counter({series: count for series, count in whole[0].items() if series[1][:2] in keys}))
    assert vendors.skipped == whole[1]
    discovered = sum("discover" in one.model_fields_set for one in customer_accounts())
    assert vendors.asked["/prolifi/api/v1/public/customers"] == discovered


def customer_accounts() -> list[Account]:
    return [account for account in config().accounts if account.vendor in ("prolifi", "planship")]


@pytest.mark.parametrize(("total", "slices"), [(2, 3), (3, 2), (5, 5)])
def test_slices_of_shards_have_together_what_one_has(
    total: int, slices: int, whole: tuple[Series, Mapping[str, int]]
) -> None:
    shards = [
        Config.model_construct(accounts=tuple(part for one in customer_accounts() if (part := one.shard_part(shard))))
        for shard in (Shard(number, total) for number in range(total))
    ]

    found, _ = read_all(*shards, slices=slices)

    keys = {one.key for one in customer_accounts()}
    assert_same(found, Counter({series: count for series, count in whole[0].items() if series[1][:2] in keys}))


def test_an_account_that_is_added_up_is_read_by_one_shard() -> None:
    found = Counter(
        one.key for number in range(5) for one in config().shard_part(Shard(number, 5)).accounts if one.name == "summed"
    )

    assert found == {("prolifi", "summed"): 1, ("planship", "summed"): 1}
