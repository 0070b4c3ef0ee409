"""The model of native and configured quotas."""

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
"""The number of subjects not shown, by quota name and reason. If the exact number is unknown, at least 1 is given."""

_ESCAPES: Final = str.maketrans({"%": "%25", "/": "%2F"})


class QuotaId(NamedTuple):
    """A quota's identity within an account."""

    name: str
    subject: str
    unit: str


class Quota(NamedTuple):
    """One quota in one reading.

    Attributes:
        id: the quota's identity.
        used: the sum of the members' figures.
        limit: the maximum amount; None if the limit is unknown, if there is no limit, or if the members' limits differ.
        span: the period, if it is the same for all members.
        is_level: whether the amount is held (as memory is) rather than consumed. Such a quota has no counter.
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
        quota: the quota that counts the series.
        labels: the labels of the series.
        value: the figure.
        span: the figure's period.
        is_dated: whether the figure and the dates arrive together. If so, the figure cannot lag behind the dates.
        since: the Unix time at which counting started. If a period began after this time, its whole figure counts as
            new use.

    """

    quota: QuotaId
    labels: Labels
    value: float
    span: Span
    is_dated: bool
    since: float


def subject_of(parts: Iterable[str]) -> str:
    """Return the subject that consists of label values. The separator is escaped, so that subjects never collide."""
    values = tuple(parts)
    return values[0] if len(values) == 1 else clean_label("/".join(value.translate(_ESCAPES) for value in values))


def value_of(family: Family | None, figures: Figures, labels: Labels) -> float | None:
    """Return a family's figure with these labels. Returns None if the family is None or has no such figure."""
    return figures.get(family, {}).get(labels) if family is not None else None
