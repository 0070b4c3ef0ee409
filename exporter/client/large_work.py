"""Large answers are decoded, and large readings are made, one at a time.

In parallel, the work would take just as long, and would need more memory. A reading is made from decoded answers. If
waiting answers went before waiting readings, decoded answers would pile up in memory. So readings go first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.lowlevel import RunVar


@dataclass(slots=True)
class _Turns:
    """Whose turn it is to do large work.

    Attributes:
        lock: held by the answer or the reading whose turn it is.
        readings: the number of readings that hold the lock or wait for it.
        no_reading: an event that is set, and replaced by a new event, whenever `readings` becomes 0.

    """

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    readings: int = 0
    no_reading: anyio.Event = field(default_factory=anyio.Event)


_turns: Final[RunVar[_Turns]] = RunVar("turns at large work")


@asynccontextmanager
async def reading_turn() -> AsyncIterator[None]:
    """Hold the turn while a large reading is made."""
    turns = _shared()
    turns.readings += 1
    try:
        async with turns.lock:
            yield
    finally:
        turns.readings -= 1
        if not turns.readings:
            turns.no_reading.set()
            turns.no_reading = anyio.Event()


@asynccontextmanager
async def answer_turn() -> AsyncIterator[None]:
    """Hold the turn while a large answer is decoded. Readings go first."""
    turns = _shared()
    while True:
        async with turns.lock:
            if not turns.readings:
                yield
                return
        await turns.no_reading.wait()


def _shared() -> _Turns:
    try:
        return _turns.get()
    except LookupError:
        turns = _Turns()
        _turns.set(turns)
        return turns
