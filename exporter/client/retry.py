"""Retries within a poll: whether to retry a request, and how long to wait before a retry. All functions are pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from exporter.errors import PollError, RateLimited

ATTEMPTS: Final = 3
"""The maximum number of times that a request is sent within a poll."""
LONGEST_ASKED_WAIT_SECONDS: Final = 3600.0
"""If a vendor asks for a wait longer than this, the wait is shortened to this."""
LONGEST_WAIT_IN_POLL_SECONDS: Final = 60.0
"""If a vendor asks for a wait longer than this, the request is not retried within the poll."""
_FIRST_RETRY_SECONDS: Final = 0.5
_FIRST_RATE_LIMITED_SECONDS: Final = 5.0
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_UNIX_TIME: Final = 1e9
"""Numbers of at least this size are Unix times, because no window has so many seconds."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds an answer's `Retry-After` asks us to wait, at most an hour.

    Returns None if the header is absent or invalid, or states a past date. A date is compared with
    the answer's own `Date` header, so that the vendor's clock need not agree with ours. Without a
    `Date` header, the date is compared with `now`. Seconds may have a fraction: HTTP does not
    allow fractions, but some vendors send them.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_ASKED_WAIT_SECONDS)
    until, sent = _http_date(value), _http_date(headers.get("date", ""))
    if until is None:
        return None
    seconds = (until - (sent or now)).total_seconds()
    return min(seconds, LONGEST_ASKED_WAIT_SECONDS) if seconds > 0 else None


def reset_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds remain until the rate limit resets, at most an hour.

    The time is read from the header (X-)RateLimit-Reset. Returns None if the header is absent or invalid, or states a
    past time. The header may contain seconds, or a Unix time in seconds or milliseconds. A Unix time is compared with
    the answer's own `Date` header. Without a `Date` header, the Unix time is compared with `now`.
    """
    value = (headers.get("ratelimit-reset") or headers.get("x-ratelimit-reset", "")).strip()
    if not _NUMBER.fullmatch(value):
        return None
    seconds = float(value)
    if seconds >= _UNIX_TIME:
        unix_time = seconds / 1000 if seconds >= 1000 * _UNIX_TIME else seconds
        seconds = unix_time - (_http_date(headers.get("date", "")) or now).timestamp()
    return min(seconds, LONGEST_ASKED_WAIT_SECONDS) if seconds > 0 else None


def retry_delay(error: PollError, attempt: int, jitter: float) -> float | None:
    """Return how many seconds to wait before sending a request again within its poll, or None to give up.

    Args:
        error: the request's error.
        attempt: how often the request has been sent, from 1.
        jitter: a random number from 0 to 1, so that requests that failed together are not repeated together.

    """
    if not error.retried or attempt >= ATTEMPTS:
        return None
    first = _FIRST_RATE_LIMITED_SECONDS if isinstance(error, RateLimited) else _FIRST_RETRY_SECONDS
    delay = first * 2.0 ** (attempt - 1) * (0.5 + jitter)
    if error.retry_after is None:
        return delay
    return max(delay, error.retry_after) if error.retry_after <= LONGEST_WAIT_IN_POLL_SECONDS else None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment if math.isfinite(moment.timestamp()) else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
