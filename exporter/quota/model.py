"""The model of a quota, native or configured, with its name and subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from exporter.metrics import Family, Figures, Labels, clean_label
from exporter.vendors.periods import Span

WithheldReason = Literal["unreadable", "unread", "between_periods", "units", "overflow", "no_series", "name"]
WITHHELD_TEXTS: Final[Mapping[WithheldReason, str]] = {
    "unreadable": "a series that it counts cannot be read",
    "unread": "not all of the account has been read yet",
    "between_periods": "not all of the account has been read since its period began",
    "units": "series in different units match and cannot be added up: match one unit, or write unit in by",
    "overflow": "the sum of the matching series is too large",
    "no_series": "no series matches; values of match are regular expressions",
    "name": "the vendor reports a quota with the name of a configured one; rename the configured one",
}
"""The reasons why a quota is withheld (not shown), with their explanations."""

Withheld = Mapping[tuple[str, WithheldReason], int]
"""The number of subjects not shown, by quota name and reason; at least 1 if the exact number is unknown."""

_ESCAPES: Final = str.maketrans({"%": "%25", "/": "%2F"})


class QuotaId(NamedTuple):
    """A quota's identity within an account."""

    name: str
    subject: str
    unit: str


class Quota(NamedTuple):
    """One quota in one reading.

    Attributes:
        id: its identity.
        used: the sum of its members' figures.
        limit: the amount that it allows; None if this is unlimited or unknown, or if its members disagree.
        span: its period, if its members agree on one.
        is_level: whether it is an amount held rather than consumed, so that it has no counter.
        subject_name: the vendor's display name of the subject; empty if unknown.

    """

    id: QuotaId
    used: float
    limit: float | None
    span: Span
    is_level: bool = False
    subject_name: str = ""


class MemberFigure(NamedTuple):
    """A member in one reading: one vendor series that a quota counts.

    Attributes:
        quota: the quota that counts it.
        labels: the labels of the series.
        value: the figure.
        span: the figure's period.
        is_dated: whether figure and dates arrive together, so that the figure cannot lag behind its dates.
        since: when counting started, Unix time. Periods that began later count in full.

    """

    quota: QuotaId
    labels: Labels
    value: float
    span: Span
    is_dated: bool
    since: float


def subject_of(parts: Iterable[str]) -> str:
    """Return the subject made of label values. The separator is escaped in each, so that subjects never collide."""
    values = tuple(parts)
    return values[0] if len(values) == 1 else clean_label("/".join(value.translate(_ESCAPES) for value in values))


def value_of(family: Family | None, figures: Figures, labels: Labels) -> float | None:
    """Return a family's figure with these labels; None if there is no such figure or no family."""
    return figures.get(family, {}).get(labels) if family is not None else None
