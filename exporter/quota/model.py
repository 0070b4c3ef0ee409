"""What a quota is, whoever reports or sets it, and how a reading's figures are found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.metrics import Family, Sample
from exporter.vendors.periods import Span

Labels = tuple[str, ...]
Figures = Mapping[Family, Mapping[Labels, float]]
"""A reading's values by family and labels."""


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


def figures_of(samples: Iterable[Sample]) -> Figures:
    """Return the values of a reading's samples, to be found by family and labels."""
    figures: dict[Family, dict[Labels, float]] = defaultdict(dict)
    for sample in samples:
        figures[sample.family][sample.labels] = sample.value
    return figures


def value_of(family: Family | None, figures: Figures, labels: Labels) -> float | None:
    """Return a figure, or None where the reading has none, or there is no such family."""
    return figures.get(family, {}).get(labels) if family is not None else None
