"""asyncio's event loop with another resolver. If the resolver hangs, only the requests that wait for it are blocked."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import anyio

_T = TypeVar("_T")

_PATIENCE_SECONDS: Final = 10.0
"""How long to wait for the resolver: enough to try a second server, but less than the default connect timeout."""

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_LONGEST_DOZE_SECONDS: Final = 10.0


class EventLoop(asyncio.SelectorEventLoop):
    """Resolves each name once for all concurrent requests, in a daemon thread.

    asyncio itself takes a thread from a small pool for each lookup. A few lookups that hang would block all other
    lookups, and keep the process from exiting.

    The loop's clock includes the time during which the machine is suspended, so figures grow stale during that time,
    too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wake_regularly()
        self._lookups: dict[tuple[Any, ...], asyncio.Future[Any]] = {}

    def time(self) -> float:
        """Return the seconds since boot, including the time during which the machine was suspended."""
        return time.clock_gettime(_CLOCK)

    def _wake_regularly(self) -> None:
        """Wake the loop regularly, because the kernel's timeouts do not run while the machine is suspended."""
        self.call_later(_LONGEST_DOZE_SECONDS, self._wake_regularly)

    async def getaddrinfo(  # noqa: PLR0913 - asyncio's own signature
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's own name for it
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """Return the result of `socket.getaddrinfo`. If no resolver answers in time, raise `socket.gaierror`."""
        question = (host, port, family, type, proto, flags)
        if question not in self._lookups:
            self._lookups[question] = self._look_up(question)
        try:
            return await asyncio.wait_for(asyncio.shield(self._lookups[question]), _PATIENCE_SECONDS)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "no resolver answered in time") from None

    def _look_up(self, question: tuple[Any, ...]) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = self.create_future()

        def on_answer(_: asyncio.Future[Any]) -> None:
            self._lookups.pop(question, None)
            answer.exception()  # otherwise asyncio complains if all callers have gone

        def look_up() -> None:
            try:
                found = socket.getaddrinfo(*question)
            except Exception as error:  # noqa: BLE001 - the callers get the error, whatever it is
                self._tell(answer.set_exception, error)
            else:
                self._tell(answer.set_result, found)

        answer.add_done_callback(on_answer)
        threading.Thread(target=look_up, name="resolver", daemon=True).start()
        return answer

    def _tell(self, settle: Any, outcome: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.call_soon_threadsafe(settle, outcome)


def run_async(main: Callable[..., Awaitable[_T]], *arguments: object) -> _T:
    """Run an async function on an `EventLoop`, and return its result."""
    return anyio.run(main, *arguments, backend_options={"loop_factory": EventLoop})
