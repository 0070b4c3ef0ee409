"""The composition root: the one file that knows every part and puts them together."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.abc
import anyio.to_thread

from exporter.auth import Auth
from exporter.client import Client
from exporter.config import Config
from exporter.errors import InternalError
from exporter.exposition import Exposition, Format, render
from exporter.log import logger
from exporter.pacing import Pacer
from exporter.poller import Clock, Poller
from exporter.reload import Reload, heed_signals, watch
from exporter.storage import Kept, Storage, Unusable
from exporter.store import AccountKey, Reading, Snapshot, Store
from exporter.telemetry import AccountTelemetry, SnapshotCollector, Telemetry
from exporter.vendors import Account


class Exporter:
    """What an exporter is made of: what it knows and counts of its accounts, and how each comes to be polled.

    Attributes:
        store: what is known of each account.
        telemetry: what is counted of each.

    """

    def __init__(
        self,
        clock: Clock = time.time,
        open_client: Callable[[Account, Pacer, AccountTelemetry], Client] = Client,
        storage: Storage | None = None,
    ) -> None:
        self.store = Store((), render)
        self.telemetry = Telemetry(loaded_at=clock())
        self.telemetry.registry.register(SnapshotCollector(self.store, self.telemetry))
        self._clock = clock
        self._open_client = open_client
        self._storage = storage
        self._pacers: dict[tuple[str, Auth], Pacer] = {}
        self._polled: dict[AccountKey, anyio.CancelScope] = {}
        self._unwritten: set[AccountKey] = set()

    def adopt(self, config: Config) -> list[Account]:
        """Take up a configuration, and return the accounts that are new or set up in another way.

        Of an account that is set up in another way all is kept that is known, unless it signs in as another or
        elsewhere: that is another account of the same name.
        """
        before = {key: one.account for key, one in self.telemetry.accounts.items()}
        wanted = {account.key: account for account in config.accounts}
        self.store.adopt(wanted)
        for key in before.keys() - wanted.keys():
            self.telemetry.forget(key)
        changed = [account for key, account in wanted.items() if account != before.get(key)]
        for account in changed:
            if (old := before.get(account.key)) and (old.base_url, old.auth) != (account.base_url, account.auth):
                self.store.forget(account.key)
            self.telemetry.adopt(account)
            if self._storage and not self.store[account.key].reading:
                self._restore(account, self._storage)
        self.telemetry.loading.accept(self._clock())
        return changed

    @asynccontextmanager
    async def poller(self, account: Account) -> AsyncIterator[Poller]:
        """Open an adopted account for polls; its connections are closed on leaving."""
        pacer = self._pacers.setdefault(
            (account.base_url, account.auth), Pacer(account.rate_limit, account.assumed_rate)
        )
        observer = self.telemetry.accounts[account.key]
        preserve = partial(self._preserve, account, self._storage) if self._storage else None
        async with self._open_client(account, pacer, observer) as client:
            yield Poller(account, client, self.store, observer, self._clock, preserve=preserve)

    def _restore(self, account: Account, storage: Storage) -> None:
        """Show what an earlier process left of an account, at its true age."""
        try:
            kept = storage.read(account)
        except Unusable as error:
            self.telemetry.accounts[account.key].set_aside(error.reason)
            _log_storage(account, "a stored reading cannot be used and is set aside", error.reason)
            return
        except OSError as error:
            _log_storage(account, "a stored reading cannot be read", error.strerror)
            return
        if kept:
            age = max(0.0, self._clock() - kept.asked_at)
            stale_at = anyio.current_time() - age + account.stale_seconds
            self.store.restored(account.key, kept.reading, kept.read_at, stale_at)

    async def _preserve(
        self, account: Account, storage: Storage, reading: Reading, asked_at: float, read_at: float
    ) -> None:
        try:
            await anyio.to_thread.run_sync(storage.write, account, Kept(reading, asked_at, read_at))
        except OSError as error:
            self.telemetry.accounts[account.key].write_failed()
            if account.key not in self._unwritten:
                _log_storage(account, "a reading cannot be stored", error.strerror)
            self._unwritten.add(account.key)
        else:
            self._unwritten.discard(account.key)

    def poll(self, config: Config, tasks: anyio.abc.TaskGroup) -> None:
        """Poll the accounts of a configuration from now on; those that did not change go on as they were."""
        changed = self.adopt(config)
        kept = {account.key for account in config.accounts} - {account.key for account in changed}
        for key in self._polled.keys() - kept:
            self._polled.pop(key).cancel()
        for account in changed:
            for caution in account.cautions():
                logger.warning(caution, vendor=account.vendor, account=account.name)
            self._polled[account.key] = anyio.CancelScope()
            tasks.start_soon(self._poll, account, self._polled[account.key])

    async def _poll(self, account: Account, until: anyio.CancelScope) -> None:
        with until:
            try:
                async with self.poller(account) as poller:
                    await poller.run()
            except Exception as error:  # noqa: BLE001 - an account that cannot be opened must not end the others
                logger.exception("an account cannot be polled", vendor=account.vendor, account=account.name)
                self.store.failed(account.key, InternalError(type(error).__name__))


def _log_storage(account: Account, said: str, error: str | None) -> None:
    logger.warning(said, vendor=account.vendor, account=account.name, error=error)


@dataclass(frozen=True, slots=True)
class Parts:
    """An exporter put together for as many polls as somebody asks for."""

    store: Store
    telemetry: Telemetry
    pollers: tuple[tuple[Account, Poller], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll of an account came to, and how many seconds it took."""

    account: Account
    snapshot: Snapshot
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How an exporter that runs is served and told what to do.

    Attributes:
        sockets: where it listens.
        telemetry_path: where its metrics are.
        load: reads the configuration again; None where there is none to read again.
        lifecycle: whether it is also read again on POST /-/reload.
        watched: how to tell whether the configuration has changed, and how often to look, in seconds; None not to.
        storage: what outlives the process; None for nothing.

    """

    sockets: Iterable[socket.socket]
    telemetry_path: str
    load: Callable[[], Config] | None = None
    lifecycle: bool = False
    watched: tuple[Callable[[], object], float] | None = None
    storage: Storage | None = None


@asynccontextmanager
async def assemble(
    config: Config,
    clock: Clock = time.time,
    open_client: Callable[[Account, Pacer, AccountTelemetry], Client] = Client,
) -> AsyncIterator[Parts]:
    """Put the parts of a configuration together; connections are closed on leaving."""
    exporter = Exporter(clock, open_client)
    exporter.adopt(config)
    async with AsyncExitStack() as stack:
        pollers = [(account, await stack.enter_async_context(exporter.poller(account))) for account in config.accounts]
        yield Parts(exporter.store, exporter.telemetry, tuple(pollers))


async def run(config: Config, serving: Serving) -> None:
    """Poll and serve until SIGTERM or SIGINT; a second one ends at once. SIGHUP reads the configuration again."""
    from exporter.web.pages import Application  # noqa: PLC0415 - `check` and `once` need no server
    from exporter.web.server import Limits, Server, affordable_connections  # noqa: PLC0415 - the same

    stop, limits, exporter = (
        anyio.Event(),
        Limits(connections=affordable_connections()),
        Exporter(storage=serving.storage),
    )
    async with anyio.create_task_group() as tasks:
        exporter.poll(config, tasks)
        reload = None
        if serving.load:
            reload = Reload(serving.load, partial(exporter.poll, tasks=tasks), exporter.telemetry.loading)
        if reload and serving.watched:
            tasks.start_soon(watch, *serving.watched, reload)
        tasks.start_soon(heed_signals, stop, tasks.cancel_scope, partial(tasks.start_soon, reload) if reload else None)
        pages = Application(
            exporter.store, exporter.telemetry.registry, serving.telemetry_path, reload if serving.lifecycle else None
        )
        await Server(pages, stop, limits).run(serving.sockets)
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
