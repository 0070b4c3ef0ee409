"""Counts every call of a poll, a scrape, a reload and a start that can fail, then fails each in turn, a run each.

After each run must hold: no figure is wrong, no reading is lost, a failure has a reason, nothing is left open, and the
next try without a fault works. `python tests/support/torture.py [OPERATION ...]` runs all of them and prints how many;
it ends with 1 at the first that does not hold. Everything is on loopback and in a folder of its own.
"""

import asyncio
import gc
import itertools
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import pytest
from polled_accounts import be_impatient
from torture_faults import Faults, Stepped
from torture_world import World, opened, shown, world

from exporter.app.exporter import Exporter
from exporter.app.reload import Reload
from exporter.config import Config, load
from exporter.errors import REASONS
from exporter.log import configure
from exporter.polling.poller import Poller
from exporter.problems import ConfigError
from exporter.store.files import Storage
from exporter.web.pages import Application
from exporter.web.server import Server

PATIENCE_SECONDS: Final = 20.0

_run_sync: Final = anyio.to_thread.run_sync
"""For ourselves, and never failing."""


async def _works(poller: Poller) -> None:
    error = (await poller.poll()).error
    assert error is None, error


async def _goes_on(world: World, exporter: Exporter, poller: Poller) -> None:
    """The next poll shows what the vendor says now, and what was used since the first."""
    world.used[0] = 9.0
    await _works(poller)
    assert shown(exporter) == (9.0, 4.0)


def _is_kept(world: World) -> None:
    """Another exporter begins with what that poll has shown."""
    again, storage, _ = opened(world)
    assert shown(again) == (9.0, 4.0)
    storage.close()


async def polls(world: World, faults: Faults) -> None:
    """A poll in which a call fails keeps the last reading and says why, or works; the next one works."""
    exporter, storage, account = opened(world)
    async with exporter.poller(account) as poller:
        await poller.poll()
        assert shown(exporter) == (5.0, 0.0)
        world.used[0] = 8.0
        with faults.armed():
            after = await poller.poll()
        if after.error is None:
            assert shown(exporter)[0] == 8.0
            assert shown(exporter)[1] in (0.0, 3.0)  # it waits if it could not be stored
        else:
            assert after.error.reason in set(REASONS) - {"internal"}
            assert shown(exporter) == (5.0, 0.0)
        await _goes_on(world, exporter, poller)
    storage.close()
    _is_kept(world)


async def first_polls(world: World, faults: Faults) -> None:
    """So does the very first poll, which makes the files, connects and signs in."""
    exporter, storage, account = opened(world)
    async with exporter.poller(account) as poller:
        with faults.armed():
            after = await poller.poll()
        assert shown(exporter)[0] in ((5.0,) if after.error is None else (None,))
        if after.error:
            assert after.error.reason in set(REASONS) - {"internal"}
        await _works(poller)
        assert shown(exporter) == (5.0, 0.0)
    storage.close()


async def cancelled_polls(world: World, faults: Faults) -> None:
    """A poll that is cancelled, wherever it waits, is whole or has not been; the next one works."""
    exporter, storage, account = opened(world)
    async with exporter.poller(account) as poller:
        await poller.poll()
        world.used[0] = 8.0
        with anyio.CancelScope() as scope:
            await Stepped(poller.poll(), faults, scope)
        assert shown(exporter) in ((5.0, 0.0), (8.0, 3.0))
        await _goes_on(world, exporter, poller)
    storage.close()
    _is_kept(world)


async def scrapes(world: World, faults: Faults) -> None:
    """A scrape in which a call fails is no page or the whole page; the next one is the whole page."""
    exporter, storage, account = opened(world)
    async with exporter.poller(account) as poller:
        await poller.poll()
    stop, listener = anyio.Event(), socket.create_server(("127.0.0.1", 0))
    async with anyio.create_task_group() as tasks:
        server = Server(Application(exporter.store, exporter.telemetry, "/metrics"), stop)
        await tasks.start(server.run, [listener])
        port = listener.getsockname()[1]
        with faults.armed():
            page = await _run_sync(partial(_scraped, port))
        whole = await _run_sync(partial(_scraped, port))
        stop.set()
    assert b"netnut_gb_used" in whole
    assert not page or _figures(page) == _figures(whole)
    storage.close()


