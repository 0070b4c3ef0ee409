"""The composition root: the only module that knows all parts of the exporter, and wires the parts together."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio

from exporter.app.chores import log_every_day, observe_counters, retry_with_new_secrets
from exporter.app.exporter import Exporter, OpenClient, open_client
from exporter.app.memory import limit_free_memory
from exporter.app.reload import Reload, handle_signals, watch
from exporter.config import Config, as_yaml
from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition
from exporter.polling.poller import Clock, Poller
from exporter.status.document import Status
from exporter.status.pace import Paces
from exporter.status.report import report
from exporter.store.files import Storage
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors import Account

if TYPE_CHECKING:
    from exporter.web.protection import WebConfig


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an exporter that polls only on demand."""

    store: Store
    telemetry: Telemetry
    pollers: tuple[tuple[Account, Poller], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of polling an account, and the duration of the poll in seconds."""

    account: Account
    snapshot: Snapshot
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a running exporter is served, when it reloads its configuration, and where it stores its state.

    Attributes:
        sockets: the sockets on which the exporter listens.
        telemetry_path: the path of the metrics.
        load: the function that reads the configuration; None if the configuration cannot be reloaded.
        lifecycle: whether POST /-/reload and POST /-/poll are enabled.
        watched: None if the configuration is not watched for changes; else a function that returns the configuration's
            current state, the interval between checks in seconds, and the state just before the configuration was read.
        storage: where state is kept across restarts; None if no state is stored.
        protection: TLS and authentication of the pages; None if the pages have neither.

    """

    sockets: Iterable[socket.socket]
    telemetry_path: str
    load: Callable[[], Config] | None = None
    lifecycle: bool = False
    watched: tuple[Callable[[], object], float, object] | None = None
    storage: Storage | None = None
    protection: WebConfig | None = None


@asynccontextmanager
async def assemble(
    config: Config,
    clock: Clock = time.time,
    open_client: OpenClient = open_client,
) -> AsyncIterator[Parts]:
    """Assemble the parts for a configuration. On exit, close all connections."""
    exporter = Exporter(clock, open_client)
    exporter.apply_config(config)
    async with AsyncExitStack() as stack:
        pollers = [(account, await stack.enter_async_context(exporter.poller(account))) for account in config.accounts]
        yield Parts(exporter.store, exporter.telemetry, tuple(pollers))


async def run(config: Config, serving: Serving) -> None:
    """Poll and serve until SIGTERM or SIGINT. A second such signal stops at once. SIGHUP reloads the configuration."""
    from exporter.web.exposure import guard_origin  # noqa: PLC0415 - `check` and `once` need no server
    from exporter.web.limits import affordable_limits, raise_file_limit  # noqa: PLC0415 - the same
    from exporter.web.pages import Application, Lifecycle  # noqa: PLC0415 - the same
    from exporter.web.server import Server  # noqa: PLC0415 - the same

    limit_free_memory()
    raise_file_limit()
    stop, limits, exporter = anyio.Event(), affordable_limits(), Exporter(storage=serving.storage)
    async with anyio.create_task_group() as tasks:
        exporter.restart_polling(config, tasks)
        reload = None
        if serving.load:
            reload = Reload(
                serving.load,
                lambda config: exporter.restart_polling(config, tasks),
                exporter.telemetry.reload_status,
            )
        if reload and serving.watched:
            tasks.start_soon(watch, *serving.watched, reload)
        tasks.start_soon(
            handle_signals, stop, tasks.cancel_scope, partial(tasks.start_soon, reload) if reload else None
        )
        paces = Paces(serving.storage.observations(config.shard) if serving.storage else None)
        tasks.start_soon(observe_counters, exporter, paces, serving.storage)
        tasks.start_soon(retry_with_new_secrets, exporter)
        tasks.start_soon(log_every_day, exporter)
        lifecycle = Lifecycle(
            reload=reload if serving.lifecycle else None,
            poll=exporter.poll_now if serving.lifecycle else None,
            retry=exporter.retry if serving.lifecycle else None,
            configuration=lambda: as_yaml(exporter.config),
            paces=paces,
        )
        application = Application(exporter.store, exporter.telemetry, serving.telemetry_path, lifecycle)
        pages = guard_origin(application, serving.sockets, serving.protection)
        if protection := serving.protection:
            tasks.start_soon(protection.reload_when_changed, exporter.telemetry.web_reload_status)
            await Server(protection.require_auth(pages), stop, limits, protection.wrap_tls).run(serving.sockets)
        else:
            await Server(pages, stop, limits).run(serving.sockets)
        tasks.cancel_scope.cancel()
    if serving.storage:
        serving.storage.close()


@dataclass(frozen=True, slots=True)
class PollOnceResult:
    """The result of polling every account once: the page in the text format, and the status document."""

    page: bytes
    status: Status


async def poll_once(config: Config, on_result: Callable[[Outcome], None]) -> PollOnceResult:
    """Poll every account once, pass each outcome to `on_result` as it arrives, and return all results."""
    async with assemble(config) as parts:

        async def poll(account: Account, poller: Poller) -> None:
            began = anyio.current_time()
            snapshot = await poller.poll()
            on_result(Outcome(account, snapshot, anyio.current_time() - began))

        async with anyio.create_task_group() as tasks:
            for account, poller in parts.pollers:
                tasks.start_soon(poll, account, poller)
        now = anyio.current_time()
        page = Exposition(parts.store, parts.telemetry).page(Format.TEXT, now)
        return PollOnceResult(b"".join(page.text()), report(parts.store, parts.telemetry, Paces(), time.time(), now))
