"""Reading files in threads of their own while the exporter runs, because a mount may hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from exporter.errors import SecretUnreadable

_FILE_THREADS: Final = 8
_FILE_SECONDS: Final = 10.0

_T = TypeVar("_T")
_files: Final[RunVar[anyio.CapacityLimiter]] = RunVar("threads that read files")


async def read_in_thread(read: Callable[[], _T]) -> _T:
    """Return the result of `read` on files, in a thread that nothing else waits for.

    Raises:
        SecretUnreadable: it takes too long.

    """
    try:
        limiter = _files.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_FILE_THREADS)
        _files.set(limiter)
    try:
        with anyio.fail_after(_FILE_SECONDS):
            return await anyio.to_thread.run_sync(read, abandon_on_cancel=True, limiter=limiter)
    except TimeoutError:
        raise SecretUnreadable("a file does not answer") from None
