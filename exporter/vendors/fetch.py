"""The interface through which vendors send requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

_ReadT = TypeVar("_ReadT")


class Fetch(Protocol):
    """Sends requests. Each call fetches and reads one JSON document."""

    async def __call__(  # noqa: PLR0913 - the parts of a request, and what becomes of its answer
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[object], _ReadT],
        on_next: Callable[[str], object] | None = None,
    ) -> _ReadT:
        """Send a GET, or a POST if there is a body. Return the result of the function `read` for the answer's document.

        The path is relative to the account's base URL, or an absolute URL on the host of the base URL. If the answer's
        Link header has the next page's URL, the function `on_next` is called with this URL.

        Raises:
            PollError: the request failed, or the document cannot be read.

        """
        ...
