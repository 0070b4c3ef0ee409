"""Asks glibc to return freed memory to the system, so that a large reading does not keep the process large."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_THRESHOLD_BYTES: Final = 1024 * 1024


def limit_free_memory() -> None:
    """Let each heap keep at most 1 MiB of free memory, and return freed blocks of 1 MiB or more to the system.

    By default, glibc increases both of these limits when large blocks are freed. Other C libraries have no such limits;
    with those libraries, this function does nothing.
    """
    import ctypes  # noqa: PLC0415 - only `run` needs it

    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_TRIM_THRESHOLD, _THRESHOLD_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
