"""Periods: the time spans after which a quota's usage starts again at 0. All times are UTC."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from exporter.durations import read_interval, write_duration

_EXPECTED: Final = "write month, plan, none, or a mapping such as {every: 30d, from: 2026-01-15}"
_SHORTEST_SECONDS: Final = 3600.0
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_YEARS: Final = re.compile(r"([1-9])y", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The start and the end of a period, as Unix times. None means unknown."""

    start: float | None = None
    end: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether the end is known. The end is also the start of the next period."""
        return self.end is not None


UNKNOWN_SPAN: Final = Span()
"""A period whose start and end are unknown."""


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """Periods of one or more calendar months. Each period begins on the same day of the month.

    In a month that is too short to have this day, a period begins on the last day of the month.

    Attributes:
        months: the length of a period in months: 3 for a quarter, 12 for a year.
        month: a month in which a period begins, from 1 to 12.
        day: the day of the month on which periods begin.
        year: a year in which a period begins in the month `month`.

    """

    months: int = 1
    month: int = 1
    day: int = 1
    year: int = 2000

    def span_at(self, now: datetime) -> Span:
        """Return the period that contains the time `now`."""
        first = self.year * 12 + self.month - 1
        number = (now.year * 12 + now.month - 1 - first) // self.months
        number -= now < self._start_of(first + number * self.months)
        begins = first + number * self.months
        return Span(self._start_of(begins).timestamp(), self._start_of(begins + self.months).timestamp())

    def _start_of(self, month: int) -> datetime:
        year, number = month // 12, month % 12 + 1
        return datetime(year, number, min(self.day, calendar.monthrange(year, number)[1]), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FixedPeriod:
    """Periods of a fixed length. One of the periods begins at the time `first`."""

    seconds: float
    first: datetime

    def span_at(self, now: datetime) -> Span:
        """Return the period that contains the time `now`."""
        start = self.first + (now - self.first) // timedelta(seconds=self.seconds) * timedelta(seconds=self.seconds)
        return Span(start.timestamp(), start.timestamp() + self.seconds)


Period = CalendarPeriod | FixedPeriod | Literal["plan", "none"]
"""A quota's period. `plan` means the period that the vendor reports. `none` means that the period is unknown."""


def read_period(value: object) -> Period:
    """Return the period that a value in the configuration describes.

    Raises:
        ValueError: the period is invalid.

    """
    if value == "month":
        return CalendarPeriod()
    if value == "plan" or value == "none":  # noqa: PLR1714 - mypy narrows what is compared one by one
        return value
    if not isinstance(value, Mapping) or value.keys() != {"every", "from"}:
        raise ValueError(_EXPECTED)
    first = _read_day(value["from"])
    if months := _months(value["every"]):
        return CalendarPeriod(months, first.month, first.day, first.year)
    seconds = read_interval(value["every"])
    if seconds < _SHORTEST_SECONDS:
        raise ValueError("write a period of at least 1h")
    return FixedPeriod(seconds, first)


def write_period(period: Period) -> str | dict[str, str]:
    """Return a period in the syntax that `read_period` reads."""
    if isinstance(period, str):
        return period
    if period == CalendarPeriod():
        return "month"
    if isinstance(period, FixedPeriod):
        return {"every": write_duration(period.seconds), "from": f"{period.first:%Y-%m-%d}"}
    words = {months: word for word, months in _MONTHS.items()}
    every = words.get(period.months) or f"{period.months // 12}y"
    return {"every": every, "from": f"{period.year:04}-{period.month:02}-{period.day:02}"}


def _months(value: object) -> int | None:
    """Return the number of months that a word such as `quarter` or `2y` means; None if the value is not such a word."""
    if not isinstance(value, str):
        return None
    years = _YEARS.fullmatch(value)
    return 12 * int(years[1]) if years else _MONTHS.get(value)


def _read_day(value: object) -> datetime:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        pass
    raise ValueError("write from as a day, such as 2026-01-15")
