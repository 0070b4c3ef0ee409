"""The simulated world: how much has been used, as a pure function of seed, subject and time.

A subject is a path such as "vendor/acme/410000". A subject's rate of use has a daily rhythm, is lower at
weekends, sways slowly, and averages 1 a day. Vendors scale the rate to their own units. The use in a span
is the closed-form integral of the rate, so spans can be computed in any order, and long spans cost no more than
short ones.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from math import floor, pi, sin

from exporter.sandbox.periods import DAY

_TURN = 2 * pi
_WEEKDAYS = (1.12, 1.12, 1.12, 1.12, 1.12, 0.7, 0.7)
"""The use on each weekday from Monday to Sunday, relative to an average day. The sum is seven."""

_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""

_CORRECTION_EVERY = 14 * DAY


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """One subject's rate of use. `peak` is the busiest time of day, as a fraction of the day."""

    peak: float
    depth: float
    sway: float
    sway_days: float
    sway_start: float

    def until(self, at: float) -> float:
        """Return the use from the epoch to the time `at`, in days of average use."""
        whole = floor(at / DAY)
        part = at / DAY - whole
        weeks, weekday = divmod(whole + _EPOCH_WEEKDAY, 7)
        wave = sin(_TURN * (part - self.peak)) + sin(_TURN * self.peak)
        today = _WEEKDAYS[weekday] * (part + self.depth / _TURN * wave)
        weekly = weeks * 7 + sum(_WEEKDAYS[:weekday]) + today
        days = at / DAY
        swaying = days + self.sway_days / _TURN * sin(_TURN * (days / self.sway_days + self.sway_start))
        return (1 - self.sway) * weekly + self.sway * swaying


def _draw(seed: int, words: str) -> float:
    digest = blake2b(f"{seed}/{words}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


@lru_cache(maxsize=65_536)
def _rhythm(seed: int, subject: str) -> _Rhythm:
    return _Rhythm(
        peak=0.4 + 0.25 * _draw(seed, f"{subject}/peak"),
        depth=0.6 + 0.3 * _draw(seed, f"{subject}/depth"),
        sway=0.1 + 0.2 * _draw(seed, f"{subject}/sway"),
        sway_days=4 + 7 * _draw(seed, f"{subject}/sway_days"),
        sway_start=_draw(seed, f"{subject}/sway_start"),
    )


@dataclass(frozen=True, slots=True)
class World:
    """The settings of a simulated world, and its figures.

    `clock` returns Unix time. The world's own time starts at the clock's time and runs `speed` times as fast.
    `customers` is the number of customers of each account, at a vendor that lists customers.
    """

    seed: int = 1
    clock: Callable[[], float] = time.time
    speed: float = 1.0
    customers: int = 5
    start: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.clock())

    def now(self) -> float:
        """Return the world's own time, as Unix time."""
        return self.start + (self.clock() - self.start) * self.speed

    def draw(self, words: str) -> float:
        """Return a number in [0, 1) derived from these words and the seed."""
        return _draw(self.seed, words)

    def between(self, low: float, high: float, words: str) -> float:
        """Return a number in [low, high) derived from these words and the seed."""
        return low + (high - low) * self.draw(words)

    def used(self, subject: str, since: float, until: float) -> float:
        """Return the use in a span, in days of average use. The use never falls as `until` grows."""
        if until <= since:
            return 0.0
        rhythm = _rhythm(self.seed, subject)
        return rhythm.until(until) - rhythm.until(since)

    def billed(self, subject: str, since: float, until: float) -> float:
        """Return the use in a span, minus corrections. About once a fortnight, a correction lowers the use a little."""
        taken_back = sum(
            share * self.used(subject, since, at) for at, share in self._corrections(subject, since, until)
        )
        return self.used(subject, since, until) - taken_back

    def _corrections(self, subject: str, since: float, until: float) -> Iterator[tuple[float, float]]:
        for fortnight in range(floor(since / _CORRECTION_EVERY), floor(until / _CORRECTION_EVERY) + 1):
            words = f"{subject}/correction/{fortnight}"
            at = (fortnight + self.draw(words)) * _CORRECTION_EVERY
            if since < at <= until:
                yield at, self.between(0.015, 0.045, f"{words}/share")
