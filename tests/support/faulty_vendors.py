"""The sandbox on a real socket, with faults; raw bytes from it; and an exporter that polls it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Container, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from captured_logs import captured_logs
from page_text import own_lines, page_text, value_of
from patience import DEADLINE_SECONDS

from exporter import config
from exporter.app.run import Parts, assemble
from exporter.cli import demo
from exporter.sandbox import Faults, World, make_app, read_fault
from exporter.sandbox.ionos.accounts import ACCOUNTS as IONOS_ACCOUNTS
from exporter.sandbox.prolifi.accounts import ACCOUNTS as PROLIFI_ACCOUNTS
from exporter.store.snapshot import Snapshot
from exporter.web.addresses import address_of, listen
from exporter.web.server import Server

IONOS_KEY = {"Authorization": f"Bearer {IONOS_ACCOUNTS['acme'].token}"}
PROLIFI_KEY = {"Authorization": f"Bearer {PROLIFI_ACCOUNTS['acme'].key}"}

PROFILE = "/ionos/billing/profile"
PRODUCTS = "/ionos/billing/32100457/products"
LIST = "/prolifi/api/v1/public/customers"


@dataclass(frozen=True)
class FaultyVendors:
    """A sandbox that is served, and its faults."""

    url: str
    faults: Faults

    def fail(self, text: str) -> None:
        self.faults.add(read_fault(text))

    def recover(self) -> None:
        self.faults.clear()

    @property
    def calls(self) -> int:
        """How many calls went wrong by the faults that stand."""
        return sum(one["calls"] for one in self.faults.described())

    def connect(self) -> socket.socket:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=DEADLINE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def raw(self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: bytes = b"") -> bytes:
        """All that comes back; a reset is an error."""
        with self.connect() as connection:
            connection.sendall(request_bytes(path, headers or {}, method, body))
            return b"".join(iter(lambda: connection.recv(1 << 20), b""))

    def ask(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: bytes = b""
    ) -> tuple[int, Message, bytes]:
        """Status, headers and body of a whole answer."""
        head, _, rest = self.raw(path, headers, method, body).partition(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        named = message_from_bytes(fields)
        assert named["Transfer-Encoding"] is not None or len(rest) == int(named["Content-Length"] or 0)
        return int(line.split()[1]), named, rest if named["Transfer-Encoding"] is None else unchunked(rest)


def request_bytes(path: str, headers: dict[str, str], method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{name}: {value}" for name, value in {"Host": "vendor", "Connection": "close", **headers}.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, f"Content-Length: {len(body)}", "\r\n"]).encode() + body


def unchunked(body: bytes) -> bytes:
    whole = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return whole
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]


@contextmanager
def faulty_vendors(*faults: str, **world: Any) -> Iterator[FaultyVendors]:
    (one,) = listen(["127.0.0.1:0"])
    standing = Faults(map(read_fault, faults))
    with start_blocking_portal() as portal:
        stop = portal.call(anyio.Event)
        served = portal.start_task_soon(Server(make_app(World(**world), standing), stop).run, [one])
        try:
            yield FaultyVendors(f"http://{address_of(one)}", standing)
        finally:
            portal.call(stop.set)
            served.result()


def configured(url: str, names: Container[str], **settings: Any) -> str:
    """The demo's configuration of an account at each of the vendors, impatient; with settings by vendor."""
    document = yaml.safe_load(demo.configuration(url, "5m", ("acme",)))
    document["accounts"] = [account for account in document["accounts"] if account["vendor"] in names]
    for account in document["accounts"]:
        account |= {"timeout": "1s", "rate_limit": "1000/1s", **settings.get(account["vendor"], {})}
    return yaml.safe_dump(document)


@dataclass
class Watched:
    """An exporter of which each poll is asked for."""

    parts: Parts

    def snapshot(self, vendor: str) -> Snapshot:
        return self.parts.store[vendor, "acme"]

    async def poll(self) -> dict[str, Snapshot]:
        """Poll every account at the same time, as they would by themselves."""
        async with anyio.create_task_group() as tasks:
            for _, poller in self.parts.pollers:
                tasks.start_soon(poller.poll)
        return {account.vendor: self.snapshot(account.vendor) for account, _ in self.parts.pollers}

    def page(self) -> str:
        return page_text(self.parts.store, self.parts.telemetry, anyio.current_time())

    def figures(self, vendor: str) -> dict[str, float]:
        """The series of a vendor's on the page."""
        lines = [line for line in self.page().splitlines() if line.startswith(f"{vendor}_")]
        return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}

    def own(self, name: str, vendor: str, **labels: str) -> float | None:
        """A series that the exporter says of the account."""
        said = own_lines(self.parts.store, self.parts.telemetry, anyio.current_time())
        return value_of(said, f"usage_exporter_{name}", account="acme", vendor=vendor, **labels)


@asynccontextmanager
async def watched(
    url: str, monkeypatch: pytest.MonkeyPatch, names: Container[str] = ("netnut", "ionos"), **settings: Any
) -> AsyncIterator[Watched]:
    """An exporter of an account at each of the vendors."""
    for name, value in demo.environment(("acme",)).items():
        monkeypatch.setenv(name, value)
    async with assemble(config.parse(configured(url, names, **settings).encode(), Path())) as parts:
        yield Watched(parts)


async def fails(
    exporter: Watched, vendors: FaultyVendors, fault: str, reason: str, *, polls: int = 2
) -> list[MutableMapping[str, Any]]:
    """Poll well, then with this fault, and return what is logged meanwhile.

    Each poll with it ends, and for this reason, its account's figures stay, others' are polled on, and all of
    it is said in one line.
    """
    vendor = fault.partition(":")[0]
    before = await exporter.poll()
    assert {name for name, snapshot in before.items() if not snapshot.up} == set()
    figures, succeeded = exporter.figures(vendor), exporter.own("poll_last_success_timestamp_seconds", vendor)
    vendors.fail(fault)
    with captured_logs() as logs:
        for number in range(1, polls + 1):
            with anyio.fail_after(DEADLINE_SECONDS):
                after = await exporter.poll()
            assert reason_of(after[vendor]) == reason, after[vendor].error
            assert exporter.own("poll_failures_total", vendor, reason=reason) == number
    assert vendors.calls > 0
    assert exporter.figures(vendor) == figures != {}
    assert exporter.own("poll_last_success_timestamp_seconds", vendor) == succeeded
    for name, snapshot in after.items():
        assert exporter.own("account_up", name) == (name != vendor)
        assert name == vendor or (snapshot.read_at or 0) > (before[name].read_at or 0)
    assert [(log["vendor"], log["reason"]) for log in logs if log["log_level"] == "warning"] == [(vendor, reason)]
    return logs


async def recovers(exporter: Watched, vendors: FaultyVendors, vendor: str = "netnut") -> None:
    """Poll without the faults: all is as it was."""
    figures = exporter.figures(vendor)
    vendors.recover()
    with captured_logs() as logs:
        after = await exporter.poll()
    assert all(snapshot.up for snapshot in after.values())
    assert exporter.figures(vendor).keys() == figures.keys()
    assert [log["event"] for log in logs if log.get("vendor") == vendor] == ["poll recovered"]


def reason_of(snapshot: Snapshot) -> str:
    return snapshot.error.reason if snapshot.error else ""


def profile(vendors: FaultyVendors, fault: str) -> tuple[int, Message, bytes]:
    vendors.fail(f"ionos:/profile:{fault}")
    return vendors.ask(PROFILE, IONOS_KEY)
