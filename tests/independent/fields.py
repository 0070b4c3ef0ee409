"""What a field of a reply says, read with `decimal`; `None` where it cannot be read.

Numbers may come as their digits in text, because the vendors' own documents disagree. Anything else is no number:
not `true`, not "N/A", not digits with a unit or a separator, not NaN.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

_DIGITS: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None


def percentage(value: Any) -> Decimal | None:
    return number(value.removesuffix("%") if isinstance(value, str) else value)


def is_day(value: Any) -> bool:
    return isinstance(value, str) and _DAY.fullmatch(value) is not None and moment(value) is not None


def moment(value: Any) -> Decimal | None:
    """Unix time of a day (its beginning, UTC) or of a point in time."""
    if not isinstance(value, str) or not _DAY.match(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return unix(found if found.tzinfo else found.replace(tzinfo=UTC))


def unix(point: datetime) -> Decimal:
    since = point - _EPOCH
    return Decimal(since // timedelta(microseconds=1)) / 1_000_000


def unix_day(day: date) -> Decimal:
    return unix(datetime.combine(day, time(), UTC))


def identifier(value: Any) -> str | None:
    """An id as a label: text that is not empty, or a whole number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) and value else None


def text(value: Any) -> str:
    """A name as a label; empty where there is none."""
    return value if isinstance(value, str) else ""


def rows(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def month_of(day: date) -> tuple[date, date]:
    """The first day of the month and of the next one."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)
