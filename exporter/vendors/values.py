"""Parsers for values in vendors' replies. Each parser raises `ValueError` if the value is not of the right kind.

Vendors' own documents disagree on whether a figure is a number or a string. Therefore, a finite
JSON number and a string of ASCII digits are both accepted.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

_NUMERIC: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?", re.ASCII)
_LONGEST_NUMBER: Final = 64
_DAY_CHARACTERS: Final = len("2026-01-31")


def read_number(value: object) -> float:
    """Return a finite number. The value may be a number or a string of ASCII digits, but not a bool."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMERIC.fullmatch(value):
        number = float(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise ValueError("expected a number that fits 64 bits") from None
    else:
        raise ValueError("expected a number")
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def read_percent(value: object) -> float | None:
    """Return a percentage as a ratio, such as 0.4133 for `"41.33"` or `"41.33%"`. An empty string becomes None."""
    if value == "":
        return None
    return read_number(value.removesuffix("%") if isinstance(value, str) else value) / 100


def read_time(value: object) -> datetime:
    """Return the time that a text in ISO 8601 states. The default offset is UTC, and the default time is midnight."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("expected a date or a time in ISO 8601")
    moment = datetime.fromisoformat(value)
    if moment.year == 1:
        raise ValueError("expected a time; some libraries write the year 1 for none")
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a time from year 1 to 9999 in UTC") from None


def read_end(value: object) -> datetime:
    """Return the end of a time span. A date without a time means the end of the day."""
    moment = read_time(value)
    if not isinstance(value, str) or len(value) != _DAY_CHARACTERS:
        return moment
    try:
        return moment + timedelta(days=1)
    except OverflowError:
        raise ValueError("expected a day before the end of year 9999") from None


def read_text(value: object) -> str:
    """Return the value if it is a string."""
    if not isinstance(value, str):
        raise ValueError("expected a string")  # noqa: TRY004 - pydantic collects ValueError only
    return value


def read_flag(value: object) -> bool:
    """Return the value if it is a boolean."""
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - pydantic collects ValueError only
    return value


def read_id(value: object) -> str:
    """Return an identifier as text. The value may be a non-empty string or a whole number."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return str(int(value))
    raise ValueError("expected an identifier")
