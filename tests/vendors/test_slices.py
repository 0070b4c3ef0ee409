"""The parts that an account's customers are polled in, and how the calls of a poll are spread over time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from configurations import UUID, account, parsed
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import run_virtually

from exporter.client.rate_limit import MAX_IN_FLIGHT
from exporter.config import parse
from exporter.errors import NotFound, TimedOut
from exporter.metrics import Sample
from exporter.sharding import Shard
from exporter.vendors.customers import split_by_slice
from exporter.vendors.poll import Poll, Slice

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
IDS = [f"{UUID[:-4]}{number:04}" for number in range(2500)]
NAMES = [f"customer-{number}" for number in range(2500)]

SUM = "quotas: [{name: q, metric: prolifi_event_count, limit: 5}]"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def prolifi(customers: Iterable[str], settings: str = "window: all") -> str:
    listed = f"customers: [{', '.join(customers)}], {settings}"
    return account("prolifi", listed).replace(" discover: true,", "")


def planship(customers: Iterable[str], settings: str = "") -> str:
    return account("planship", settings).replace("customers: [c]", f"customers: [{', '.join(customers)}]")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 200))
def test_any_customer_is_in_exactly_one_slice(customer: str, total: int) -> None:
    slices = split_by_slice([customer], total)

    assert [number for number in range(total) if slices[number] == [customer]] == [slices.index([customer])]


def test_a_customer_keeps_its_slice_over_a_restart() -> None:
    customers = ["acme", "user+1@example.com", "team/blue", "Zoë"]

    slices = split_by_slice(customers, 7)

    assert [next(number for number in range(7) if one in slices[number]) for one in customers] == [6, 6, 2, 4]


@pytest.mark.parametrize("total", [2, 10, 100])
def test_slices_are_about_as_large_as_each_other(total: int) -> None:
    customers = [f"customer-{number}" for number in range(1000 * total)]

    assert all(850 < len(one) < 1150 for one in split_by_slice(customers, total))


@pytest.mark.parametrize(
    ("text", "total", "slices"),
    [
        (account("netnut"), 1, 1),
        (account("ionos"), 1, 1),
        (account("prolifi"), 1, 1),
        (account("prolifi", "max_customers: 1001"), 1, 2),
        (account("prolifi", "max_customers: 100000"), 1, 100),
        (account("prolifi", "max_customers: 100000"), 10, 10),
        (account("prolifi", f"max_customers: 100000, {SUM}"), 10, 100),
        (prolifi(IDS[:1]), 1, 1),
        (prolifi(IDS[:1000]), 1, 1),
        (prolifi(IDS[:1001]), 1, 2),
        (planship(NAMES), 1, 3),
        (planship(NAMES), 2, 2),
    ],
)  # fmt: skip
def test_an_account_has_a_slice_for_each_thousand_customers(text: str, total: int, slices: int) -> None:
    whole = parse(text.encode(), Path())
    shards = [whole.shard_part(Shard(number, total)) for number in range(total)]

    assert {one.slice_count for shard in shards for one in shard.accounts} == {slices}


class Vendor:
    """Answers what there is to answer of anybody, but for those who are gone, and keeps what it was asked and when."""

    def __init__(self, *gone: str) -> None:
        self.asked: Counter[str] = Counter()
        self.times: list[float] = []
        self._gone = gone

    async def __call__(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        read: Callable[[object], Any],
        **_: object,
    ) -> Any:
        assert body is None
        self.asked[path] += 1
        self.times.append(anyio.current_time())
        if any(one in path for one in self._gone):
            raise NotFound("HTTP 404")
        if path == "/customers":
            assert params is not None
            return read({"data": [{"id": customer} for customer in IDS[:20]], "pagination": {"has_more": False}})
        if "/products/" in path:
            return read({"total": 3} if "/levers/" in path else {})
        return read([] if path.endswith("/subscriptions") else {"data": [{"event_name": "e", "count": 1}]})


@pytest.mark.parametrize("text", [prolifi(IDS[:1]), planship(NAMES[:1], "entitlements: true, subscriptions: true")])
def test_a_slice_without_customers_is_a_good_empty_reading(text: str) -> None:
    one, vendor = parsed(text), Vendor()

    async def main() -> list[int]:
        slices = [Poll(vendor, NOW, slice=Slice(number, 5)) for number in range(5)]
        return [sum(isinstance(item, Sample) for item in await one.read(poll)) for poll in slices]

    assert sorted(anyio.run(main)) == [0, 0, 0, 0, 1]
    assert sum(vendor.asked.values()) == one.max_request_count


def starts(poll: Poll, items: int, takes: float = 0.0, **options: Any) -> list[float]:
    """Return when each item was begun, in seconds since the first could be."""
    begun: list[float] = []

    async def main() -> None:
        start = anyio.current_time()

        async def read(_: int) -> None:
            begun.append(anyio.current_time() - start)
            await anyio.sleep(takes)

        await poll.gather(range(items), read, **options)

    run_virtually(main)
    return begun


@pytest.mark.parametrize(
    ("spread", "share", "takes", "expected"),
    [
        (0, 1.0, 0, [0, 0, 0, 0]),
        (80, 1.0, 0, [0, 20, 40, 60]),
        (80, 1.0, 50, [0, 20, 40, 60]),
        (80, 0.5, 0, [0, 10, 20, 30]),
    ],
)
def test_calls_are_begun_evenly_over_the_spread(
    spread: float, share: float, takes: float, expected: list[float]
) -> None:
    assert starts(Poll(Vendor(), NOW, spread=spread), 4, takes, share=share) == pytest.approx(expected)


def test_calls_that_are_late_do_not_wait_and_are_no_more_at_once() -> None:
    begun = starts(Poll(Vendor(), NOW, spread=10), 4 * MAX_IN_FLIGHT, takes=100)

    assert begun[:MAX_IN_FLIGHT] == pytest.approx([number / 4 for number in range(MAX_IN_FLIGHT)])
    assert begun[MAX_IN_FLIGHT : 2 * MAX_IN_FLIGHT] == pytest.approx([100 + one / 4 for one in range(MAX_IN_FLIGHT)])


def test_nothing_is_begun_after_a_failure_however_far_it_is_spread() -> None:
    asked: list[int] = []

    async def read(item: int) -> None:
        asked.append(item)
        if item == 1:
            raise TimedOut("no answer")

    async def main() -> float:
        began = anyio.current_time()
        with pytest.raises(TimedOut):
            await Poll(Vendor(), NOW, spread=600).gather(range(6), read)
        return anyio.current_time() - began

    assert run_virtually(main) == pytest.approx(100)
    assert asked == [0, 1]


EXTRAS = "entitlements: true, subscriptions: true"
PRODUCTS = "products: [{slug: p, levers: [l, m], metering_ids: [n]}, {slug: q, levers: [l]}]"


@pytest.mark.parametrize(
    ("text", "calls", "begun", "rounds"),
    [
        (prolifi(IDS[:6]), 6, 6, 1),
        (prolifi(IDS[:6], "entitlements: true"), 12, 12, 2),
        (planship(NAMES[:6]), 6, 6, 1),
        (planship(NAMES[:6], EXTRAS).replace("products: [{slug: p, levers: [l]}]", PRODUCTS), 48, 12, 1),
    ],
    ids=["events", "events and then entitlements", "levers", "visits of four calls"],
)
def test_all_the_calls_of_a_reading_are_spread_evenly_together(text: str, calls: int, begun: int, rounds: int) -> None:
    vendor = Vendor()

    async def main() -> None:
        await parsed(text).read(Poll(vendor, NOW, spread=480.0))

    run_virtually(main)

    apart = Counter(round(after - before, 6) for before, after in pairwise(vendor.times))
    assert parsed(text).max_request_count == calls
    assert apart == Counter({480 / begun: begun - rounds, 0.0: calls - begun + rounds - 1})


def test_the_list_is_read_once_a_cycle_for_all_slices() -> None:
    one, vendor = parsed(account("prolifi", "max_customers: 2000, interval: 10m")), Vendor()

    async def main() -> None:
        kept: dict[str, tuple[datetime, Any]] = {}
        for minutes in range(0, 30, 5):
            part = Slice(minutes // 5 % 2, 2)
            await one.read(Poll(vendor, NOW + timedelta(minutes=minutes), kept, slice=part))

    anyio.run(main)

    assert vendor.asked.pop("/customers") == 3
    assert vendor.asked == Counter({f"/customers/{customer}/usage": 3 for customer in IDS[:20]})


def test_the_list_is_read_each_time_where_there_is_one_slice() -> None:
    vendor, kept = Vendor(), dict[str, tuple[datetime, Any]]()

    async def main() -> None:
        for seconds in range(3):
            await parsed(account("prolifi")).read(Poll(vendor, NOW + timedelta(seconds=seconds), kept))

    anyio.run(main)

    assert vendor.asked["/customers"] == 3


@pytest.mark.parametrize(("gone", "fails"), [(IDS[:3], True), (IDS[:2], False), ([], False)])
def test_a_slice_whose_customers_are_all_gone_fails(gone: list[str], fails: bool) -> None:
    async def main() -> None:
        await parsed(prolifi(IDS[:3])).read(Poll(Vendor(*gone), NOW))

    with pytest.raises(NotFound) if fails else nullcontext():
        anyio.run(main)
