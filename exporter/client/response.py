"""A vendor's HTTP response, fully read: its JSON document, or the error for its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exporter.client.body import LARGE_BODY_BYTES, count_values, decode_json
from exporter.client.retry import retry_after
from exporter.errors import Redirected, error_for_status

_MANY_VALUES: Final = 3000


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers (names in any case) and body; the body is not read where the status is an error."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_large(self) -> bool:
        """Whether others would wait while it is read: by its bytes, or by the values in them."""
        return len(self.body) > LARGE_BODY_BYTES or count_values(self.body) > _MANY_VALUES

    def json(self) -> object:
        """Return the document it holds.

        Raises:
            Undecodable: it holds none.

        """
        return decode_json(self.body, self.headers.get("content-type", ""))

    def raise_for_status(self, now: datetime) -> None:
        """Return if the status is a success.

        Raises:
            PollError: what the status is otherwise, with the wait that the vendor asks for.

        """
        kind = error_for_status(self.status)
        if kind is Redirected:
            raise Redirected(f"HTTP {self.status}, which is not followed")
        if kind is not None:
            raise kind(f"HTTP {self.status}", retry_after=retry_after(self.headers, now))
