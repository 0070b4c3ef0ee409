"""The schedule of an account's slices: at first one right after another, later evenly spread over the interval."""

from __future__ import annotations

from typing import Final

from exporter.polling.backoff import next_delay
from exporter.store.snapshot import Snapshot

_SPREAD: Final = 0.8
"""A slice's requests are spread over this share of the slice's time. The rest of the time is left for retries.

A slice's time is the interval divided by the number of slices.
"""


class Schedule:
    """The due times of slices, on the monotonic clock.

    Args:
        interval: how often each slice is polled, in seconds.
        slice_count: the number of slices.
        start: when all slices are first due.

    """

    def __init__(self, interval: float, slice_count: int, start: float) -> None:
        self._interval = interval
        self._start = start
        self._due = dict.fromkeys(range(slice_count), start)
        self._failures = dict.fromkeys(range(slice_count), 0)
        self._read: set[int] = set()

    @property
    def next(self) -> int:
        """The slice to poll next: the slice that is due first.

        If several slices are due at the same time, a slice with the fewest failures is chosen, preferably a slice
        that has not been read yet.
        """
        return min(self._due, key=lambda number: (self._due[number], self._failures[number], number in self._read))

    def due(self, number: int) -> float:
        """Return when a slice is due."""
        return self._due[number]

    def spread(self, number: int) -> float:
        """Return the seconds over which a slice's requests are spread.

        The result is 0 if the slice is the account's only one, or has not been read yet.
        """
        slice_count = len(self._due)
        return _SPREAD * self._interval / slice_count if slice_count > 1 and number in self._read else 0.0

    def record_success(self, number: int, began: float, now: float, jitter: float) -> None:
        """Record a good poll. After a slice's first poll, its next poll comes early, so that slices are spread evenly.

        Args:
            number: the slice's number.
            began: when the poll began.
            now: when the poll ended.
            jitter: the account's own number from 0 to 1.

        """
        first, slice_count = number not in self._read, len(self._due)
        self._read.add(number)
        self._failures[number] = 0
        delay = next_delay(self._interval, now - began, 0, None)
        if first and slice_count > 1:
            self._due[number] = max(now, self._start + (number + 1) / slice_count * self._interval)
        else:
            self._due[number] = now + delay * (jitter if first else 1.0)

    def advance(self, at: float) -> None:
        """Make the failing slices due by the time `at`. If no slice is failing, make the next slice due by `at`."""
        failing = [number for number, failures in self._failures.items() if failures] or [self.next]
        self._due |= {number: min(self._due[number], at) for number in failing}

    def record_failure(self, number: int, now: float, snapshot: Snapshot) -> None:
        """Record a failed poll.

        All slices wait, longer with each consecutive failure of the account. The failed slice may wait even longer,
        because the wait also grows with the slice's own consecutive failures.
        """
        self._failures[number] += 1
        pause, wait = (
            next_delay(self._interval, 0.0, failures, snapshot.error)
            for failures in (snapshot.failures, self._failures[number])
        )
        self._due = {other: max(due, now + pause) for other, due in self._due.items()}
        self._due[number] = now + max(pause, wait)
