"""What an operator does to an exporter that runs: has its configuration read again, or stops it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

import anyio
import anyio.to_thread

from exporter.config import Config
from exporter.log import logger
from exporter.problems import ConfigError

_SETTLED_SECONDS: Final = 5.0
"""How long a changed file has to stay the same: longer than most take to write one."""


class ReloadObserver(Protocol):
    """Receives the outcome of reloads."""

    def refuse(self, problems: Iterable[str]) -> None:
        """Note that, and why."""


class Reload:
    """Reads the configuration again and applies it; one that cannot be used changes nothing.

    One reading is enough for all who ask before it begins.
    """

    def __init__(
        self, load: Callable[[], Config], apply_config: Callable[[Config], Mapping[str, str]], observer: ReloadObserver
    ) -> None:
        self._load = load
        self._apply_config = apply_config
        self._observer = observer
        self._one_at_a_time = anyio.Lock()
        self._request_count = 0
        self._answered_count = 0
        """How many of the requests came before the last reading began."""
        self._problems = ""

    async def __call__(self) -> str:
        """Return what is wrong with it, a problem a line; nothing if it was applied."""
        self._request_count += 1
        number = self._request_count
        async with self._one_at_a_time:
            if number > self._answered_count:
                count = self._request_count
                self._problems = await self._read()
                self._answered_count = count
            return self._problems

    async def _read(self) -> str:
        try:
            config = await anyio.to_thread.run_sync(self._load)
            changes = self._apply_config(config)
        except ConfigError as error:
            self._observer.refuse(map(str, error.problems))
            for problem in error.problems:
                logger.error("config reload failed; keeping previous config", problem=str(problem))
            return str(error)
        except Exception as error:  # noqa: BLE001 - a bug must not end an exporter that runs
            self._observer.refuse(["bug in the exporter"])
            logger.exception("bug in the exporter, please report it; keeping previous config")
            return f"bug in the exporter: {type(error).__name__}"
        logger.info("config reloaded", accounts=len(config.accounts), **changes)
        return ""


async def watch(
    state: Callable[[], object], seconds: float, seen: object, reload: Callable[[], Awaitable[object]]
) -> None:
    """Look at a configuration's state for ever, every so many seconds, and have it read again when it changes.

    A file that is still being written may look like a whole one, so a change is taken up once it has stayed.

    Args:
        state: what changes with the configuration.
        seconds: between two looks.
        seen: the state before the configuration was read that is used.
        reload: reads it again.

    """
    latest, since = seen, anyio.current_time()
    while True:
        await anyio.sleep(seconds)
        now = await anyio.to_thread.run_sync(state)
        if now != latest:
            latest, since = now, anyio.current_time()
        elif latest != seen and anyio.current_time() >= since + _SETTLED_SECONDS:
            seen = latest
            await reload()


async def handle_signals(
    stop: anyio.Event,
    cancel_scope: anyio.CancelScope,
    on_hangup: Callable[[], object] | None = None,
) -> None:
    """Set `stop` on SIGTERM or SIGINT, and cancel the scope on a second one; SIGHUP stops if it has no other meaning.

    A SIGHUP that was deferred while the exporter started comes now.
    """
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        async for number in signals:
            if number == signal.SIGHUP and on_hangup is not None:
                if not stop.is_set():
                    on_hangup()
                continue
            if stop.is_set():
                cancel_scope.cancel()
            logger.info("stopping at once" if stop.is_set() else "stopping", signal=signal.Signals(number).name)
            stop.set()
