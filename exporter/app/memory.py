"""Asks glibc to return freed memory to the system, so that a large reading does not keep the process large."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_THRESHOLD_BYTES: Final = 1024 * 1024


def limit_free_memory() -> None:
    """Limit the free memory that each heap keeps to 1 MiB, and return larger blocks to the system when they are freed.

    By default, glibc raises both limits to a multiple of the largest block that was ever freed. Other C libraries have
    no such limits, and are left as they are.
    """
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_TRIM_THRESHOLD, _THRESHOLD_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
