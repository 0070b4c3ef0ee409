"""Caches the vendor's answers on disk, so that an interrupted history can resume and write the same bytes."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self, TypeVar

from exporter.errors import BadRequest, Forbidden, NotFound, PollError
from exporter.vendors.fetch import Fetch

_FOR_GOOD: Final[Mapping[str, type[PollError]]] = {one.reason: one for one in (NotFound, BadRequest, Forbidden)}
"""The errors that count as answers, by reason. They mean that the vendor has no data for a day, or no dated data."""
_LEVEL: Final = 6

_ReadT = TypeVar("_ReadT")


class Unanswered(Exception):  # noqa: N818 - the name describes the question
    """A request failed in a way that only a person can fix.

    The history stops, and the missing answer is not recorded as a gap.

    Attributes:
        error: the request's error.

    """

    def __init__(self, error: PollError) -> None:
        super().__init__(str(error))
        self.error = error


class Answers:
    """Sends each request to the vendor once, and caches the answer in a file that only the file's owner can read.

    Attributes:
        count: the number of answers that were not in the cache.

    """

    def __init__(self, path: Path, fetch: Fetch) -> None:
        self._path = path
        self._fetch = fetch
        self._connection: sqlite3.Connection | None = None
        self.count = 0

    def __enter__(self) -> Self:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS cached (question TEXT PRIMARY KEY, refusal TEXT, link TEXT, document BLOB)"
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def forget(self) -> None:
        """Delete the cache."""
        self._path.unlink(missing_ok=True)

    async def __call__(  # noqa: PLR0913 - the parts of a request, and the handlers of its answer
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[object], _ReadT],
        on_next: Callable[[str], object] | None = None,
    ) -> _ReadT:
        """Return the result of the function `read` for the answer to a request. The answer may be cached or new.

        Raises:
            PollError: the request failed transiently, or the vendor permanently refuses the request.
            Unanswered: the request failed in a way that only a person can fix.

        """
        parts: list[object] = [path, dict(params or {}), None if body is None else dict(body)]
        question = json.dumps([*parts, dict(headers)] if headers else parts, sort_keys=True)
        link, document = self._known(question, path) or await self._new(question, path, params, body, headers)
        if on_next and link:
            on_next(link)
        return read(document)

    def doubt(self, asked: str) -> None:
        """Remove from the cache all answers to requests for a path, because one of them reports a failure.

        Args:
            asked: the method and the path of the requests.

        """
        prefix = json.dumps([asked.partition(" ")[2]])[:-1]
        self._opened.execute("DELETE FROM cached WHERE substr(question, 1, ?) = ?", (len(prefix) + 1, f"{prefix},"))

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("not opened")
        return self._connection

    def _known(self, question: str, path: str) -> tuple[str, object] | None:
        """Return the next page's link and the document of a cached answer, or None if the answer is not cached.

        Raises:
            PollError: the cached answer is a refusal.

        """
        rows = self._opened.execute("SELECT refusal, link, document FROM cached WHERE question = ?", (question,))
        row: tuple[str, str, bytes] | None = rows.fetchone()
        if row is None:
            return None
        refusal, link, document = row
        if refusal:
            raise _FOR_GOOD[refusal]("refused before", asked=path)
        return link, json.loads(zlib.decompress(document))

    async def _new(
        self,
        question: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[str, object]:
        """Send a request and cache the answer. Return the next page's link and the answer's document."""
        links: list[str] = []
        try:
            document: object = await self._fetch(
                path, params=params, body=body, headers=headers, read=_as_it_is, on_next=links.append
            )
        except tuple(_FOR_GOOD.values()) as error:
            self._remember(question, error.reason)
            raise
        except PollError as error:
            if error.transient:
                raise
            raise Unanswered(error) from None
        link = links[-1] if links else ""
        self._remember(question, "", link, zlib.compress(json.dumps(document).encode(), _LEVEL))
        return link, document

    def _remember(self, question: str, refusal: str, link: str = "", document: bytes = b"") -> None:
        self.count += 1
        self._opened.execute("INSERT OR REPLACE INTO cached VALUES (?, ?, ?, ?)", (question, refusal, link, document))


def _as_it_is(document: object) -> object:
    return document
