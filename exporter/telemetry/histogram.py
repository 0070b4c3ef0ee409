"""Prometheus histograms of durations."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from exporter.metrics import Family, Labels
from exporter.textformat.lines import sample_lines


class Histogram:
    """Counts durations, in seconds, in a bucket for each upper bound and one for `+Inf`.

    The bounds are sorted. Without bounds, the metric is a summary.
    """

    def __init__(self, bounds: Iterable[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def lines(self, family: Family, labels: Labels, shared: str = "") -> bytes:
        """Return the sample lines of one series. The `shared` labels, made by `label_pairs`, come first."""
        counts = list(accumulate(self._counts))
        buckets = list(self._buckets(labels, counts)) if self._bounds else []
        return b"".join(
            [
                sample_lines(f"{family.name}_bucket", (*family.labels, "le"), buckets, shared),
                sample_lines(f"{family.name}_sum", family.labels, [(labels, self._sum)], shared),
                sample_lines(f"{family.name}_count", family.labels, [(labels, float(counts[-1]))], shared),
            ]
        )

    def _buckets(self, labels: Labels, counts: Iterable[int]) -> Iterator[tuple[Labels, float]]:
        for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
            yield (*labels, bound), float(count)
