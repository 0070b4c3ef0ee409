"""Thousands of items cost each as much as a few do: no loop within a loop."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import pytest

from exporter.config import parse
from exporter.polling.pipeline import PollResult, process
from exporter.store.snapshot import Snapshot
from exporter.vendors import Account
from exporter.vendors.poll import Poll

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FEW, TIMES = 100, 5
QUOTA = "quotas: [{name: cap, metric: netnut_sub_user_gb_used, limit: 5, by: [sub_user_id], period: plan}]"


def row(number: int, **more: object) -> Mapping[str, object]:
    return {"id": number, "product_type": "Residential", "is_active": True, "total_gb_used": 1.5, "plan_gb": 9, **more}


def netnut(count: int, settings: str) -> Account:
    listed = f"sub_users: [{', '.join(f's{number}' for number in range(count))}]"
    told = settings.replace("LISTED", listed)
    text = f"accounts: [{{vendor: netnut, name: main, token: '${{TOKEN}}', max_series: 900000, {told}}}]"
    return parse(text.encode(), Path()).accounts[0]


def calls_of(count: int, settings: str, *, is_strange: bool) -> int:
    """How many calls two polls of an account with so many sub-users take; some rows are another's, or lack a figure."""
    account, calls, snapshot = netnut(count, settings), 0, Snapshot()
    odd = ({}, {"customer_id": "else"}, {"total_gb_used": None}) if is_strange else ({},)

    async def fetch(path: str, *, read: Any, **_: object) -> Any:
        if path.endswith("/usage/"):
            return read({"data": [row(number, customer_id=f"s{number}") for number in range(count)]})
        number = int(path.rpartition("/s")[2]) if "/s" in path else count
        return read({"data": [row(number, **odd[number % len(odd)])]})

    def on_call(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    async def main() -> None:
        nonlocal snapshot
        poll = Poll(fetch, NOW)
        items = [*await account.read(poll), *poll.unreadable]
        result = PollResult(0, items, poll.diagnostics, None, NOW, NOW.timestamp(), float("inf"))
        done = process(account, result, snapshot)
        snapshot = snapshot.with_reading(0, done.state, done.account_state, done.ledger)

    sys.setprofile(on_call)
    try:
        for _ in range(2):
            anyio.run(main)
    finally:
        sys.setprofile(None)
    assert snapshot.series > count
    return calls


@pytest.mark.parametrize("is_strange", [False, True], ids=["whole", "strange"])
@pytest.mark.parametrize("settings", ["LISTED", f"LISTED, {QUOTA}", "reseller: true", "reseller: true, LISTED"])
def test_sub_users_cost_in_proportion_to_their_number(
    settings: str, is_strange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")
    few, many = (calls_of(count, settings, is_strange=is_strange) for count in (FEW, TIMES * FEW))

    assert many < 1.1 * TIMES * few
