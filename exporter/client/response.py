"""A vendor's HTTP response, completely read: its JSON document, or the error for its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exporter.client.body import LARGE_BODY_BYTES, Body, count_values, decode_json
from exporter.client.retry import reset_after, retry_after
from exporter.errors import RateLimited, Redirected, error_for_status

_MANY_VALUES: Final = 3000


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response. The names of headers are case-insensitive. If the status is an error, the body is empty.

    Attributes:
        next_link: the URL in the Link header with rel="next" (RFC 8288); None if there is no such header.

    """

    status: int
    headers: Mapping[str, str]
    body: Body
    next_link: str | None = None

    @property
    def is_large(self) -> bool:
        """Whether decoding the body would delay other work, judged by the body's size and number of values."""
        return len(self.body) > LARGE_BODY_BYTES or count_values(self.body) > _MANY_VALUES

    def json(self) -> object:
        """Return the body's JSON document.

        Raises:
            TooLarge: the body has too many values.
            Undecodable: the body is not a valid JSON document.

        """
        return decode_json(self.body, self.headers.get("content-type", ""))

    def raise_for_status(self, now: datetime) -> None:
        """Raise an error if the status is not a success.

        Raises:
            PollError: the status is not a success. The error contains the wait that the vendor asks for, if any.

        """
        kind = error_for_status(self.status)
        if kind is Redirected:
            raise Redirected(f"HTTP {self.status}, which is not followed")
        if kind is not None:
            wait = retry_after(self.headers, now)
            if wait is None and kind is RateLimited:
                wait = reset_after(self.headers, now)
            raise kind(f"HTTP {self.status}", retry_after=wait)
