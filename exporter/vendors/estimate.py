"""How long it takes to read all of an account's customers once, estimated before the first request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from exporter.durations import write_duration

LONGEST_POLL: Final = 0.75
"""The share of the time for which its reading would be shown that a poll may take: figures are as old as its start."""
_WHOLE_FROM: Final = 100
"""Requests a minute whose fractions nobody needs."""


@dataclass(frozen=True, slots=True)
class PollEstimate:
    """An estimate of one reading of all of an account's customers.

    Attributes:
        interval: how often there should be one, in seconds.
        slice_count: in how many parts it is read.
        max_customer_count: how many they are at most.
        max_request_count: how many requests it takes at most; None where the configuration does not tell.
        seconds_apart: how long after each other requests are sent, in seconds; 0 where no rate is known.
        stale_seconds: how old figures may be and still be shown.
        is_exact: whether it takes as many requests as the configuration allows, and no fewer.

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
        """The seconds that the requests take at the known rate, rounded up; 0 as far as nothing is known."""
        return float(math.ceil(round((self.max_request_count or 0) * self.seconds_apart, 3)))

    @property
    def seconds(self) -> float:
        """How often all are read: each interval, or as often as the rate allows."""
        return max(self.interval, self.request_seconds)

    @property
    def exceeds_interval(self) -> bool:
        """Whether the interval is shorter than the requests take."""
        return self.request_seconds > self.interval

    @property
    def is_too_slow(self) -> bool:
        """Whether figures would be too old before all are read, so that there is never a reading, or hardly ever."""
        return self.request_seconds > LONGEST_POLL * self.stale_seconds

    @property
    def warning(self) -> str:
        """What to say of an interval that is too short."""
        took = write_duration(self.request_seconds)
        too_late = f"; figures are shown for {write_duration(self.stale_seconds)} only" if self.is_too_slow else ""
        return (
            f"up to {self.max_request_count:,} requests at {self._rate} take {took}, longer than the interval of"
            f" {write_duration(self.interval)}{too_late}: set an interval of at least {took}"
        )

    @property
    def problem(self) -> str:
        """What is wrong with settings by which there would be no reading; empty where that is not certain."""
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
