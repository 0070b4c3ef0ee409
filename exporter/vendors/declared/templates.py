"""Templates: texts with names of settings, dates and items in braces, as in `/v1/projects/{item}/usage/{month}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

_NAME: Final = re.compile(r"\{([^{}]*)\}")


def _month_start(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(now: datetime) -> datetime:
    return _month_start(_month_start(now) + timedelta(days=31))


DATES: Final[Mapping[str, Callable[[datetime], str]]] = MappingProxyType(
    {
        "month": lambda now: f"{now:%Y-%m}",
        "month_start": lambda now: f"{now:%Y-%m}-01",
        "month_start_seconds": lambda now: str(int(_month_start(now).timestamp())),
        "next_month_start": lambda now: f"{_next_month(now):%Y-%m-%d}",
        "next_month_start_seconds": lambda now: str(int(_next_month(now).timestamp())),
        "today": lambda now: f"{now:%Y-%m-%d}",
    }
)
"""The dates in templates, by name. Each value is a function that returns the date's text for a given time (UTC)."""

ITEM: Final = "item"
"""The name that, in templates, stands for an item of `for_each`."""


def names_in(text: object) -> list[str]:
    """Return the names that a text has in braces. A value that is not a string has no names."""
    return _NAME.findall(text) if isinstance(text, str) else []


def has_stray_brace(text: object) -> bool:
    """Whether a text has an unmatched brace."""
    return isinstance(text, str) and bool(set("{}") & set(_NAME.sub("", text)))


def dates_a_period(names: Collection[str]) -> bool:
    """Whether one of the names in a template determines the month to ask about."""
    return any(name in DATES and name != "today" for name in names)


def filled(text: str, values: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
    """Return a template's text, with each name in braces replaced by the name's encoded value."""
    return _NAME.sub(lambda match: encode(values[match[1]]), text)
