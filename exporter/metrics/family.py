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
"""The maximum length of a label value. A longer value is cut, and ends in a digest that keeps the value distinct."""

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

    If such a series were simply left out, sums that include it would be too small, and nobody would notice.
    """

    family: Family
    labels: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class EndedPeriod:
    """The final figure of a period that has ended, and the period's start and end as Unix times.

    Quota counters include this figure, but the metrics page does not show it.
    """

    sample: Sample
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Rest:
    """The remaining amount, which a vendor reports beside the amount used.

    The limit is the sum of the two amounts. A `Rest` is not a series.

    Attributes:
        family: the family of the amount used.
        labels: the labels of the amount used.
        value: the remaining amount. None if the amount is unknown, or if it refers to different usage than the
            amount used does. In both cases, no limit can be derived.

    """

    family: Family
    labels: Labels
    value: float | None


Item = Sample | Unreadable | EndedPeriod | Rest
"""An item that is read from a vendor's replies."""


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A metric: the name, the meaning, and the labels that every sample has.

    Calling a family makes a sample. Vendors' samples do not have the label `account`, which is added
    when the page is rendered.

    Attributes:
        name: the name in Prometheus.
        summary: meaning, unit and period, in one or more sentences with full stops.
        labels: the names of the labels, in the order on the metrics page.
        vendor: the vendor that reports the metric; empty for the exporter's own metrics.
        source: the vendor's endpoint and field; empty for the exporter's own metrics.
        option: the settings that enable the family, separated by commas. One of them is enough. Empty if the family is
            always enabled.
        kind: the type in Prometheus. Vendors' figures are gauges, because such figures can fall. A counter's name ends
            in `_total`.
        has_created: whether, in OpenMetrics, each series of a counter also has a `_created` sample: the time at which
            the counter was 0.

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
        """The HELP text: the meaning and, for a vendor's figure, the source."""
        return f"{self.summary} Polled from {self.vendor}: {self.source}." if self.vendor else self.summary

    def __call__(self, value: float, **labels: str) -> Sample:
        """Make a sample.

        Raises:
            TypeError: the labels are not exactly the family's labels.

        """
        if labels.keys() != self._expected:
            raise TypeError(f"{self.name} has the labels {sorted(self.labels)}, not {sorted(labels)}")
        return Sample(self, tuple(labels[name] for name in self.labels), float(value))

    def known(self, value: float | datetime | None, **labels: str) -> tuple[Sample, ...]:
        """Make a sample, unless the value is None. A datetime becomes Unix time."""
        if value is None:
            return ()
        return (self(value.timestamp() if isinstance(value, datetime) else value, **labels),)

    def rest(self, value: float | None, **labels: str) -> Rest:
        """Make a `Rest`: the remaining amount for the series with these labels."""
        return Rest(self, tuple(labels[name] for name in self.labels), value)

    def expected(self, value: float | datetime | None, **labels: str) -> tuple[Sample | Unreadable, ...]:
        """Make a sample of a value that should not be missing. If the value is None, mark the series as unreadable."""
        return self.known(value, **labels) or (self.unreadable(**labels),)

    def unreadable(self, **labels: str) -> Unreadable:
        """Mark all series with these labels as unreadable. Labels that are not given may have any value."""
        return Unreadable(self, tuple(labels.get(name) for name in self.labels))


Figures = Mapping[Family, Mapping[Labels, float]]
"""Values by family and label values."""


def declared(names: Mapping[str, object]) -> tuple[Family, ...]:
    """Return the families that a module declares, in order."""
    return tuple(value for name, value in names.items() if isinstance(value, Family) and name.isupper())


def figures_of(samples: Iterable[Sample]) -> Figures:
    """Return the values of samples. If a series occurs several times, the last value is used."""
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
