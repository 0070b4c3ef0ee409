"""Reading the files that a request needs, such as its secrets."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Protocol, TypeVar

import anyio

from exporter.errors import SecretUnreadable
from exporter.files import read_in_thread

_FILE_SECONDS: Final = 10.0

_T = TypeVar("_T")


class _Credentials(Hashable, Protocol):
    @property
    def in_file(self) -> bool:
        """Whether a part of them is in a file."""


async def read_in_time(what: Hashable, read: Callable[[], _T]) -> _T:
    """Return the result of `read`, see `read_in_thread`.

    Raises:
        SecretUnreadable: it takes too long, or an earlier read still does.

    """
    try:
        with anyio.fail_after(_FILE_SECONDS):
            return await read_in_thread(what, read)
    except TimeoutError:
        raise SecretUnreadable("a file does not answer") from None


async def read_credentials(credentials: _Credentials, read: Callable[[], _T]) -> _T:
    """Return what `read` makes of credentials, in a thread if they are in files.

    Raises:
        SecretUnreadable: they cannot be read, or not in time.

    """
    return await read_in_time(credentials, read) if credentials.in_file else read()
