"""The series of a slice that are counted by a configured quota, and their sums by subject."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple, TypeVar

from exporter.metrics import Figures, Labels, Unreadable
from exporter.quota.model import value_of
from exporter.vendors.periods import Span
from exporter.vendors.quotas import ConfiguredQuota, PlanPeriod

_MEASURES: Final = ("unit", "currency")
"""Figures can be added up only if the values of these labels are equal."""
_UNKNOWN: Final = frozenset({Span()})

PartialLabels = tuple[str | None, ...]
"""Label values, some of which are unknown."""

T = TypeVar("T")


class Sum(NamedTuple):
    """The sum of one subject's series.

    Attributes:
        total: the sum; infinite after an overflow.
        series: the number of series.
        measures: the series' units and currencies. If these differ between the series, the total is meaningless.
        spans: the series' periods.

    """

    total: float
    series: int
    measures: frozenset[Labels]
    spans: frozenset[Span]


@dataclass(frozen=True, slots=True)
class Selection:
    """The series of a slice that are counted by a configured quota.

    Attributes:
        series: the figures of the quota's family, by labels, including the figures of series that do not match.
        subjects: the labels of the matching series, by subject.
        spans_of: returns the quota's periods for given series: the periods that the vendor reports if the setting is
            `plan`, otherwise the period that follows from the setting. An unknown period is `Span()`.
        own_spans_of: returns the periods that the vendor reports together with the figures of given series. The figures
            accumulate in these periods, whatever the quota's period is. An unknown period is `Span()`.

    """

    series: Mapping[Labels, float]
    subjects: Mapping[Labels, list[Labels]]
    spans_of: Callable[[Iterable[Labels]], frozenset[Span]]
    own_spans_of: Callable[[Iterable[Labels]], frozenset[Span]]


def selection(setting: ConfiguredQuota, figures: Figures, plan: PlanPeriod | None, period: Span) -> Selection:
    """Return the series that a quota's setting matches.

    The periods of these series come from the setting or from the vendor's plan.
    """
    labels, series = setting.family.labels, figures.get(setting.family, {})
    is_by_plan, is_dated = setting.period == "plan", plan is not None and plan.is_dated
    plan_spans_of = _plan_spans(plan if is_by_plan or is_dated else None, labels, figures)
    spans_of = plan_spans_of if is_by_plan else _always(frozenset({period}))
    own_spans_of = plan_spans_of if is_dated else _always(_UNKNOWN)
    return Selection(series, _subjects(setting, series), spans_of, own_spans_of)


def sums(setting: ConfiguredQuota, selected: Selection) -> dict[Labels, Sum]:
    """Return the sums of the selected series, by subject."""
    measures_of = _measures(setting.family.labels)
    return {
        subject: Sum(
            total(map(selected.series.__getitem__, members)),
            len(members),
            measures_of(members),
            selected.spans_of(members),
        )
        for subject, members in selected.subjects.items()
    }


def combine(several: Sequence[Sum]) -> Sum:
    """Combine several sums into one."""
    if len(several) == 1:
        return several[0]
    return Sum(
        total(one.total for one in several),
        sum(one.series for one in several),
        frozenset().union(*(one.measures for one in several)),
        frozenset().union(*(one.spans for one in several)),
    )


def total(figures: Iterable[float]) -> float:
    """Return the sum of figures, or infinity if the sum overflows."""
    try:
        return math.fsum(figures)
    except OverflowError:
        return math.inf


def unreadable_subjects(setting: ConfiguredQuota, unreadable: Iterable[Unreadable]) -> frozenset[PartialLabels]:
    """Return the subjects to which unreadable series may belong. An unknown label value in a subject is None."""
    labels = setting.family.labels
    found = set()
    for one in unreadable:
        if one.family is not setting.family:
            continue
        values = dict(zip(labels, one.labels, strict=True))
        if all(values[name] is None or re.fullmatch(setting.match[name], values[name] or "") for name in setting.match):
            found.add(tuple(values[name] for name in setting.by))
    return frozenset(found)


def may_match(subject: Labels, unreadable: PartialLabels) -> bool:
    """Whether an unreadable series may belong to this subject. The series' unknown label values are None."""
    return all(known in (None, value) for value, known in zip(subject, unreadable, strict=True))


def _subjects(setting: ConfiguredQuota, series: Collection[Labels]) -> dict[Labels, list[Labels]]:
    """Return the labels of the matching series, by subject."""
    labels = setting.family.labels
    for label, pattern in setting.match.items():
        place = labels.index(label)
        matching = set(filter(re.compile(pattern).fullmatch, {values[place] for values in series}))
        series = [values for values in series if values[place] in matching]
    subject_of = _values_of(labels, setting.by)
    subjects: dict[Labels, list[Labels]] = defaultdict(list)
    for values in series:
        subjects[subject_of(values)].append(values)
    return subjects


def _values_of(labels: Labels, names: Sequence[str]) -> Callable[[Labels], Labels]:
    """Return a function that picks the values of some labels."""
    places = [labels.index(name) for name in names]
    if len(places) > 1:
        return itemgetter(*places)
    first = places[0] if places else 0
    return itemgetter(slice(first, first + len(places)))  # a tuple even for one place or none


def _always(one: T) -> Callable[[object], T]:
    return lambda _: one


def _measures(labels: Labels) -> Callable[[Iterable[Labels]], frozenset[Labels]]:
    """Return a function that takes series with these label names, and returns their units and currencies."""
    names = [label for label in labels if label in _MEASURES]
    if not names:
        return _always(frozenset({()}))
    measure_of = _values_of(labels, names)
    return lambda members: frozenset(map(measure_of, members))


def _plan_spans(
    plan: PlanPeriod | None, labels: Labels, figures: Figures
) -> Callable[[Iterable[Labels]], frozenset[Span]]:
    """Return a function that takes series with these label names, and returns the periods that the vendor reports."""
    if plan is None:
        return _always(_UNKNOWN)
    plan_of, common = _values_of(plan.end.labels, plan.labels), _values_of(labels, plan.labels)
    spans: dict[Labels, frozenset[Span]] = defaultdict(frozenset)
    for values in {**figures.get(plan.end, {}), **(figures.get(plan.start, {}) if plan.start else {})}:
        spans[plan_of(values)] |= {Span(value_of(plan.start, figures, values), value_of(plan.end, figures, values))}
    return lambda members: frozenset().union(*(spans.get(one, _UNKNOWN) for one in set(map(common, members))))
