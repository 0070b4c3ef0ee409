"""A vendor that names other things in each answer fills no memory: everything that outlives a poll has a bound."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import anyio
import pytest
from virtual_time import run_virtually, virtual_now

from exporter.client.rate_limit import StatedLimit
from exporter.config import parse
from exporter.errors import ServerFailed
from exporter.metrics import Family
from exporter.polling.poller import Poller
from exporter.status.pace import Paces
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors import Account

Answer = Callable[[int, str], object]
"""The document that answers a path in a poll of a number."""

ROWS: Final = 40
POLLS: Final = 24
DATES: Final = {"start_date": "2026-01-01", "end_date": "2096-12-30"}
STOPS: Final = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    Family,
    Account,
    str,
    bytes,
    int,
    float,
)


def ids(poll: int, prefix: str = "x") -> list[str]:
    return [f"{prefix}{poll * ROWS + row}" for row in range(ROWS)]


def netnut(poll: int, _: str) -> object:
    plan = {"product_type": "R", "is_active": True, "total_gb_used": 1.5 + poll, "plan_gb": 9, **DATES}
    return {"data": [{**plan, "id": one, "customer_id": f"u{one}", f"odd{one}": 1} for one in ids(poll)]}


def ionos(poll: int, path: str) -> object:
    if path.endswith("/profile"):
        return {"companies": [{"contractId": str(10_000 + poll * ROWS + row)} for row in range(ROWS)]}
    if path.endswith("/products"):
        if poll % 2:
            raise ServerFailed("HTTP 500")
        return {"products": [{"meterId": one, "unitCost": {"quantity": "1", "unit": "EUR"}} for one in ids(poll)]}
    meters = [{"meterId": one, "quantity": {"quantity": 5, "unit": f"u{one}"}} for one in ids(poll)[:2]]
    return {"datacenters": [{"id": f"d{poll}", "name": "n", "meters": meters}]}


def prolifi(poll: int, path: str) -> object:
    if path == "/customers":
        return {
            "data": [{"id": one} for one in ids(poll)],
            "pagination": {"total": ROWS, "limit": 100, "has_more": False},
        }
    if path.endswith("entitlements"):
        rows = {"limit": 9, "current_usage": poll, "remaining": 9 - poll, "is_unlimited": False}
        return {"data": [{**rows, "feature_id": one} for one in ids(poll)[:3]]}
    if path.endswith("7/usage"):
        raise ServerFailed("HTTP 500")
    return {"data": [{"event_name": one, "count": 1} for one in ids(poll)[:3]]}


VENDORS: dict[str, tuple[str, Answer]] = {
    "netnut": ("reseller: true, quotas: [{name: q, metric: netnut_gb_used, limit: 5, by: [plan_id]}]", netnut),
    "ionos": ("cost: true, quotas: [{name: q, metric: ionos_meter_quantity, limit: 5, by: [meter_id, unit]}]", ionos),
    "prolifi": ("discover: true, entitlements: true, window: month", prolifi),
}


def things(*roots: object) -> int:
    """How many things these hold, and things within: entries of what is a collection, and attributes."""
    seen: set[int] = set()
    waiting, count = list(roots), 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, STOPS):
            continue
        seen.add(id(one))
        inside = list(_inside(one))
        count += len(inside)
        waiting += inside
    return count


def _inside(one: Any) -> Iterator[object]:
    if isinstance(one, dict):
        yield from one.keys()
        yield from one.values()
    elif isinstance(one, list | tuple | set | frozenset) or type(one).__name__ in {"deque", "mappingproxy"}:
        yield from one
    elif is_dataclass(one):
        yield from (getattr(one, field.name) for field in fields(one) if hasattr(one, field.name))
    elif hasattr(one, "__dict__"):
        yield from vars(one).values()


def held_after(vendor: str) -> list[tuple[int, int]]:
    """What is held after each half of the polls: how many things, and how many bytes of lines."""
    settings, answer = VENDORS[vendor]
    secret = "api_key" if vendor == "prolifi" else "token"
    text = f"accounts: [{{vendor: {vendor}, name: main, {secret}: '${{TOKEN}}', max_series: 30, {settings}}}]"
    account = parse(text.encode(), Path()).accounts[0]
    store, telemetry, paces = Store([account.key]), Telemetry(0.0, virtual_now), Paces()
    telemetry.add(account)
    observer, polls, held = telemetry.accounts[account.key], 0, list[tuple[int, int]]()

    async def fetch(path: str, *, read: Any, **_: object) -> Any:
        observer.on_request("200", 0.1)
        observer.on_stated_limit(StatedLimit(1000, polls))
        return read(answer(polls, path))

    async def main() -> None:
        nonlocal polls
        poller = Poller(account, fetch, store, observer, virtual_now)
        for _ in range(2):
            for _ in range(POLLS):
                polls += 1
                await poller.poll()
                paces.observe(store, virtual_now())
                await anyio.sleep(account.interval)
            snapshot = store[account.key]
            lines = sum(len(one.text) for state in snapshot.visible(0.0) for one in state.rendered.values())
            held.append((things(poller, store, telemetry, paces), lines))

    run_virtually(main)
    return held


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_outlives_a_poll_does_not_grow_with_the_names_that_a_vendor_invents(
    vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")
    monkeypatch.setattr("exporter.polling.poller._MOST_FAILING", ROWS)  # or it would take long to get there
    (things_before, lines_before), (things_after, lines_after) = held_after(vendor)

    assert things_after < things_before + ROWS
    assert lines_after < lines_before * 1.2 + 1000
    assert things_before > ROWS


def test_a_list_that_grows_is_seen() -> None:
    assert things({"a": [1, 2], "b": {3: (4, 5)}}) == 4 + 2 + 2 + 2
