"""A day's samples in OpenMetrics, one series after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.metrics import Family, clean_label
from exporter.metrics.own import DATA_TIMESTAMP
from exporter.metrics.quota import QUOTA_CONSUMED
from exporter.store.reading import READING_FAMILIES
from exporter.textformat.lines import sample_lines

FAMILIES: Final = (*READING_FAMILIES, DATA_TIMESTAMP)
"""The families that a history may contain, in the order in which they appear in a file."""

Shown = Mapping[Family, str]
"""Sample lines by family, as the metrics page would have shown them."""


class _Run(NamedTuple):
    """A series' value from step `start` until just before step `end`."""

    value: str
    start: int
    end: int


class DaySamples:
    """The sample lines of a day. The lines change at some of the day's steps."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """Begin a day. The given labels are added before each sample's own labels."""
        values = sample_lines("", tuple(labels), [(tuple(labels.values()), 0.0)]).decode()
        self._labels = values[1 : values.rindex("}")] + "," if labels else ""
        self._shown: list[tuple[int, Shown]] = []

    def show(self, step: int, shown: Shown) -> None:
        """From the given step onwards, show these lines and no others."""
        self._shown.append((step, shown))

    def text(self, times: Sequence[int]) -> Iterator[str]:
        """Yield the text of the day's file, or nothing if there are no series.

        Args:
            times: the Unix time of each step.

        """
        stamps = [f" {at}\n" for at in times]
        is_empty = True
        for family in FAMILIES:
            header = _header(family)
            for series, runs in self._series(family, len(times)).items():
                name, _, labels = series.partition("{")
                text = f"{name}{{{self._labels}{labels} "
                lines = [text + run.value + stamp for run in runs for stamp in stamps[run.start : run.end]]
                if lines:
                    yield header + "".join(lines)
                    header, is_empty = "", False
        if not is_empty:
            yield "# EOF\n"

    def _series(self, family: Family, steps: int) -> Mapping[str, list[_Run]]:
        found: dict[str, list[_Run]] = {}
        ends = [*[step for step, _ in self._shown], steps][1:]
        for (start, shown), end in zip(self._shown, ends, strict=True):
            for line in shown.get(family, "").splitlines():
                series, _, value = line.rpartition(" ")
                found.setdefault(series, []).append(_Run(value, start, end))
        return found


def _header(family: Family) -> str:
    name = family.name.removesuffix("_total")
    return f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n"


def data_timestamp(vendor: str, account: str, at: float, shared: str) -> str:
    """Return the sample line with the time up to which an account's figures are complete.

    Args:
        vendor: the account's vendor.
        account: the account's name.
        at: the time, as Unix time.
        shared: the labels that the operator adds, made by `label_pairs`.

    """
    return sample_lines(DATA_TIMESTAMP.name, DATA_TIMESTAMP.labels, [((vendor, account), at)], shared).decode()


def wrong_labels(labels: Mapping[str, str], others: Iterable[str] = ()) -> Iterator[str]:
    """Yield each problem with the labels that are to be added to every sample.

    Args:
        labels: the labels that are to be added.
        others: the names of labels that some samples already have.

    """
    own = {*others, *(name for family in FAMILIES for name in ("account", *family.labels))}
    for name, value in labels.items():
        is_name = name.isascii() and name.replace("_", "a").isalnum() and not name[:1].isdigit()
        if not is_name or name.startswith("__"):
            yield f"{name!r} is not a label name"
        elif name in own:
            yield f"{name} is a label that the series already have"
        elif not value or clean_label(value) != value:
            yield f"the value of {name} is empty, too long, or not printable"


COUNTERS: Final = frozenset({QUOTA_CONSUMED})
"""The families of counters. Counters stay correct after a gap in the exporter's readings, even without a history."""
