"""What a quota is, whoever reports or sets it, and how a figure is found that may be missing."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.metrics import Family, Figures, Labels
from exporter.vendors.periods import Span


@dataclass(frozen=True, slots=True)
class Key:
    """What tells one quota of an account from another."""

    name: str
    subject: str
    unit: str


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota as one reading has it.

    Attributes:
        key: which it is.
        used: what is used of it.
        limit: what it allows; None where it is unlimited or not known.
        span: its period.
        origin: what it is made of; another one under the same key is another quota.

    """

    key: Key
    used: float
    limit: float | None
    span: Span
    origin: str = ""


def value_of(family: Family | None, figures: Figures, labels: Labels) -> float | None:
    """Return a figure, or None where the reading has none, or there is no such family."""
    return figures.get(family, {}).get(labels) if family is not None else None
