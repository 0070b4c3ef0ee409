"""How long it takes to read all of an account's customers once, as far as that is known before anybody is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from exporter.durations import write_duration

_WHOLE_FROM: Final = 100
"""Requests a minute whose fractions nobody needs."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """One reading of all of an account's customers.

    Attributes:
        interval: how often there should be one, in seconds.
        slices: in how many parts it is read.
        customers: how many they are at most.
        calls: how many requests it takes at most; None where the configuration does not tell.
        seconds_apart: how long after each other requests are sent, in seconds; 0 where no rate is known.

    """

    interval: float
    slices: int
    customers: int
    calls: int | None
    seconds_apart: float

    @property
    def shortest(self) -> float:
        """The seconds that the requests take at the known rate, rounded up; 0 as far as nothing is known."""
        return float(math.ceil(round((self.calls or 0) * self.seconds_apart, 3)))

    @property
    def seconds(self) -> float:
        """How often all are read: each interval, or as often as the rate allows."""
        return max(self.interval, self.shortest)

    @property
    def too_long(self) -> bool:
        """Whether the interval is shorter than the requests take."""
        return self.shortest > self.interval

    @property
    def caution(self) -> str:
        """What to say of an interval that is too short."""
        took = write_duration(self.shortest)
        return (
            f"up to {self.calls:,} requests at {self._rate} take {took}, longer than the interval of"
            f" {write_duration(self.interval)}: set an interval of at least {took}"
        )

    def __str__(self) -> str:
        every = f"a cycle of {write_duration(self.seconds)}"
        if not self.seconds_apart:
            every += ", or longer if the vendor is slow"
        return f"up to {self.customers:,} customers in {self.slices} slices, {self.calls:,} requests, {every}"

    @property
    def _rate(self) -> str:
        a_minute = 60 / self.seconds_apart
        return f"{a_minute:,.0f} a minute" if a_minute >= _WHOLE_FROM else f"{a_minute:.3g} a minute"
