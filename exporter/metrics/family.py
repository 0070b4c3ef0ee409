"""Metric families and their samples. A family is declared once, and called to make a sample."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

MAX_LABEL_CHARACTERS: Final = 256
"""A longer label value is cut and ends in a digest of the whole, so that two long values stay distinct."""

_DIGEST_CHARACTERS: Final = 12
# Control characters (C0, DEL, C1) except the newline, which the format escapes; and surrogates, which have no encoding.
_UNPRINTABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

MetricKind = Literal["gauge", "counter", "histogram", "summary"]

Labels = tuple[str, ...]
"""The values of a family's labels, in the family's order."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a family. `labels` has the values of the family's labels, in the family's order."""

    family: Family
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A series that exists but whose value cannot be read. Label values that are not known are None.

    Without this mark, a sum over series would silently be too small.
    """

    family: Family
    labels: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class EndedPeriod:
    """The final figure of a period that has ended, with the period's start and end (Unix time).

    Quota counters count this figure, but it is not shown.
    """

    sample: Sample
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Rest:
    """The amount left, which a vendor reports beside the amount used.

    The limit is the sum of both. A rest is not a series.

    Attributes:
        family: the family of the amount used.
        labels: the labels of the amount used.
        value: the amount left; None if it does not match the amount used, so that no limit can be derived.

    """

    family: Family
    labels: Labels
    value: float | None


Item = Sample | Unreadable | EndedPeriod | Rest
"""An item that is read from a vendor's replies."""


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A metric: its name, its meaning, and the labels that every sample of it has.

    Calling a family makes a sample. Vendors' samples do not have the label `account`:
    it is added when the page is rendered.

    Attributes:
        name: its name in Prometheus.
        summary: meaning, unit and period, in one or more sentences with full stops.
        labels: the names of its labels, in the order in which they are written.
        vendor: the vendor that reports it; empty for the exporter's own metrics.
        source: the vendor's endpoint and field; empty for the exporter's own metrics.
        option: the setting that enables the family; empty if it is always enabled.
        kind: its type in Prometheus. Vendors' figures are gauges, because each can fall. A counter's name ends in
            `_total`.
        has_created: whether OpenMetrics shows a `_created` for each series of a counter: the time when it was 0.

    """

    name: str
    summary: str
    labels: tuple[str, ...] = ()
    vendor: str = ""
    source: str = ""
    option: str = ""
    kind: MetricKind = "gauge"
    has_created: bool = False
    _expected: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_expected", frozenset(self.labels))

    @property
    def says_names(self) -> bool:
        """Whether the family only provides display names, and no figures."""
        return self.option == "names"

    @property
    def help(self) -> str:
        """The HELP text: the meaning and, for a vendor's figure, its source."""
        return f"{self.summary} Polled from {self.vendor}: {self.source}." if self.vendor else self.summary

    def __call__(self, value: float, **labels: str) -> Sample:
        """Make a sample.

        Raises:
            TypeError: the labels are not exactly the family's.

        """
        if labels.keys() != self._expected:
            raise TypeError(f"{self.name} has the labels {sorted(self.labels)}, not {sorted(labels)}")
        return Sample(self, tuple(labels[name] for name in self.labels), float(value))

    def known(self, value: float | datetime | None, **labels: str) -> tuple[Sample, ...]:
        """Make a sample, or nothing if the value is None; a datetime becomes Unix time."""
        if value is None:
            return ()
        return (self(value.timestamp() if isinstance(value, datetime) else value, **labels),)

    def rest(self, value: float | None, **labels: str) -> Rest:
        """Make the `Rest` that belongs to the amount used with these labels."""
        return Rest(self, tuple(labels[name] for name in self.labels), value)

    def expected(self, value: float | datetime | None, **labels: str) -> tuple[Sample | Unreadable, ...]:
        """Make a sample of a value that the vendor always reports; if it is missing, mark the series as unreadable."""
        return self.known(value, **labels) or (self.unreadable(**labels),)

    def unreadable(self, **labels: str) -> Unreadable:
        """Mark series with these labels as unreadable, whatever their other labels."""
        return Unreadable(self, tuple(labels.get(name) for name in self.labels))


Figures = Mapping[Family, Mapping[Labels, float]]
"""Values by family and label values."""


def declared(names: Mapping[str, object]) -> tuple[Family, ...]:
    """Return the families that a module declares, in order."""
    return tuple(value for name, value in names.items() if isinstance(value, Family) and name.isupper())


def figures_of(samples: Iterable[Sample]) -> Figures:
    """Return the values of samples; if a series occurs several times, the last value counts."""
    figures: dict[Family, dict[Labels, float]] = defaultdict(dict)
    for sample in samples:
        figures[sample.family][sample.labels] = sample.value
    return dict(figures)


def samples_of(figures: Figures) -> Iterator[Sample]:
    """Yield figures as samples."""
    for family, values in figures.items():
        for labels, value in values.items():
            yield Sample(family, labels, value)


def series_count(figures: Figures) -> int:
    """Return the number of series."""
    return sum(map(len, figures.values()))


def clean_label(value: str) -> str:
    """Return a label value that every scraper can read.

    Characters that are not allowed become U+FFFD. In a value longer than
    `MAX_LABEL_CHARACTERS`, a digest of the whole value replaces the end.
    """
    cleaned = _UNPRINTABLE.sub("\ufffd", value)
    if len(cleaned) <= MAX_LABEL_CHARACTERS:
        return cleaned
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{cleaned[: MAX_LABEL_CHARACTERS - _DIGEST_CHARACTERS - 1]}~{digest}"
