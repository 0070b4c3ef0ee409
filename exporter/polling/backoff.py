"""The delay between polls, as a pure function."""

from __future__ import annotations

from typing import Final

from exporter.errors import PollError

FIRST_BACKOFF_SECONDS: Final = 15.0
"""The wait after the first transient failure."""
LONGEST_BACKOFF_SECONDS: Final = 3600.0


def next_delay(interval: float, took: float, failures: int, error: PollError | None) -> float:
    """Return the seconds from the end of a poll to the beginning of the next poll.

    Good polls begin one interval apart. After a transient failure, the delay starts short, and doubles with each
    further failure up to the interval. After a failure that only a person can fix, the delay starts at the interval,
    and doubles with each further failure up to an hour, or stays at the interval if this is longer than an hour. If
    the vendor asked for a wait, the delay is at least that wait.

    Args:
        interval: the account's interval between polls, in seconds.
        took: the duration of the poll, in seconds.
        failures: the number of consecutive failed polls, including this one.
        error: this poll's error, or None.

    """
    if error is None:
        return max(0.0, interval - took)
    doubled = 2.0 ** min(failures - 1, 20)
    if error.transient:
        delay = min(interval, FIRST_BACKOFF_SECONDS * doubled)
    else:
        delay = min(interval * doubled, max(interval, LONGEST_BACKOFF_SECONDS))
    return max(delay, error.retry_after or 0.0)
