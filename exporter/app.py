"""The composition root: the one file that knows every part and puts them together."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio

from exporter.auth import Auth
from exporter.client import Client
from exporter.config import Config
from exporter.exposition import Exposition, Format, render
from exporter.log import logger
from exporter.pacing import Pacer
from exporter.poller import Clock, Poller
from exporter.store import Snapshot, Store
from exporter.telemetry import AccountTelemetry, SnapshotCollector, Telemetry
from exporter.vendors import Account


@dataclass(frozen=True, slots=True)
class Parts:
    """An exporter put together: its store, its metrics, and a poller for each account."""

    store: Store
    telemetry: Telemetry
    pollers: tuple[tuple[Account, Poller], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll of an account came to, and how many seconds it took."""

    account: Account
    snapshot: Snapshot
    seconds: float


@asynccontextmanager
async def assemble(
    config: Config,
    clock: Clock = time.time,
    open_client: Callable[[Account, Pacer, AccountTelemetry], Client] = Client,
) -> AsyncIterator[Parts]:
    """Put the parts of a configuration together; connections are closed on leaving."""
    store = Store((account.key for account in config.accounts), render)
    telemetry = Telemetry()
    pacers: dict[tuple[str, Auth], Pacer] = {}
    observers: list[AccountTelemetry] = []
    pollers: list[tuple[Account, Poller]] = []
    async with AsyncExitStack() as stack:
        for account in config.accounts:
            observer = AccountTelemetry(telemetry, account)
            pacer = pacers.setdefault((account.base_url, account.auth), Pacer(account.rate_limit, account.assumed_rate))
            client = await stack.enter_async_context(open_client(account, pacer, observer))
            observers.append(observer)
            pollers.append((account, Poller(account, client, store, observer, clock)))
        telemetry.registry.register(SnapshotCollector(store, observers, loaded_at=clock()))
        yield Parts(store, telemetry, tuple(pollers))


async def run(
    config: Config, sockets: Iterable[socket.socket], telemetry_path: str, *, hangup_stops: bool = False
) -> None:
    """Poll and serve until SIGTERM or SIGINT; a second one ends at once."""
    from exporter.web.pages import Application  # noqa: PLC0415 - `check` and `once` need no server
    from exporter.web.server import Limits, Server, affordable_connections  # noqa: PLC0415 - the same

    for account in config.accounts:
        if account.tls.insecure_skip_verify:
            logger.warning("the vendor's certificate is not verified", vendor=account.vendor, account=account.name)
    stop, limits = anyio.Event(), Limits(connections=affordable_connections())
    async with assemble(config) as parts, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(stop_on_signal, stop, tasks.cancel_scope, hangup_stops=hangup_stops))
        for _, poller in parts.pollers:
            tasks.start_soon(poller.run)
        await Server(Application(parts.store, parts.telemetry.registry, telemetry_path), stop, limits).run(sockets)
        tasks.cancel_scope.cancel()


async def poll_once(config: Config, told: Callable[[Outcome], None]) -> bytes:
    """Poll every account once, tell of each as it ends, and return the page in the text format."""
    async with assemble(config) as parts:

        async def poll(account: Account, poller: Poller) -> None:
            began = anyio.current_time()
            snapshot = await poller.poll()
            told(Outcome(account, snapshot, anyio.current_time() - began))

        async with anyio.create_task_group() as tasks:
            for account, poller in parts.pollers:
                tasks.start_soon(poll, account, poller)
        return b"".join(Exposition(parts.store, parts.telemetry.registry).page(Format.TEXT, anyio.current_time()))


async def stop_on_signal(stop: anyio.Event, everything: anyio.CancelScope, *, hangup_stops: bool) -> None:
    """Set `stop` on SIGTERM or SIGINT, and on SIGHUP if that is to stop; on a second one, cancel everything."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            if number == signal.SIGHUP and not hangup_stops:
                logger.warning("the configuration is read at start: restart to take up a changed one")
                continue
            if stop.is_set():
                everything.cancel()
            logger.info("stopping at once" if stop.is_set() else "stopping", signal=signal.Signals(number).name)
            stop.set()
