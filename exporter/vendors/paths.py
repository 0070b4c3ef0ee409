"""Encoding of identifiers as segments of a request's path."""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import quote

from exporter.errors import Malformed

_LONGEST_SEGMENT: Final = 256


def segment(identifier: str) -> str:
    """Return an identifier, percent-encoded, as one segment of a path.

    Raises:
        Malformed: the identifier is empty, is `.` or `..`, is too long, or has characters that are not allowed.

    """
    if not is_usable_segment(identifier):
        raise Malformed("an identifier that cannot be part of a path")
    return quote(identifier, safe="")


def is_usable_segment(identifier: str) -> bool:
    """Whether an identifier can be a path segment.

    Percent-encoding leaves dots unchanged, so `.` and `..` would alter the path. Control characters and lone surrogates
    are not allowed. Percent-encoding makes all other characters harmless.
    """
    if not 0 < len(identifier) <= _LONGEST_SEGMENT or identifier in (".", ".."):
        return False
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in identifier)
