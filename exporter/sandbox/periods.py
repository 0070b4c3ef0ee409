"""Spans of simulated time, in Unix time, and their text forms."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import floor

HOUR = 3_600.0
DAY = 86_400.0
RENEWAL_DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """A span that includes `start` but not `end`. The number `index` grows by one from period to period."""

    start: float
    end: float
    index: int

    @property
    def before(self) -> "Period":
        """The renewal period before this period."""
        return renewal(self.start - 1, self.start)

    @property
    def after(self) -> "Period":
        """The renewal period after this period."""
        return renewal(self.end, self.end)


def renewal(at: float, anchor: float) -> Period:
    """Return the period that contains the time `at`. Periods last 30 days, and one period starts at `anchor`."""
    length = RENEWAL_DAYS * DAY
    start = anchor + floor((at - anchor) / length) * length
    return Period(start, start + length, floor(start / length))


def month(at: float) -> Period:
    """Return the calendar month (UTC) that contains the time `at`."""
    day = datetime.fromtimestamp(at, UTC)
    return named_month(f"{day:%Y-%m}")


def named_month(text: str) -> Period:
    """Return the month written as YYYY-MM.

    Raises:
        ValueError: the text is not a month.

    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        raise ValueError(f"no month: {text!r}")
    year, number = int(text[:4]), int(text[5:])
    first = datetime(year, number, 1, tzinfo=UTC)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return Period(first.timestamp(), following.timestamp(), year * 12 + number)


def named_day(text: str) -> float:
    """Return the first second of the UTC day written as YYYY-MM-DD.

    Raises:
        ValueError: the text is not a day.

    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f"no day: {text!r}")
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def write_day(at: float) -> str:
    """Return the UTC day of the time `at`, as YYYY-MM-DD."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def write_instant(at: float) -> str:
    """Return the time `at` in UTC as YYYY-MM-DDTHH:MM:SSZ."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}Z"
