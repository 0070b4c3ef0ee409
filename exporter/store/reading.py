"""What a poll brings, checked when it arrives and not when it is scraped.

Every value is finite, no series is there twice, labels are fit for a page, and there are no more series than allowed.
Quotas are made of all of it, and are the last that would be left out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from exporter.metrics import (
    MAX_LABEL_CHARACTERS,
    QUOTA_FAMILIES,
    Family,
    Figures,
    Labels,
    Sample,
    clean_label,
    figures_of,
)
from exporter.quota import NO_QUOTAS, Quotas, Tallies
from exporter.vendors import VENDOR_FAMILIES
from exporter.vendors.reply import Notes

READING_FAMILIES: Final = VENDOR_FAMILIES + QUOTA_FAMILIES
"""What a reading may have, in the order of the page; the label `account` is added where they are rendered."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one good poll brought: of an account, or of one slice of it.

    Attributes:
        figures: what the page shows, quotas included; checked, a series once.
        dropped: how many series were left out because there were too many.
        notes: what was noticed while it was read.
        as_of: the time that the vendor says the figures reach to (Unix time), if it does.
        quotas: those that the vendor reports, and what the next reading's need to know of them.
        tallies: what it adds to those that the operator set on the account.

    """

    figures: Figures = field(default_factory=dict)
    dropped: int = 0
    notes: Notes = field(default_factory=Notes)
    as_of: float | None = None
    quotas: Quotas = NO_QUOTAS
    tallies: Tallies = field(default_factory=dict)

    @property
    def series(self) -> int:
        """How many series it has."""
        return sum(map(len, self.figures.values()))

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Its figures as samples."""
        return tuple(_samples(self.figures))


def fit(samples: Iterable[Sample], notes: Notes) -> Figures:
    """Return samples as figures that are fit for the page; what is left out is noted."""
    figures: dict[Family, dict[Labels, float]] = defaultdict(dict)
    for sample in samples:
        labels = sample.labels
        text = "".join(labels)
        if len(text) > MAX_LABEL_CHARACTERS or not text.isprintable():
            labels = tuple(map(clean_label, labels))
        if not math.isfinite(sample.value):
            notes.skipped["value"] += 1
            continue
        values = figures[sample.family]
        if labels in values:
            notes.skipped["duplicate"] += 1
        values[labels] = sample.value
    return dict(figures)


def capped(quotas: Figures, figures: Figures, max_series: int) -> tuple[Figures, int]:
    """Return both, cut to so many series, and how many are left out: the same ones of the same figures."""
    series = sum(len(values) for some in (quotas, figures) for values in some.values())
    if series <= max_series:
        return {**quotas, **figures}, 0
    # A quota's families stay together: one without its limit would say less than none.
    first = sorted(_samples(quotas), key=lambda sample: sample.labels)
    then = sorted(_samples(figures), key=lambda sample: (sample.family.name, sample.labels))
    return figures_of(islice((*first, *then), max(0, max_series))), series - max(0, max_series)


def _samples(figures: Figures) -> Iterator[Sample]:
    for family, values in figures.items():
        for labels, value in values.items():
            yield Sample(family, labels, value)
