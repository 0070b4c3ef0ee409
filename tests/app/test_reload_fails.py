"""Whatever fails while a configuration is applied, the one before goes on as if nothing had been tried.

`TORTURE_RUNS=1000` fails each function that is called on the way; `TORTURE_SEED` repeats a choice that is printed.
"""

import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import anyio
import httpx
import pytest
from captured_logs import captured_logs
from reloading import SECRETS, account, configured
from virtual_exporter import text_of
from virtual_time import run_virtually, virtual_now

import exporter
from exporter.app.exporter import Exporter
from exporter.app.exporter import open_client as connect
from exporter.app.reload import Reload
from exporter.config import Config
from exporter.sandbox import World, make_app
from exporter.store.files import Storage

pytestmark = pytest.mark.slow

OURS = str(Path(exporter.__file__).parent)
CAP = "quotas: [{name: cap, metric: netnut_gb_used, limit: 5}]"
OLD = (account("same"), account("changed", CAP), account("labelled"), account("old", CAP), account("removed"))
NEW = (
    account("same"),
    account("changed", interval="7m", email="globex"),
    account("labelled", "labels: {team: a}", "rate_limit: 60/1m"),
    account("new", "was: old", CAP),
    account("added", "timeout: 10m"),
)


class Fault(Exception):  # noqa: N818 - it is what fails
    """What a function fails with that is called."""


class WrittenAtOnce(Storage):
    """A storage whose disk takes no time: its own thread would be waited for in virtual time."""

    async def store(self, *args: Any, **options: Any) -> None:
        self._store(*args, **options)


@contextmanager
def failing(function: CodeType | None) -> Iterator[list[CodeType]]:
    """Have a function of the exporter fail at its first call; note which are called."""
    called: list[CodeType] = []

    def on_call(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not frame.f_code.co_filename.startswith(OURS):
            return
        called.append(frame.f_code)
        if frame.f_code is function:
            raise Fault(frame.f_code.co_qualname)

    sys.setprofile(on_call)
    try:
        yield called
    finally:
        sys.setprofile(None)


def reloaded(folder: Path, function: CodeType | None) -> tuple[list[CodeType], list[str], list[Any]]:
    """What is called in a reload in which a function fails, and in one after it; the pages; and the lines of log.

    The pages are those before and right after each reload, and one or two polls later.
    """
    called: list[CodeType] = []
    pages: list[str] = []
    faults = [None, function]
    transport = httpx.ASGITransport(app=make_app(World(clock=virtual_now)))

    async def main() -> None:
        storage = WrittenAtOnce(folder)
        running = Exporter(virtual_now, partial(connect, transport=transport), storage)
        async with anyio.create_task_group() as tasks:

            def apply(config: Config) -> Mapping[str, str]:
                pages.append(text_of(running, anyio.current_time()))
                try:
                    with failing(faults.pop()) as found:
                        return running.restart_polling(config, tasks)
                finally:
                    called.extend(found)
                    pages.append(text_of(running, anyio.current_time()))

            running.restart_polling(configured(*OLD), tasks)
            await anyio.sleep(100)
            reload = Reload(lambda: configured(*NEW), apply, running.telemetry.reload_status)
            for _ in range(2):
                await reload()
                await anyio.sleep(400)
                pages.append(text_of(running, anyio.current_time()))
            tasks.cancel_scope.cancel()
        storage.close()

    with captured_logs() as logs:
        run_virtually(main)
    return called, pages, list(logs)


def up(page: str) -> set[str]:
    """The accounts that are up."""
    lines = (line for line in page.splitlines() if line.startswith("usage_exporter_account_up"))
    return {line.split('account="')[1].split('"')[0] for line in lines if line.endswith(" 1.0")}


def of_accounts(page: str) -> list[str]:
    """The lines of accounts; but a file that was set aside stays so, and counts."""
    return [line for line in page.splitlines() if 'vendor="' in line and "set_aside" not in line]


def polls(page: str, name: str) -> float:
    lines = (line for line in page.splitlines() if line.startswith("usage_exporter_polls_total"))
    return next(float(line.rsplit(" ", 1)[1]) for line in lines if f'account="{name}"' in line)


RUNS = int(os.environ.get("TORTURE_RUNS", "8"))
"""Of some 150; all of them take minutes."""
SEED = int(os.environ.get("TORTURE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
BEFORE = {"same", "changed", "labelled", "old", "removed"}
AFTER = {"same", "changed", "labelled", "new", "added"}


def test_a_reload_of_which_any_step_fails_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    folder: Callable[[], Path] = partial(tmp_path_factory.mktemp, "storage")

    called, pages, _ = reloaded(folder(), None)
    assert up(pages[2]) == up(pages[-1]) == AFTER
    steps = list(dict.fromkeys(called))
    assert len(steps) > 80

    sampled = random.Random(SEED).sample(steps[1:], min(RUNS, len(steps) - 1))  # noqa: S311 - no secret
    for step in sampled:  # the first is what is called to apply it
        print(f"TORTURE_SEED={SEED}: {step.co_qualname}")  # noqa: T201 - shown if it does not hold
        _, (before, at_once, later, _, _, again), logs = reloaded(folder(), step)

        what = f"{step.co_filename}: {step.co_qualname}"
        assert of_accounts(at_once) == of_accounts(before), what
        assert up(later) == BEFORE, what
        assert polls(later, "same") > polls(before, "same"), what
        assert "usage_exporter_config_last_reload_successful 0.0" in later, what
        assert [line for line in logs if "bug in the exporter" in str(line)], what
        assert up(again) == AFTER, what
        assert "usage_exporter_config_last_reload_successful 1.0" in again, what
