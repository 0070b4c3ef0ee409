"""Checks the values in a stored file as strictly as values from a vendor. Invalid values raise `ValueError`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from exporter.metrics import MAX_LABEL_CHARACTERS, Labels, clean_label
from exporter.vendors.periods import Span


def read_number(value: object) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a finite number")
    return float(value)


def read_optional_number(value: object) -> float | None:
    """Return a finite number, or None."""
    return None if value is None else read_number(value)


def read_count(value: object) -> int:
    """Return a whole number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected a count")
    return value


def read_flag(value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - every error means the same: a damaged file
    return value


def read_text(value: object, longest: float = MAX_LABEL_CHARACTERS) -> str:
    """Return a text of at most `longest` characters."""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError("expected a text of a plausible length")
    return value


def read_labels(values: Iterable[object]) -> Labels:
    """Return label values, all of which are valid on a page."""
    labels = tuple(read_text(value, MAX_LABEL_CHARACTERS) for value in values)
    if any(not text.replace("\n", "").isprintable() and _is_unfit(text) for text in labels):
        raise ValueError("expected labels that a page can have")
    return labels


def _is_unfit(text: str) -> bool:
    return clean_label(text) != text


def read_span(start: object, end: object) -> Span:
    """Return a period."""
    return Span(read_optional_number(start), read_optional_number(end))
