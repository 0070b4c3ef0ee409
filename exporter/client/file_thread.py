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
        """Whether any of the credentials is in a file."""


async def read_in_time(what: Hashable, read: Callable[[], _T]) -> _T:
    """Return the result of the function `read`, which runs in a thread and has a time limit.

    Raises:
        SecretUnreadable: the function takes too long, including any wait for earlier calls with the same `what`.

    """
    try:
        with anyio.fail_after(_FILE_SECONDS):
            return await read_in_thread(what, read)
    except TimeoutError:
        raise SecretUnreadable("a file does not respond") from None


async def read_credentials(credentials: _Credentials, read: Callable[[], _T]) -> _T:
    """Return the result of the function `read`, which runs in a thread if any of the credentials is in a file.

    Raises:
        SecretUnreadable: the credentials cannot be read, or reading them takes too long.

    """
    return await read_in_time(credentials, read) if credentials.in_file else read()
