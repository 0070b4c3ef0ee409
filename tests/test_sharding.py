"""Which shard has what: exactly one has each, in equal parts, and few move when there is one shard more."""

from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from configurations import UUID, account
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.config import Config, parse
from exporter.sharding import Shard, jump_hash
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import Account

TOTALS = range(1, 8)
CUSTOMERS = [f"customer-{number}" for number in range(4000)]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def owners(total: int, *names: str) -> list[int]:
    return [number for number in range(total) if Shard(number, total).owns(*names)]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3), st.integers(1, 50))
def test_any_names_are_exactly_one_shards(names: list[str], total: int) -> None:
    assert len(owners(total, *names)) == 1


@pytest.mark.parametrize("total", TOTALS)
def test_shards_have_about_equally_much(total: int) -> None:
    shards = Counter(number for customer in CUSTOMERS for number in owners(total, "prolifi", "main", customer))

    fair = len(CUSTOMERS) / total
    assert set(shards) == set(range(total))
    assert all(0.85 * fair < count < 1.15 * fair for count in shards.values())


@pytest.mark.parametrize("total", TOTALS)
def test_one_shard_more_takes_its_fair_share_and_moves_nothing_else(total: int) -> None:
    before = [owners(total, customer)[0] for customer in CUSTOMERS]
    after = [owners(total + 1, customer)[0] for customer in CUSTOMERS]

    moved = [new for old, new in zip(before, after, strict=True) if new != old]
    assert set(moved) == {total}
    assert len(moved) == pytest.approx(len(CUSTOMERS) / (total + 1), rel=0.15)


def test_owners_stay_from_one_version_to_the_next() -> None:
    found = [owners(7, "planship", "main", f"customer-{number}")[0] for number in range(12)]

    assert found == [2, 3, 6, 5, 0, 5, 4, 5, 5, 4, 6, 2]


@pytest.mark.parametrize(
    ("key", "total", "shard"), [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 666, 361), (256, 1024, 520), (2**64 - 1, 1, 0)]
)
def test_the_hash_is_the_one_that_others_have(key: int, total: int, shard: int) -> None:
    assert jump_hash(key, total) == shard


def test_names_are_told_apart_wherever_they_are_cut() -> None:
    cut = [("ab", "c"), ("a", "bc"), ("abc",)]

    assert len({tuple(owners(1000, *names)) for names in cut}) == len(cut)


@pytest.mark.parametrize(("number", "total"), [(1, 1), (3, 3), (7, 3), (-1, 3), (0, 0), (0, -1)])
def test_there_is_no_such_shard(number: int, total: int) -> None:
    with pytest.raises(ValueError, match=r"at least 1|counted from 0"):
        Shard(number, total)


def parts(text: str, total: int) -> list[Config]:
    whole = parse(text.encode(), Path())
    return [whole.shard_part(Shard(number, total)) for number in range(total)]


def the_only(config: Config) -> Any:
    (one,) = config.accounts
    return one


IDS = [f"{UUID[:-3]}{number:03}" for number in range(40)]
LISTED = f"customers: [{', '.join(IDS)}]"
PLANSHIP = account("planship").replace("customers: [c]", f"customers: [{', '.join(CUSTOMERS[:40])}]")
PROLIFI = account("prolifi", LISTED).replace(" discover: true,", "")


def with_quota(text: str, metric: str, by: str) -> str:
    return text.replace("name: a,", f"name: a, quotas: [{{name: q, metric: {metric}, limit: 5, by: [{by}]}}],")


@pytest.mark.parametrize("text", [PLANSHIP, PROLIFI], ids=["planship", "prolifi"])
@pytest.mark.parametrize("total", TOTALS)
def test_listed_customers_are_shared_out(text: str, total: int) -> None:
    whole = the_only(parse(text.encode(), Path()))

    found = [customer for part in parts(text, total) if part.accounts for customer in the_only(part).customers]

    assert sorted(found) == sorted(whole.customers)


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        (account("netnut"), False),
        (account("ionos"), False),
        (account("prolifi"), True),
        (PROLIFI, True),
        (PLANSHIP, True),
        (with_quota(PROLIFI, "prolifi_event_count", "customer_id"), True),
        (with_quota(PROLIFI, "prolifi_event_count", "event_name"), False),
        (with_quota(PROLIFI, "prolifi_event_count", ""), False),
        (with_quota(PLANSHIP, "planship_lever_usage", "customer_id, lever"), True),
        (with_quota(PLANSHIP, "planship_lever_usage", "lever"), False),
        (with_quota(account("prolifi"), "prolifi_event_count", ""), False),
    ],
)
def test_an_account_is_shared_out_by_its_customers_unless_one_place_needs_all_of_them(text: str, shared: bool) -> None:
    whole = the_only(parse(text.encode(), Path()))

    found = [one for part in parts(text, 3) for one in part.accounts]

    assert len(found) == (3 if shared else 1)
    assert [one.shard.total for one in found] == [3] * len(found)
    assert sum(one.owns_account_metrics for one in found) == 1
    if not shared:
        assert found[0].model_dump() == whole.model_dump()


def test_a_shard_of_which_nothing_is_in_the_configuration_has_no_account() -> None:
    assert sorted(len(part.accounts) for part in parts(account("netnut"), 5)) == [0, 0, 0, 0, 1]
    assert sorted(len(part.accounts) for part in parts(account("planship"), 5)) == [0, 0, 0, 0, 1]


def test_the_home_of_an_account_has_its_own_figures_even_without_a_customer() -> None:
    one = account("prolifi", f"customers: [{UUID}], window: month").replace(" discover: true,", "")
    others = one.replace("window: month", "window: all")

    assert {tuple(the_only(part).customers) for part in parts(one, 7) if part.accounts} >= {(UUID,)}
    assert sum(the_only(part).owns_account_metrics for part in parts(one, 7) if part.accounts) == 1
    assert sum(bool(part.accounts) for part in parts(others, 7)) == 1


def test_the_only_shard_has_all_as_it_was() -> None:
    for text in (PLANSHIP, PROLIFI, account("netnut")):
        whole = parse(text.encode(), Path())
        assert whole.shard_part(Shard()) == whole


def test_the_same_part_of_the_same_configuration_is_equal_and_another_is_not() -> None:
    one, other = (parse(account("prolifi").encode(), Path()) for _ in range(2))

    assert one.shard_part(Shard(1, 3)).accounts == other.shard_part(Shard(1, 3)).accounts
    assert one.shard_part(Shard(1, 3)).accounts != other.shard_part(Shard(2, 3)).accounts


@pytest.mark.parametrize(("settings", "total", "seconds"), [("", 1, 60), ("", 4, 240), ("rate_limit: 80/1m", 4, 2400)])
def test_a_shard_asks_at_its_share_of_the_rate(settings: str, total: int, seconds: float) -> None:
    limiters: list[RateLimiter] = []

    def open_client(opened: Account, limiter: RateLimiter, observer: AccountTelemetry) -> Client:
        limiters.append(limiter)
        return Client(opened.endpoint, limiter, observer)

    async def main() -> float:
        exporter, began = Exporter(virtual_now, open_client), anyio.current_time()
        config = parse(account("prolifi", settings).encode(), Path()).shard_part(Shard(total - 1, total))
        exporter.apply_config(config)
        async with exporter.poller(the_only(config)):
            for _ in range(800):
                await limiters[0].wait()
        return anyio.current_time() - began

    assert run_virtually(main) == pytest.approx(seconds, rel=0.02)
