"""Files that a person names: read whole, bounded, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the first `limit` bytes of a regular file.

    A pipe that nobody writes to, or a device, would hold up whoever reads it: they are refused without waiting.

    Raises:
        OSError: it cannot be read, or is no regular file.

    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read(limit)
