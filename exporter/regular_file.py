"""Files named by the user: read completely, up to a limit, and never blocking."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the first `limit` bytes of a regular file.

    Pipes and devices are refused at once, because reading them could block forever.

    Raises:
        OSError: it cannot be read, or is not a regular file.

    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read(limit)
