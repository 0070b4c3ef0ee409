"""What IONOS Cloud answers about a month, and the account that asks."""

from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from polled_accounts import Tally as Requests
from polled_accounts import account_at, client_of, lines

from exporter.errors import PollError
from exporter.quota import SliceFigures
from exporter.store.reading import Reading, sanitize
from exporter.vendors import Account
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Diagnostics

D1 = "11111111-1111-1111-1111-111111111111"
D2 = "22222222-2222-2222-2222-222222222222"
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def place(quantity: object, data_center: str | None = D1) -> dict[str, Any]:
    row = {"meterId": "C01000", "meterDesc": "core", "quantity": {"quantity": quantity, "unit": "1hour"}}
    found = {"id": data_center, "name": "", "location": "", "meters": [row]}
    return found if data_center else {name: value for name, value in found.items() if name != "id"}


def month(period: str, *places: object, contract: object = 12345, **more: object) -> dict[str, Any]:
    document = {"startDate": f"{period}-01", "endDate": f"{period}-02", "datacenters": list(places)}
    return {**document, "metadata": {"contractId": contract, "customerId": 1, "reference": None}, **more}


def question(period: str, contract: str = "12345", data_center: str = "") -> str:
    return f"GET /{contract}/usage{data_center and '/'}{data_center}?period={period}"


def ionos(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
    return account_at(url, monkeypatch, {**common, "contracts": [12345], **settings})


def values(family: str, outcome: Reading | PollError) -> dict[str, float]:
    """A family's values by data centre."""
    found = {}
    for line in lines(outcome):
        if line.startswith(f"{family}{{"):
            series, value = line.rsplit(" ", 1)
            found[series.partition('datacenter_id="')[2].partition('"')[0]] = float(value)
    return found


QUANTITY, PREVIOUS = "ionos_meter_quantity", "ionos_previous_month_quantity"


async def _items(account: Account, now: datetime, kept: dict[str, Any]) -> tuple[SliceFigures, Diagnostics]:
    async with client_of(account, Requests()) as client:
        poll = Poll(client, now, kept)
        items = list(await account.read(poll))
    found = sanitize([*items, *poll.unreadable], poll.diagnostics)
    return SliceFigures(0, found.figures, now, found.unreadable, found.ended), poll.diagnostics


def read_at(account: Account, now: datetime, kept: dict[str, Any] | None = None) -> tuple[SliceFigures, Diagnostics]:
    return anyio.run(_items, account, now, {} if kept is None else kept)


QUOTA = {"name": "cores", "metric": QUANTITY, "limit": 50_000, "unit": "h", "period": "month"}
