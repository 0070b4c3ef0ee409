"""Lets an operator reload the configuration of a running exporter, or stop the exporter."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

import anyio

from exporter.config import Config
from exporter.files import read_in_thread
from exporter.log import logger
from exporter.problems import ConfigError

_SETTLED_SECONDS: Final = 5.0
"""How long a changed file must stay the same before it is read. Writing a file usually takes less time."""


class ReloadObserver(Protocol):
    """Receives the outcome of reloads."""

    def refuse(self, problems: Iterable[str]) -> None:
        """Record that a reload was refused because of these problems."""


class Reload:
    """Reads the configuration, and applies it. An invalid configuration changes nothing.

    One reload answers all requests that were made before it began.
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
        """The number of requests that had been made when the latest reload began."""
        self._problems = ""

    async def __call__(self) -> str:
        """Reload, and return the problems, one per line. The text is empty if the configuration was applied."""
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
            config = await read_in_thread("configuration", self._load_all)
            changes = self._apply_config(config)
        except ConfigError as error:
            self._observer.refuse(map(str, error.problems))
            for problem in error.problems:
                logger.error("config reload failed; keeping previous config", problem=str(problem))
            return str(error)
        except Exception as error:  # noqa: BLE001 - a bug must not end a running exporter
            self._observer.refuse(["bug in the exporter"])
            logger.exception("bug in the exporter, please report it; keeping previous config")
            return f"bug in the exporter: {type(error).__name__}"
        logger.info("config reloaded", accounts=len(config.accounts), **changes)
        return ""

    def _load_all(self) -> Config:
        config = self._load()
        config.read_warnings()
        return config


async def watch(
    state: Callable[[], object], seconds: float, seen: object, reload: Callable[[], Awaitable[object]]
) -> None:
    """Check a configuration's state periodically until cancelled. When the state changes, reload the configuration.

    A file that is still being written may look complete, so a change is applied only after the state has stayed
    the same for some seconds.

    Args:
        state: a function that returns a value that changes with the configuration.
        seconds: the time between two checks.
        seen: the state just before the current configuration was read.
        reload: the function that reloads the configuration.

    """
    latest, since = seen, anyio.current_time()
    while True:
        await anyio.sleep(seconds)
        now = await read_in_thread("state of the configuration", state)
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
    """Set the event `stop` on the first SIGTERM or SIGINT, and cancel the scope on the second SIGTERM or SIGINT.

    On SIGHUP, call the function `on_hangup`. If `on_hangup` is None, SIGHUP acts like SIGTERM. A SIGHUP that arrived
    during start-up is handled as soon as this function runs.
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