def _scraped(port: int) -> bytes:
    """The page, or nothing where the connection ends without a whole one; asked in a thread of nobody's."""
    found = list[bytes]()

    def ask() -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answered = b"".join(iter(partial(client.recv, 65536), b""))
            head, _, body = answered.partition(b"\r\n\r\n")
            if b" 200 " in head.partition(b"\r\n")[0]:
                length = int(head.lower().partition(b"content-length: ")[2].split()[0])
                found.append(body if len(body) == length else b"")

    thread = threading.Thread(target=ask, name="client")
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive(), "the scrape hangs"
    return found[0] if found else b""


def _figures(page: bytes) -> list[bytes]:
    return [line for line in page.splitlines() if line.startswith((b"netnut", b"usage_quota"))]


async def reloads(world: World, faults: Faults) -> None:
    """A reload in which a call fails says so and leaves all as it was, or works; the next one works."""
    exporter, storage, account = opened(world)
    async with exporter.poller(account) as poller:
        await poller.poll()

    def adopt(config: Config) -> dict[str, str]:
        exporter.apply_config(config)
        return {}

    reload = Reload(partial(load, world.config), adopt, exporter.telemetry.reload_status)
    world.configure("2h")
    with faults.armed():
        problems = await reload()
    assert shown(exporter) == (5.0, 0.0)
    interval = exporter.telemetry.accounts[account.key].account.interval
    assert interval == (3600.0 if problems else 7200.0)
    assert exporter.telemetry.reload_status.accepted is not bool(problems)
    assert not await reload()
    assert exporter.telemetry.accounts[account.key].account.interval == 7200.0
    storage.close()


async def starts(world: World, faults: Faults) -> None:
    """A start in which a call fails is refused, or shows what was stored, or nothing; the next one shows it."""
    exporter, storage, account = opened(world)
    async with exporter.poller(account) as poller:
        await poller.poll()
        world.used[0] = 8.0
        await poller.poll()
    storage.close()
    with faults.armed(), suppress(OSError):
        second = Storage(world.folder / "storage")
        try:
            exporter = Exporter(storage=second)
            with suppress(ConfigError):  # which is said, with its place
                exporter.apply_config(load(world.config))
                assert shown(exporter) in ((8.0, 3.0), (None, None))
        finally:
            second.close()
    third, storage, _ = opened(world)
    assert shown(third) == (8.0, 3.0)
    storage.close()


Operation = Callable[[World, Faults], Awaitable[None]]
OPERATIONS: Final[dict[str, Operation]] = {
    one.__name__: one for one in (polls, first_polls, cancelled_polls, scrapes, reloads, starts)
}


def run(operation: Operation, fails_at: int = 0) -> Faults:
    """Run an operation with the call of a number failing, and look that nothing of it is left.

    Raises:
        AssertionError: something does not hold.

    """
    faults = Faults(fails_at)

    async def main() -> None:
        with anyio.fail_after(PATIENCE_SECONDS):
            await operation(one, faults)
        await anyio.wait_all_tasks_blocked()
        left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, f"tasks are left: {left}"

    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as one, pytest.MonkeyPatch.context() as patch:
        be_impatient(patch)
        patch.setattr("exporter.client.auth._SHARED_SECONDS", 0.0)  # else the next poll shares a sign-in that failed
        with faults.installed():
            before = _open_files()
            anyio.run(main)
        gc.collect()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while _open_files() > before and time.monotonic() < deadline:  # the vendor closes its ends a moment later
            time.sleep(0.005)
        assert _open_files() <= before, "files are left open"
    return faults


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - as cheap as can be


def main(names: list[str]) -> None:
    """Fail every call of the operations of these names, or of all."""
    for name in names or OPERATIONS:
        for number in itertools.count(1):
            try:
                failed = run(OPERATIONS[name], number).failed
            except BaseException:
                sys.stdout.write(f"{name}: does not hold with call {number} failing\n")
                raise
            if not failed:
                break
        sys.stdout.write(f"{name}: each of {number - 1} calls failed in turn\n")
        sys.stdout.flush()


if __name__ == "__main__":
    configure("error")  # most runs log a failure, as they should
    main(sys.argv[1:])
