"""Histories of the sandbox's accounts, written in this process on virtual time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from virtual_time import START, run_virtually, virtual_now

from exporter.config import Config, parse
from exporter.history.folder import Folder
from exporter.history.plan import Plan, midnight, planned
from exporter.history.run import Ended, Requests, write_history
from exporter.sandbox import World, make_app
from exporter.sandbox.vendors import SIMULATIONS
from exporter.store.files import Storage
from exporter.vendors.history import Days

NOW: Final = datetime.fromtimestamp(START, UTC)
"""When the vendors are asked: Saturday 2026-11-21 12:00:00 UTC."""
CUSTOMERS: Final = 3

Wrap = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]

SETTINGS: Final = {
    "ionos": """
    token: ${ACME_IONOS_TOKEN}
    cost: true
    quotas: [{name: core-hours, metric: ionos_meter_quantity, match: {meter_id: "C0.*"}, by: [contract], limit: 20000,
              unit: core_hours, period: month}]
""",
    "prolifi": """
    api_key: ${ACME_PROLIFI_API_KEY}
    discover: true
    window: month
    quotas: [{name: events, metric: prolifi_event_count, by: [customer_id], limit: 1000, unit: events, period: month}]
""",
    "netnut": """
    email: acme@example.com
    password: ${ACME_NETNUT_PASSWORD}
    sub_users: ["90011001"]
""",
}


def config(*vendors: str) -> Config:
    """An account at each of these vendors; the demo's secrets must be in the environment."""
    text = "".join(
        f"  - vendor: {one}\n    name: acme\n    base_url: http://127.0.0.1:1{SIMULATIONS[one].path}{SETTINGS[one]}"
        for one in vendors
    )
    return parse(f"accounts:\n{text}".encode(), Path())


def world() -> World:
    """The sandbox's world, at the time that is virtual."""
    return World(clock=virtual_now, customers=CUSTOMERS)


def plan(accounts: Config, first: str, last: str, **settings: Any) -> Plan:
    """The plan of these days."""
    asked = Plan(days=Days(midnight(first), midnight(last)), asked_at=NOW)
    return planned(accounts.accounts, (), replace(asked, **settings))


def write(
    folder: Path, wanted: Plan, *, wrap: Wrap = lambda inner: inner, storage: Storage | None = None
) -> Sequence[tuple[Ended, int]]:
    """Write what is wanted, and return how each account's ended and how many requests it took."""

    async def main() -> list[tuple[Ended, int]]:
        sandbox = httpx.ASGITransport(app=make_app(world()))
        opened = Folder.opened(folder, wanted)
        opened.begin()
        found = []
        for account in wanted.accounts:
            requests = Requests()
            ended = await write_history(account, opened, requests, lambda _: None, storage, wrap(sandbox))
            found.append((ended, requests.sent))
        return found

    return run_virtually(main)


def contents(folder: Path) -> Mapping[str, bytes]:
    """The files of a history, but for what it needs to go on."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith(".")}


class Samples:
    """The samples of a folder, by series and time."""

    def __init__(self, folder: Path) -> None:
        self.series: dict[str, dict[int, float]] = {}
        for text in contents(folder).values():
            for line in text.decode().splitlines():
                if not line.startswith("#"):
                    series, value, at = line.rsplit(" ", 2)
                    self.series.setdefault(series, {})[int(at)] = float(value)

    def of(self, name: str, *parts: str) -> dict[int, float]:
        """The one series of a family whose labels have all these texts."""
        (found,) = [
            values
            for series, values in self.series.items()
            if series.startswith(f"{name}{{") and all(part in series for part in parts)
        ]
        return found

    def families(self) -> set[str]:
        """The names of all families."""
        return {series.partition("{")[0] for series in self.series}
