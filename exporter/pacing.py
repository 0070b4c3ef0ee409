"""How fast an account may ask: a token bucket, adjusted by what the vendor says of its limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import anyio

MAX_IN_FLIGHT: Final = 10
"""Requests of one account under way at once: what one costs triples beyond (see docs/design.md)."""

USED_SHARE_OF_LIMIT: Final = 0.8
"""The share of a vendor's limit that we use: its key may serve others too."""


class Rate(NamedTuple):
    """How many requests in how many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a vendor's answer says of its limit, in requests; None where it does not."""

    limit: int | None = None
    remaining: int | None = None


class Pacer:
    """Lets requests through at a rate, a few at once.

    One pacer serves all accounts with the same credentials, for the vendor's
    limit is by key. A rate that the operator set stays; one that is assumed
    follows the limit that the vendor states.
    """

    def __init__(self, configured: Rate | None, assumed: Rate | None) -> None:
        self._assumed = None if configured else assumed
        rate = configured or assumed
        share = 1.0 if configured else USED_SHARE_OF_LIMIT
        self._per_second = share * rate.requests / rate.seconds if rate else None
        self._burst = float(min(MAX_IN_FLIGHT, rate.requests)) if rate else 0.0
        self._tokens = self._burst
        self._filled_at: float | None = None
        self._closed_until = 0.0

    async def wait(self) -> None:
        """Return when the next request may be sent."""
        while (delay := self._delay()) > 0:  # noqa: ASYNC110 - time is what is waited for, not an event
            await anyio.sleep(delay)
        self._tokens -= 1

    def pause(self, seconds: float) -> None:
        """Let nothing through for that long: the vendor asked for it."""
        self._closed_until = max(self._closed_until, anyio.current_time() + seconds)

    def heed(self, stated: RateLimit) -> None:
        """Follow the limit that an answer states."""
        if self._assumed is None:
            return
        if stated.limit:
            self._per_second = USED_SHARE_OF_LIMIT * stated.limit / self._assumed.seconds
        if stated.remaining is not None:
            self._tokens = min(self._tokens, float(stated.remaining))

    def _delay(self) -> float:
        now = anyio.current_time()
        if now < self._closed_until:
            return self._closed_until - now
        if self._per_second is None:
            return 0.0
        elapsed = 0.0 if self._filled_at is None else now - self._filled_at
        self._tokens = min(self._burst, self._tokens + elapsed * self._per_second)
        self._filled_at = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self._per_second
