"""Identifiers as segments of a request's path."""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import quote

from exporter.errors import Malformed

_LONGEST_SEGMENT: Final = 256


def segment(identifier: str) -> str:
    """Return an identifier as one segment of a path, percent-encoded.

    Raises:
        Malformed: it would name another path (empty, `.`, `..`, with control characters), or is longer than any.

    """
    if not is_usable_segment(identifier):
        raise Malformed("an identifier that cannot stand in a path")
    return quote(identifier, safe="")


def is_usable_segment(identifier: str) -> bool:
    """Whether an identifier can stand in a path; dots survive quoting, so `.` and `..` would climb.

    Control characters and halves of characters name nothing; all others are harmless once quoted.
    """
    if not 0 < len(identifier) <= _LONGEST_SEGMENT or identifier in (".", ".."):
        return False
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in identifier)
