"""Estimates of how long one full reading of an account will take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from exporter.durations import write_duration

LONGEST_POLL: Final = 0.75
"""The fraction of `stale_seconds` that a full reading may take. Figures age from the start of the reading."""
_WHOLE_FROM: Final = 100
"""Rates of at least this many requests per minute are written without a fraction."""


@dataclass(frozen=True, slots=True)
class PollEstimate:
    """An estimate for one full reading of an account.

    Attributes:
        interval: the configured time between readings, in seconds.
        slice_count: the number of slices in which the account is read.
        max_customer_count: the maximum number of customers.
        max_request_count: the maximum number of requests; None if the configuration does not limit the number.
        seconds_apart: the time between two requests, in seconds; 0 if no rate is known.
        stale_seconds: the age up to which figures are shown, in seconds.
        is_exact: whether the number of requests is exactly `max_request_count`.

    """

    interval: float
    slice_count: int
    max_customer_count: int
    max_request_count: int | None
    seconds_apart: float
    stale_seconds: float = math.inf
    is_exact: bool = False

    @property
    def request_seconds(self) -> float:
        """The time that all requests take at the known rate, rounded up to whole seconds.

        The time is 0 if the rate or the number of requests is unknown.
        """
        return float(math.ceil(round((self.max_request_count or 0) * self.seconds_apart, 3)))

    @property
    def seconds(self) -> float:
        """The time from one full reading to the next, in seconds: the longer of `interval` and `request_seconds`."""
        return max(self.interval, self.request_seconds)

    @property
    def exceeds_interval(self) -> bool:
        """Whether the requests take longer than the interval."""
        return self.request_seconds > self.interval

    @property
    def is_too_slow(self) -> bool:
        """Whether a reading takes so long that its first figures would go stale before the reading ends.

        Such a reading rarely or never succeeds.
        """
        return self.request_seconds > LONGEST_POLL * self.stale_seconds

    @property
    def warning(self) -> str:
        """The text of the warning that the interval is too short."""
        took = write_duration(self.request_seconds)
        too_late = f"; figures are shown for {write_duration(self.stale_seconds)} only" if self.is_too_slow else ""
        return (
            f"up to {self.max_request_count:,} requests at {self._rate} take {took}, longer than the interval of"
            f" {write_duration(self.interval)}{too_late}: set an interval of at least {took}"
        )

    @property
    def problem(self) -> str:
        """The reason why no reading can succeed with these settings; empty if a reading can succeed."""
        if not (self.is_exact and self.is_too_slow):
            return ""
        took, shown = write_duration(self.request_seconds), write_duration(self.stale_seconds)
        return (
            f"{self.max_request_count:,} requests at {self._rate} take {took}, and figures are shown for {shown} only:"
            f" set an interval of at least {took}, and stale_after, if it is set, to twice that"
        )

    def __str__(self) -> str:
        every = f"a cycle of {write_duration(self.seconds)}"
        if not self.seconds_apart:
            every += ", or longer if the vendor is slow"
        counts = (
            f"{self.max_customer_count:,} customers in {self.slice_count} slices, {self.max_request_count:,} requests"
        )
        return f"up to {counts}, {every}"

    @property
    def _rate(self) -> str:
        a_minute = 60 / self.seconds_apart
        return f"{a_minute:,.0f} a minute" if a_minute >= _WHOLE_FROM else f"{a_minute:.3g} a minute"
