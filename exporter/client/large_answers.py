"""Room for large answers: the large answers of all accounts share one memory budget."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import anyio
from anyio.lowlevel import RunVar

from exporter.client.body import MAX_BODY_BYTES

BUDGET_BYTES: Final = 24 * 1024 * 1024
"""The memory that the bodies of all large answers together may take while they are received and decoded."""


_bodies: Final[RunVar[anyio.Semaphore]] = RunVar("large answers that may be held")


class Room:
    """One answer's share of the memory budget. The share is 0 until the answer turns out to be large."""

    def __init__(self, account: anyio.Lock, held: AsyncExitStack) -> None:
        self._account = account
        self._held = held
        self._is_taken = False

    async def take(self) -> None:
        """Wait for room for a large answer, and reserve the room. The account's other large answers must wait."""
        if self._is_taken:
            return
        self._is_taken = True
        await self._held.enter_async_context(self._account)
        await self._held.enter_async_context(_shared_bodies())


class LargeAnswers:
    """An account's share of the memory budget: one large answer at a time, so that no account uses up the budget."""

    def __init__(self) -> None:
        self._one_at_a_time = anyio.Lock()

    @asynccontextmanager
    async def room(self) -> AsyncIterator[Room]:
        """Give the `async with` block a `Room` for one answer. When the block ends, any room it took is released."""
        async with AsyncExitStack() as held:
            yield Room(self._one_at_a_time, held)


def _shared_bodies() -> anyio.Semaphore:
    """Return the semaphore that counts how many more bodies of the maximum size fit into the shared budget."""
    try:
        return _bodies.get()
    except LookupError:
        bodies = anyio.Semaphore(BUDGET_BYTES // MAX_BODY_BYTES)
        _bodies.set(bodies)
        return bodies
