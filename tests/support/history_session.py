"""One exporter's life in the history: it polls the sandbox on virtual time, and is scraped."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import httpx
from history_declared import DECLARED, SECRETS, DeclaredVendor, declared_accounts
from history_text import Recorder
from history_vendors import DAY, HOUR, VendorTransport
from virtual_time import START, run_virtually

from exporter.app.run import Parts, assemble
from exporter.cli import demo
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.config import Config, parse
from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition
from exporter.sandbox import World, make_app
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import Account

END: Final = START
"""The last moment of the history: Saturday 2026-11-21 12:00:00 UTC."""

JOB: Final = "usage-exporter"
SCRAPED_EVERY: Final = 3600.0
"""Seconds; shortly before the end far more often."""
LATELY: Final = 2 * DAY
SCRAPED_LATELY_EVERY: Final = 300.0

_BEGAN: Final = "\nprocess_start_time_seconds "
_NOWHERE: Final = "http://127.0.0.1:1"
_CUSTOMERS: Final = 3
_CORE_HOURS: Final = "limit: 20000", "limit: 15000"
"""The demo's limit, and one that a contract is beyond at the end, and another near."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of an exporter.

    Attributes:
        instance: the label that Prometheus adds.
        intervals: of the accounts, in hours, by vendor.
        begins: in seconds before the end of the history.
        ends: the same.
        offset: how long after a round time it is scraped, in seconds.
        away: how long before its beginning Prometheus has not found it, in seconds.

    """

    instance: str
    intervals: Mapping[str, float]
    begins: float
    ends: float
    offset: float
    away: float = 0.0

    @property
    def scrapes(self) -> Iterator[float]:
        """The Unix times at which Prometheus asks, those included when nobody is there."""
        at = END - self.begins - self.away + self.offset
        while at <= END - self.ends:
            yield at
            at += SCRAPED_LATELY_EVERY if at >= END - LATELY else SCRAPED_EVERY


def config(intervals: Mapping[str, float]) -> Config:
    """The demo's accounts, polled as often as is said (in hours, by vendor), with a limit that is felt.

    Beside them are accounts of the vendors that files declare.
    """
    demos = demo.configuration(_NOWHERE, "1h").replace(*_CORE_HOURS)
    parsed = parse((demos + declared_accounts(_NOWHERE)).encode(), Path())
    accounts = tuple(one.model_copy(update={"interval": HOUR * intervals[one.vendor]}) for one in parsed.accounts)
    return parsed.model_copy(update={"accounts": accounts})


def record(session: Session) -> Recorder:
    """Let a session's exporter live, and return what Prometheus found."""
    os.environ.update(demo.environment() | SECRETS)
    random.seed(session.instance)
    recorder = Recorder({"job": JOB, "instance": session.instance})
    run_virtually(partial(_live, session, recorder))
    return recorder


async def _live(session: Session, recorder: Recorder) -> None:
    begins = END - session.begins

    def now() -> float:
        return begins + anyio.current_time()

    world = World(clock=now, customers=_CUSTOMERS)
    sandbox = httpx.ASGITransport(app=make_app(world))

    def client(account: Account, limiter: RateLimiter, observer: AccountTelemetry) -> Client:
        server = DeclaredVendor(account, world) if account.vendor in DECLARED else sandbox
        return Client(account.endpoint, limiter, observer, VendorTransport(account, server, world, END))

    async with assemble(config(session.intervals), now, client) as parts, anyio.create_task_group() as tasks:
        for _, poller in parts.pollers:
            tasks.start_soon(poller.run)
        page = Page(parts, begins)
        for at in session.scrapes:
            if at < begins:
                recorder.scraped(at, _NOBODY)
            else:
                await anyio.sleep_until(at - begins)
                recorder.scraped(at, page.now())
        tasks.cancel_scope.cancel()


class Page:
    """The page of an exporter, with what Prometheus adds; made anew only when there is something new."""

    def __init__(self, parts: Parts, started: float) -> None:
        self._parts = parts
        self._exposition = Exposition(parts.store, parts.telemetry)
        self._started = str(started)
        self._of: tuple[object, ...] = ()
        self._text = ""

    def now(self) -> str:
        now = anyio.current_time()
        store = self._parts.store
        of = (store.changes.version, *(len(snapshot.visible(now)) for _, snapshot in store))
        if of != self._of:
            began = time.perf_counter()
            page = b"".join(self._exposition.page(Format.OPENMETRICS, now).text()).decode()
            before, began_then, after = page.removesuffix("# EOF\n").partition(_BEGAN)
            page = before + began_then + self._started + after[after.index("\n") :]
            self._text = _as_scraped(page, 1, time.perf_counter() - began)
            self._of = of
        return self._text


def _as_scraped(page: str, up: int, seconds: float) -> str:
    """A page, and what Prometheus says of the scrape."""
    samples = sum(not line.startswith("#") for line in page.splitlines())
    added = {"up": up, "scrape_duration_seconds": round(seconds, 6), "scrape_samples_scraped": samples}
    return page + "".join(f"# TYPE {name} gauge\n{name} {value}\n" for name, value in added.items())


_NOBODY: Final = _as_scraped("", 0, 0.001)
