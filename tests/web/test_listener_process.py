"""The process around the listener: signals while it starts, a storm of reloads, files that it may open."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.from_thread
import pytest
from anyio.lowlevel import current_token
from exporter_process import ANY_PORT
from programs import eventually

from exporter.app.reload import Reload
from exporter.cli import demo
from exporter.config import Config
from exporter.problems import ConfigError, Problem
from exporter.web.limits import affordable_limits

pytestmark = pytest.mark.slow

BLOCKED = 1 << (signal.SIGHUP - 1)


class Refusals:
    count = 0

    def refuse(self, problems: Iterable[str]) -> None:
        assert list(problems)
        self.count += 1


@contextmanager
def starting(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """An exporter that has only just begun."""
    (folder / "config.yaml").write_text(demo.configuration("http://127.0.0.1:1", "1h"))
    log = folder / "log"
    command = [sys.executable, "-m", "exporter", "run", "--config.file=config.yaml", ANY_PORT]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **demo.environment()}, stderr=sink)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def test_a_sighup_while_it_starts_ends_nothing_and_is_heard_when_it_runs(tmp_path: Path) -> None:
    with starting(tmp_path) as (process, log):
        state = Path(f"/proc/{process.pid}/status")
        eventually(lambda: int(state.read_text().partition("SigBlk:")[2].split()[0], 16) & BLOCKED)
        assert "started" not in log.read_text()
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
        eventually(lambda: "config reloaded" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert log.read_text().count("config reloaded") == 1


@pytest.mark.anyio
async def test_who_asks_for_a_reload_before_one_begins_is_answered_by_that_one() -> None:
    reads, config = 0, Config(accounts=())
    begun, go_on, token = anyio.Event(), anyio.Event(), current_token()

    def load() -> Config:
        nonlocal reads
        reads += 1
        anyio.from_thread.run_sync(begun.set, token=token)
        anyio.from_thread.run(go_on.wait, token=token)
        if reads == 2:
            raise ConfigError([Problem("accounts", "is missing")])
        return config

    refusals, seen = Refusals(), list[str]()
    reload = Reload(load, lambda _: {}, refusals)

    async def ask() -> None:
        seen.append(await reload())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await begun.wait()
        for _ in range(100):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        go_on.set()

    assert seen == [""] + ["accounts: is missing"] * 100
    assert (reads, refusals.count) == (2, 1)
    assert await reload() == ""


@pytest.mark.anyio
async def test_a_reload_whose_asker_goes_is_made_for_the_next() -> None:
    reads, begun, token = [], anyio.Event(), current_token()

    def load() -> Config:
        reads.append(1)
        anyio.from_thread.run_sync(begun.set, token=token)
        return Config(accounts=())

    reload = Reload(load, lambda _: {}, Refusals())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await reload()
    assert await reload() == ""
    assert len(reads) == 1


@pytest.mark.anyio
async def test_a_bug_while_a_configuration_is_applied_is_counted_and_ends_nothing() -> None:
    def apply(_: Config) -> dict[str, str]:
        raise ZeroDivisionError

    refusals = Refusals()

    assert await Reload(lambda: Config(accounts=()), apply, refusals)() == "bug in the exporter: ZeroDivisionError"
    assert refusals.count == 1


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "per_network"), [(1024, 2048, 512, 128), (64, 64, 32, 8), (3, 3, 1, 1)]
)
def test_it_opens_as_many_files_as_it_may_and_connections_use_half_of_them_at_most(
    soft: int, hard: int, connections: int, per_network: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    limits = affordable_limits()

    assert (limits.connections, limits.connections_per_network) == (connections, per_network)


def test_the_process_asks_for_all_the_files_that_it_may_open() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 128));"
        "from exporter.web.limits import raise_file_limit; raise_file_limit();"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "(128, 128)\n"
