"""Large answers and the readings made of them, one at a time: several take no less time, and each takes memory.

A reading goes before the next answer, so that no decoded answers pile up in front of what frees their memory.
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
    """Who works, how many readings are made or wait, and what to wait for until none does."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    readings: int = 0
    no_reading: anyio.Event = field(default_factory=anyio.Event)


_turns: Final[RunVar[_Turns]] = RunVar("turns at large work")


@asynccontextmanager
async def reading_turn() -> AsyncIterator[None]:
    """Hold the turn of a large reading that is made."""
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
    """Hold the turn of a large answer that is decoded."""
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
