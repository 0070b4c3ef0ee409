"""Converts rows in a vendor's answers into metrics. All functions are pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exporter.metrics import Family, Item, Labels, Sample, Unreadable
from exporter.vendors.declared.replies import Getter
from exporter.vendors.reply import is_partial

Chain = tuple[Any, ...]
"""A row with everything that encloses it, from the outside in: the answer, the enclosing rows, and the row itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a value in a chain: the level of a row, and the getter of the value in this row."""

    level: int
    get: Getter

    def __call__(self, chain: Chain) -> Any:
        """Return the value in a chain; None if the value is absent."""
        return self.get(chain[self.level])


@dataclass(frozen=True, slots=True)
class Constant:
    """The name of a value that is the same for all rows of an answer: a setting, a date or the item of `for_each`."""

    name: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric made from each row.

    Attributes:
        family: the family.
        value: the place of the figure.
        kind: the kind of the figure.
        labels: the places of the label values, in the order of the family's labels.
        expected: whether every row should have a figure. If so, and one figure cannot be read, configured quotas
            withhold the sum, because it would be too small.
        is_sum: whether rows with equal labels are added up.

    """

    family: Family
    value: Place
    kind: str
    labels: tuple[Place | Constant, ...]
    expected: bool
    is_sum: bool

    def figure(self, chain: Chain) -> float | None:
        """Return the figure of a row; None if the row has no figure."""
        value = self.value(chain)
        if isinstance(value, datetime):
            return value.timestamp()
        if value is None or (self.kind == "limit" and value <= 0):
            return None
        return float(value)

    def hidden(self, constants: dict[str, str]) -> Unreadable:
        """Return an `Unreadable` that stands for all series of the metric with these constants as label values."""
        known = (constants.get(one.name) if isinstance(one, Constant) else None for one in self.labels)
        return Unreadable(self.family, tuple(known))


def chains(answer: Any, levels: Sequence[Getter]) -> list[Chain]:
    """Return a chain for each innermost row of an answer."""
    found: list[Chain] = [(answer,)]
    for rows in levels:
        found = [(*chain, row) for chain in found for row in rows(chain[-1])]
    return found


def any_partial(answer: Any, levels: Sequence[Getter]) -> bool:
    """Whether some rows of an answer, at any level, could not be read."""
    around: list[Chain] = [(answer,)]
    for rows in levels:
        lists = [rows(chain[-1]) for chain in around]
        if any(map(is_partial, lists)):
            return True
        around = [(row,) for one in lists for row in one]
    return False


def once_each(
    rows: Iterable[Chain], key: Callable[[Chain], Hashable], metrics: Sequence[Metric]
) -> tuple[list[Chain], int]:
    """Return each row once, and the number of repeated rows.

    If several rows have the same key, the row with the largest figures is kept. The order of the rows does not matter.
    """
    found: dict[Hashable, Chain] = {}
    repeats = 0
    for chain in rows:
        name = key(chain)
        if name in found:
            repeats += 1
            found[name] = max(found[name], chain, key=lambda one: _precedence(one, metrics))
        else:
            found[name] = chain
    return list(found.values()), repeats


def _precedence(chain: Chain, metrics: Sequence[Metric]) -> tuple[float, ...]:
    figures = (metric.figure(chain) for metric in metrics)
    return tuple(-math.inf if figure is None else figure for figure in figures)


def items(rows: Sequence[Chain], metrics: Sequence[Metric], constants: dict[str, str]) -> Iterator[Item]:
    """Yield the metrics made from rows."""
    by_labels: dict[tuple[Place | Constant, ...], list[Metric]] = {}
    for metric in metrics:
        if metric.is_sum:
            yield from _sums(rows, metric, constants)
        else:
            by_labels.setdefault(metric.labels, []).append(metric)
    for chain in rows:
        for places, metrics_of_labels in by_labels.items():
            labels = _labels(chain, places, constants)
            for metric in metrics_of_labels:
                figure = metric.figure(chain)
                if figure is not None:
                    yield Sample(metric.family, labels, figure)
                elif metric.expected:
                    yield Unreadable(metric.family, labels)


def _sums(rows: Iterable[Chain], metric: Metric, constants: dict[str, str]) -> Iterator[Item]:
    """Yield one sum for each set of rows with equal labels. A sum is unreadable if one of its rows has no figure."""
    sums: dict[Labels, float | None] = {}
    for chain in rows:
        labels, figure = _labels(chain, metric.labels, constants), metric.figure(chain)
        so_far = sums.get(labels, 0.0)
        sums[labels] = None if so_far is None or figure is None else so_far + figure
    for labels, total in sums.items():
        yield Unreadable(metric.family, labels) if total is None else Sample(metric.family, labels, total)


def _labels(chain: Chain, places: Iterable[Place | Constant], constants: dict[str, str]) -> Labels:
    return tuple(constants[one.name] if isinstance(one, Constant) else one(chain) or "" for one in places)
