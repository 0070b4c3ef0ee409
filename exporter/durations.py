"""Durations and rates, written as Prometheus users write them: `5m`, `1h30m`, `800/1m`."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_UNITS: Final = {
    "y": 31_536_000.0,
    "w": 604_800.0,
    "d": 86_400.0,
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 0.001,
}
_DURATION: Final = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS))
_RATE: Final = re.compile(r"([0-9]{1,9})/([0-9a-z]+)")
_UNIT_WORDS: Final = {
    word: unit
    for unit, words in {"s": "s sec second", "m": "m min minute", "h": "h hour", "d": "d day"}.items()
    for word in words.split()
}
DURATION_PATTERN: Final = "^(?=.)" + "".join(f"([0-9]+{unit})?" for unit in _UNITS) + "$"
"""The regular expression of durations, for JSON Schema."""


class Rate(NamedTuple):
    """A number of requests per number of seconds."""

    requests: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.requests}/{write_duration(self.seconds)}"


def read_duration(text: object) -> float:
    """Return the seconds of a Prometheus duration, such as `5m` or `1h30m`.

    Raises:
        ValueError: the text is not a duration.

    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not match[0]:
        raise ValueError("write a duration with its unit, such as 30s, 5m, 1h or 1h30m")
    counts = zip(match.groups(), _UNITS.values(), strict=True)
    return sum(int(count) * seconds for count, seconds in counts if count)


def read_interval(text: object) -> float:
    """Return the seconds of a duration, which must be from `1s` to `365d`.

    Raises:
        ValueError: the text is not a duration, or is out of range.

    """
    seconds = read_duration(text)
    if not 1 <= seconds <= _UNITS["y"]:
        raise ValueError("must be from 1s to 365d")
    return seconds


def write_duration(seconds: float) -> str:
    """Return a number of seconds as a Prometheus duration. Days are the largest unit in the duration."""
    rest, parts = round(seconds * 1000), []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, round(_UNITS[unit] * 1000))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def read_rate(text: object) -> Rate:
    """Return a rate written as requests per duration, such as `800/1m`.

    Raises:
        ValueError: the text is not a rate.

    """
    match = _RATE.fullmatch(text) if isinstance(text, str) else None
    if match and match[2] in _UNIT_WORDS:
        raise ValueError(f"write the duration with its number, such as 60/1{_UNIT_WORDS[match[2]]}")
    if match is None or not int(match[1]):
        raise ValueError("write requests per duration, such as 800/1m")
    seconds = read_duration(match[2])
    if not seconds:
        raise ValueError("write a duration above 0, such as 800/1m")
    return Rate(int(match[1]), seconds)


def is_shorter(one: object, other: object) -> bool:
    """Whether `one` and `other` are both durations, and `one` is shorter than `other`."""
    try:
        return read_duration(one) < read_duration(other)
    except ValueError:
        return False
