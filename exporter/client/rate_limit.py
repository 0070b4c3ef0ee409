"""The rate limiter: time slots for requests, adjusted to the limit that the vendor states."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import anyio

from exporter.durations import Rate

MAX_IN_FLIGHT: Final = 10
"""The maximum number of concurrent requests per account.

With more concurrent requests, each request costs three times as much (see docs/design.md)."""

_COUNT: Final = re.compile("[0-9]{1,9}")
_WINDOW: Final = re.compile(";[ ]*w=([1-9][0-9]{0,8})(?![0-9.])")

USED_SHARE_OF_LIMIT: Final = 0.8
"""The share of a vendor's limit that we use. The rest is for other programs with the same key."""


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """The rate limit that a response states. A number that is not stated is None.

    Attributes:
        limit: the number of requests allowed in a window.
        remaining: the number of requests left in the window.
        seconds: the length of the window.

    """

    limit: int | None = None
    remaining: int | None = None
    seconds: int | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> StatedLimit:
        """Return the limit that the headers (X-)RateLimit-Limit and (X-)RateLimit-Remaining state.

        The window is read from the header RateLimit-Limit, such as the 60 seconds in `100, 100;w=60`.
        """

        def count(name: str) -> int | None:
            first, *_ = re.split("[,;]", headers.get(f"ratelimit-{name}", ""))
            value = headers.get(f"x-ratelimit-{name}", first)
            return int(value) if _COUNT.fullmatch(value) else None

        window = _WINDOW.search(headers.get("ratelimit-limit", ""))
        return cls(count("limit"), count("remaining"), int(window[1]) if window else None)


def seconds_apart(configured: Rate | None, assumed: Rate | None, share: float = 1.0) -> float:
    """Return the average interval between requests, in seconds; 0 if no rate is known.

    Args:
        configured: the operator's rate.
        assumed: the vendor's known rate, used if the operator set none.
        share: our share of the rate; the rest belongs to other shards.

    """
    rate, used = (configured, 1.0) if configured else (assumed, USED_SHARE_OF_LIMIT)
    return rate.seconds / (share * used * rate.requests) if rate else 0.0


class RateLimiter:
    """Lets requests through in order, a few at once, and never exceeds the rate in any window of time.

    One limiter serves all accounts with the same credentials, because vendors limit
    by key. A rate that the operator sets is fixed. An assumed rate follows the limit
    that the vendor states. Only our share of the rate is used.
    """

    def __init__(self, configured: Rate | None, assumed: Rate | None, share: float = 1.0) -> None:
        self._turn = anyio.Lock(fast_acquire=True)
        self._next_slot = -math.inf
        self._paused_until = -math.inf
        self._sent: deque[float] = deque()
        self.configure(configured, assumed, share)

    def configure(self, configured: Rate | None, assumed: Rate | None, share: float = 1.0) -> None:
        """Change the rate and our share of the rate. Requests that were sent before the change still count."""
        self._assumed = None if configured else assumed
        self._share = share
        rate = configured or assumed
        self._at_once = max(1, round(share * min(MAX_IN_FLIGHT, rate.requests))) if rate else MAX_IN_FLIGHT
        self._use(configured, assumed)

    def _use(self, configured: Rate | None, assumed: Rate | None) -> None:
        rate = configured or assumed
        self._gap = seconds_apart(configured, assumed, self._share)
        self._most = max(1, math.floor(self._share * rate.requests + 1e-9)) if rate else 0
        self._window = max(rate.seconds, self._gap) if rate else 0.0
        while len(self._sent) > self._most:
            self._sent.popleft()

    async def wait(self) -> None:
        """Wait until the next request may be sent. Waiting callers are served in order."""
        async with self._turn:
            while (slot := self._slot()) > anyio.current_time():  # noqa: ASYNC110 - an answer may have moved it
                await anyio.sleep_until(slot)
            self._next_slot = max(self._next_slot, self._oldest_slot(self._at_once)) + self._gap
            if self._most:
                self._sent.append(anyio.current_time())
                if len(self._sent) > self._most:
                    self._sent.popleft()

    def pause(self, seconds: float) -> None:
        """Hold all requests for some seconds. Then let the held requests through one at a time."""
        self._paused_until = max(self._paused_until, anyio.current_time() + seconds)
        self._next_slot = max(self._next_slot, self._paused_until)

    def update(self, stated: StatedLimit) -> None:
        """Adjust an assumed rate to the limit that an answer states."""
        if self._assumed is None:
            return
        if stated.limit:
            self._use(None, Rate(stated.limit, stated.seconds or self._assumed.seconds))
        remaining = None if stated.remaining is None else int(self._share * stated.remaining)
        if remaining is not None and remaining < self._at_once:
            self._next_slot = max(self._next_slot, self._oldest_slot(remaining))

    def _slot(self) -> float:
        """Return the earliest time at which the next request may be sent.

        At that time, the gap after the last request and any pause are over, and the rate's window has room for a
        request.
        """
        is_full = self._most and len(self._sent) == self._most
        return max(self._next_slot, self._paused_until, self._sent[0] + self._window if is_full else -math.inf)

    def _oldest_slot(self, at_once: int) -> float:
        """Return the earliest time that the next slot may have if at most `at_once` requests may go immediately."""
        return anyio.current_time() - (at_once - 1) * self._gap
