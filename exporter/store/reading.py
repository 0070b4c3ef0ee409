"""A poll's samples, validated on arrival instead of at each scrape.

After validation, every value is finite, every series occurs once, and every label is valid on a page.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from exporter.metrics import (
    MAX_LABEL_CHARACTERS,
    QUOTA_FAMILIES,
    EndedPeriod,
    Family,
    Figures,
    Item,
    Labels,
    Rest,
    Sample,
    Unreadable,
    clean_label,
    samples_of,
    series_count,
)
from exporter.vendors import VENDOR_FAMILIES
from exporter.vendors.reply import Diagnostics

READING_FAMILIES: Final = VENDOR_FAMILIES + QUOTA_FAMILIES
"""The built-in families, in page order. The label `account` is added when lines are rendered."""

_PLACES: Final = {family.name: place for place, family in enumerate(READING_FAMILIES)}
_AFTER_VENDORS: Final = len(VENDOR_FAMILIES) - 0.5


def in_page_order(families: Iterable[Family]) -> list[Family]:
    """Return families in page order: families of built-in vendors, then of other vendors by name, then of quotas."""
    return sorted(families, key=lambda family: (_PLACES.get(family.name, _AFTER_VENDORS), family.name))


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one good poll of an account or of a slice.

    Attributes:
        figures: the figures on the page, including quotas. They are sanitized, and each series occurs once.
        dropped: the number of series that were left out because there were too many series.
        diagnostics: what was noticed during the poll.
        as_of: the time up to which the figures are complete (Unix time); None if the vendor does not state this time.

    """

    figures: Figures = field(default_factory=dict)
    dropped: int = 0
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    as_of: float | None = None

    @property
    def series(self) -> int:
        """The number of series."""
        return series_count(self.figures)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The figures as samples."""
        return tuple(samples_of(self.figures))


class Sanitized(NamedTuple):
    """A poll's items, validated and separated by kind.

    Attributes:
        figures: the figures. Each series occurs once, and each value is finite.
        unreadable: the series that exist, but have a value that cannot be read.
        ended: final figures of periods that have ended.
        rests: the remaining amounts that the vendor states.

    """

    figures: Figures
    unreadable: frozenset[Unreadable]
    ended: Sequence[EndedPeriod]
    rests: frozenset[Rest]


def sanitize(items: Iterable[Item], diagnostics: Diagnostics) -> Sanitized:
    """Validate and clean items, and count the skipped items in the diagnostics."""
    figures: dict[Family, dict[Labels, float]] = defaultdict(dict)
    unreadable: set[Unreadable] = set()
    ended: list[EndedPeriod] = []
    rests: set[Rest] = set()
    for item in items:
        if isinstance(item, Rest):
            rests.add(replace(item, labels=tuple(map(clean_label, item.labels))))
            continue
        if isinstance(item, Unreadable):
            unreadable.add(
                replace(item, labels=tuple(None if value is None else clean_label(value) for value in item.labels))
            )
            continue
        sample = item.sample if isinstance(item, EndedPeriod) else item
        labels = sample.labels
        text = "".join(labels)
        if len(text) > MAX_LABEL_CHARACTERS or not text.isprintable():
            labels = tuple(map(clean_label, labels))
        if not math.isfinite(sample.value):
            diagnostics.skipped["value"] += 1
            if isinstance(item, Sample):
                unreadable.add(Unreadable(sample.family, labels))
        elif isinstance(item, EndedPeriod):
            ended.append(replace(item, sample=Sample(sample.family, labels, sample.value)))
        else:
            values = figures[sample.family]
            if labels in values:
                diagnostics.skipped["duplicate"] += 1
            values[labels] = float(sample.value)  # a vendor in a wheel may use another number type
    missing = frozenset(one for one in unreadable if one.labels not in figures.get(one.family, {}))
    return Sanitized(dict(figures), missing, ended, frozenset(rests))
