"""How fast an account may ask: slots of time, adjusted by what the vendor says of its limit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import anyio

from exporter.durations import Rate

MAX_IN_FLIGHT: Final = 10
"""Requests of one account under way at once: what one costs triples beyond (see docs/design.md)."""

_COUNT: Final = re.compile("[0-9]{1,9}")

USED_SHARE_OF_LIMIT: Final = 0.8
"""The share of a vendor's limit that we use: its key may serve others too."""


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """What a vendor's answer says of its limit, in requests; None where it does not."""

    limit: int | None = None
    remaining: int | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> StatedLimit:
        """Return what the headers X-RateLimit-Limit and X-RateLimit-Remaining say."""

        def count(name: str) -> int | None:
            value = headers.get(name, "")
            return int(value) if _COUNT.fullmatch(value) else None

        return cls(count("x-ratelimit-limit"), count("x-ratelimit-remaining"))


def seconds_apart(configured: Rate | None, assumed: Rate | None, share: float = 1.0) -> float:
    """Return how long after each other requests are sent in the long run, in seconds; 0 where no rate is known.

    Args:
        configured: the rate that the operator set.
        assumed: the rate that the vendor allows, where the operator set none.
        share: the part of either that is ours; the rest is that of other shards.

    """
    rate, used = (configured, 1.0) if configured else (assumed, USED_SHARE_OF_LIMIT)
    return rate.seconds / (share * used * rate.requests) if rate else 0.0


class RateLimiter:
    """Lets requests through at a rate, a few at once: each takes the next free slot of time and waits for it.

    One limiter serves all accounts with the same credentials, for the vendor's
    limit is by key. A rate that the operator set stays; one that is assumed
    follows the limit that the vendor states. Of either only our share is used.
    """

    def __init__(self, configured: Rate | None, assumed: Rate | None, share: float = 1.0) -> None:
        self._assumed = None if configured else assumed
        self._share = share
        rate = configured or assumed
        self._gap = seconds_apart(configured, assumed, share)
        self._at_once = max(1, round(share * min(MAX_IN_FLIGHT, rate.requests))) if rate else MAX_IN_FLIGHT
        self._next_slot = -math.inf
        self._paused_until = -math.inf

    async def wait(self) -> None:
        """Return when the next request may be sent."""
        slot = max(self._next_slot, self._oldest_slot(self._at_once))
        self._next_slot = slot + self._gap
        await anyio.sleep_until(slot)
        while anyio.current_time() < self._paused_until:  # noqa: ASYNC110 - another answer may have prolonged it
            await anyio.sleep_until(self._paused_until)

    def pause(self, seconds: float) -> None:
        """Let nothing through for that long: the vendor asked for it."""
        self._paused_until = max(self._paused_until, anyio.current_time() + seconds)

    def update(self, stated: StatedLimit) -> None:
        """Follow the limit that an answer states."""
        if self._assumed is None:
            return
        if stated.limit:
            self._gap = seconds_apart(None, Rate(stated.limit, self._assumed.seconds), self._share)
        remaining = None if stated.remaining is None else int(self._share * stated.remaining)
        if remaining is not None and remaining < self._at_once:
            self._next_slot = max(self._next_slot, self._oldest_slot(remaining))

    def _oldest_slot(self, at_once: int) -> float:
        """The slot from which as many requests go at once as are allowed."""
        return anyio.current_time() - (at_once - 1) * self._gap
