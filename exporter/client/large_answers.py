"""Room for large answers: all that are being read, for any account, share one memory budget."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.lowlevel import RunVar

from exporter.client.body import MAX_BODY_BYTES

BUDGET_BYTES: Final = 32 * 1024 * 1024
"""For all large bodies of all accounts that are being read."""


@dataclass(slots=True)
class _Budget:
    """The shared budget: for bodies, each counted at the maximum size, and for one body being decoded."""

    bodies: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(BUDGET_BYTES // MAX_BODY_BYTES))
    decoding: anyio.Lock = field(default_factory=anyio.Lock)


_budget: Final[RunVar[_Budget]] = RunVar("budget of large answers")


class Room:
    """One answer's part of the budget: nothing, until it turns out to be large."""

    def __init__(self, account: anyio.Lock, held: AsyncExitStack) -> None:
        self._account = account
        self._held = held
        self._is_taken = False

    async def take(self) -> None:
        """Wait for room for a large answer, and hold it; other answers of the same account wait meanwhile."""
        if self._is_taken:
            return
        self._is_taken = True
        await self._held.enter_async_context(self._account)
        await self._held.enter_async_context(_shared().bodies)

    @asynccontextmanager
    async def decoding(self) -> AsyncIterator[None]:
        """Hold the room for the one answer being decoded: its document is many times its size."""
        async with _shared().decoding:
            yield


class LargeAnswers:
    """An account's part of the budget: one large answer at a time, so that no vendor takes all of it."""

    def __init__(self) -> None:
        self._one_at_a_time = anyio.Lock()

    @asynccontextmanager
    async def room(self) -> AsyncIterator[Room]:
        """Give room to one answer, from its first byte until its document has been read."""
        async with AsyncExitStack() as held:
            yield Room(self._one_at_a_time, held)


def _shared() -> _Budget:
    try:
        return _budget.get()
    except LookupError:
        budget = _Budget()
        _budget.set(budget)
        return budget
