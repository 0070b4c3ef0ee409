"""How much of a vendor's rate each shard uses: an equal part with the other shards that use the same credential."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import anyio
import pytest
from configurations import UUID
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.cli.polls import poll_estimates
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.config import Config, parse
from exporter.sharding import Shard
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import Account

SUMMED = "quotas: [{name: q, metric: prolifi_event_count, limit: 5}]"


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "OTHER"):
        monkeypatch.setenv(name, "an-invented-secret")


def netnut(name: str, settings: str = "rate_limit: 60/1m", token: str = "TOKEN") -> str:  # noqa: S107 - its name
    return f"{{vendor: netnut, name: {name}, token: '${{{token}}}', {settings}}}"


def prolifi(name: str, settings: str = "discover: true") -> str:
    return f"{{vendor: prolifi, name: {name}, api_key: '${{TOKEN}}', {settings}}}"


def shards(*accounts: str, total: int = 3) -> list[Config]:
    whole = parse(f"accounts: [{', '.join(accounts)}]".encode(), Path())
    return [whole.shard_part(Shard(number, total)) for number in range(total)]


# Of three shards netnut's a and g are the first's, c the second's, b and d the third's; prolifi's a is the second's.
@pytest.mark.parametrize(
    ("accounts", "total", "share"),
    [
        ([netnut("a")], 1, 1),
        ([prolifi("a")], 1, 1),
        ([netnut("a")], 3, 1),
        ([netnut("a"), netnut("g")], 3, 1),
        ([netnut("a"), netnut("b")], 3, 1 / 2),
        ([netnut("a"), netnut("b"), netnut("g"), netnut("d")], 3, 1 / 2),
        ([netnut("a"), netnut("b"), netnut("c")], 3, 1 / 3),
        ([netnut("a"), netnut("b", token="OTHER")], 3, 1),
        ([netnut("a"), netnut("b", "base_url: 'https://example.com'")], 3, 1),
        ([prolifi("a")], 3, 1 / 3),
        ([prolifi("a", f"customers: [{UUID}]")], 3, 1 / 3),
        ([prolifi("a", f"discover: true, {SUMMED}")], 3, 1),
        ([prolifi("a", f"discover: true, {SUMMED}"), prolifi("b")], 3, 1 / 3),
        ([prolifi("a"), prolifi("b", f"discover: true, {SUMMED}")], 7, 1 / 7),
    ],
)
def test_shards_that_use_a_credential_have_equal_parts_of_its_rate(
    accounts: Sequence[str], total: int, share: float
) -> None:
    parts = shards(*accounts, total=total)

    assert {one.rate_share for part in parts for one in part.accounts} == {share}
    used = [{one.credential: one.rate_share for one in part.accounts} for part in parts]
    assert all(sum(of.get(credential, 0.0) for of in used) < 1 + 1e-9 for credential in chain(*used))


def test_each_credential_is_shared_by_those_who_use_it() -> None:
    parts = shards(netnut("a"), netnut("b"), netnut("c", token="OTHER"), prolifi("a"))

    found = {one.key: one.rate_share for part in parts for one in part.accounts}
    assert found == {("netnut", "a"): 1 / 2, ("netnut", "b"): 1 / 2, ("netnut", "c"): 1, ("prolifi", "a"): 1 / 3}


def test_an_interval_is_too_short_by_the_rate_that_a_shard_has() -> None:
    many = "discover: true, max_customers: 3000, interval: 1m"

    told = [line for part in shards(prolifi("a", f"{many}, {SUMMED}")) for line in poll_estimates(part)]
    shared = [line for part in shards(prolifi("a", many)) for line in poll_estimates(part)]

    assert [line.split(" take ")[0] for line in told if " take " in line] == [
        "warning: prolifi/a: up to 3,030 requests at 800 a minute"
    ]
    assert [line.split(" take ")[0] for line in shared if " take " in line] == [
        "warning: prolifi/a: up to 1,030 requests at 267 a minute"
    ] * 3


class Limited:
    """An exporter, and how long its one account takes for requests."""

    def __init__(self) -> None:
        self._limiters: list[RateLimiter] = []
        self.exporter = Exporter(virtual_now, self._open_client)

    def _open_client(self, account: Account, limiter: RateLimiter, observer: AccountTelemetry) -> Client:
        self._limiters.append(limiter)
        return Client(account.endpoint, limiter, observer)

    async def seconds_for(self, requests: int, account: Account) -> float:
        began = anyio.current_time()
        async with self.exporter.poller(account):
            for _ in range(requests):
                await self._limiters[-1].wait()
        return anyio.current_time() - began


def test_a_shard_asks_slower_when_another_uses_the_credential_too_and_faster_when_it_no_longer_does() -> None:
    alone, both = shards(netnut("a"))[0], shards(netnut("a"), netnut("b"))[0]

    async def main() -> list[float]:
        limited, seconds = Limited(), []
        for config in (alone, both, both, alone):
            changed = limited.exporter.apply_config(config)
            seconds.append(await limited.seconds_for(70, config.accounts[0]))
            seconds.append(float(len(changed)))
        return seconds

    # The third waits for what was sent at the former rate to leave the window; no later one begins with a burst.
    assert run_virtually(main) == pytest.approx([60, 1, 161, 1, 140, 0, 71, 1])
