"""Hours in milliseconds: trio's clock, which jumps to the next thing that is waited for."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio
import trio.testing

START: Final = 1795262400.0
"""Saturday 2026-11-21 12:00:00 UTC, when virtual time begins."""

T = TypeVar("T")


def run_virtually(main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` to its end on a clock that jumps."""
    clock = trio.testing.MockClock(autojump_threshold=0)
    return anyio.run(main, backend="trio", backend_options={"clock": clock})


def virtual_now() -> float:
    """The Unix time of the virtual world; real before it has begun."""
    try:
        return START + anyio.current_time()
    except RuntimeError:
        return START
