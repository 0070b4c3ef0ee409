"""What one slice of an account adds to a configured quota."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeVar

from exporter.metrics import Figures, Labels
from exporter.quota.model import value_of
from exporter.vendors import Account
from exporter.vendors.periods import Every, Month, Span
from exporter.vendors.quotas import PlanPeriod
from exporter.vendors.quotas import Quota as Setting

_MEASURES: Final = ("unit", "currency")
"""Labels whose values must be the same where figures are added up."""
_UNKNOWN: Final = frozenset({Span()})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sum:
    """Series of one subject, added up.

    Attributes:
        total: their sum; infinite where no number is so large.
        series: how many they are.
        measures: what they are measured in; where that is more than one thing, the total means nothing.
        spans: the periods that they are of.

    """

    total: float
    series: int
    measures: frozenset[Labels]
    spans: frozenset[Span]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one slice adds to a configured quota.

    Attributes:
        origin: what the quota is made of; what was read for another one is no part of it.
        period: the one in which the slice was read, where the calendar says that.
        sums: the matching series by subject; empty where each subject is of one slice, and shown with it.
        series: how many series match, where `sums` does not say that.
        fault: what keeps some of those from being shown; empty if nothing does.

    """

    origin: str
    period: Span
    sums: Mapping[Labels, Sum]
    series: int = 0
    fault: str = ""


def origin_of(setting: Setting) -> str:
    """Return what a quota is made of."""
    return repr((setting.metric, sorted(setting.match.items()), setting.by, setting.period))


def tally_of(setting: Setting, figures: Figures, account: Account, now: datetime) -> Tally:
    """Return what a slice that was read at `now` adds to a quota."""
    labels, series = setting.family.labels, figures.get(setting.family, {})
    period = setting.period.at(now) if isinstance(setting.period, Month | Every) else Span()
    measures_of = _measures(labels)
    spans_of = _plan_spans(account.plan_period, labels, figures) if setting.period == "plan" else _always(period)
    sums = {
        subject: Sum(_total(map(series.__getitem__, members)), len(members), measures_of(members), spans_of(members))
        for subject, members in _members(setting, series).items()
    }
    return Tally(origin_of(setting), period, sums)


def put_together(sums: Sequence[Sum]) -> Sum:
    """Return the sum of the series of all."""
    if len(sums) == 1:
        return sums[0]
    return Sum(
        _total(one.total for one in sums),
        sum(one.series for one in sums),
        frozenset().union(*(one.measures for one in sums)),
        frozenset().union(*(one.spans for one in sums)),
    )


def _total(figures: Iterable[float]) -> float:
    try:
        return math.fsum(figures)
    except OverflowError:
        return math.inf


def _members(setting: Setting, series: Collection[Labels]) -> dict[Labels, list[Labels]]:
    """Return the matching series by subject."""
    labels = setting.family.labels
    for label, pattern in setting.match.items():
        place = labels.index(label)
        fitting = set(filter(re.compile(pattern).fullmatch, {values[place] for values in series}))
        series = [values for values in series if values[place] in fitting]
    subject_of = _values_of(labels, setting.by)
    members: dict[Labels, list[Labels]] = defaultdict(list)
    for values in series:
        members[subject_of(values)].append(values)
    return members


def _values_of(labels: Labels, names: Sequence[str]) -> Callable[[Labels], Labels]:
    """Return how the values of some labels are picked from those of all."""
    places = [labels.index(name) for name in names]
    if len(places) > 1:
        return itemgetter(*places)
    first = places[0] if places else 0
    return itemgetter(slice(first, first + len(places)))  # of one place, or none, a tuple too


def _always(one: T) -> Callable[[object], frozenset[T]]:
    always = frozenset({one})
    return lambda _: always


def _measures(labels: Labels) -> Callable[[Iterable[Labels]], frozenset[Labels]]:
    """Return how it is found what series with these labels are measured in."""
    names = [label for label in labels if label in _MEASURES]
    measure_of = _values_of(labels, names)
    return (lambda members: frozenset(map(measure_of, members))) if names else _always(())


def _plan_spans(
    plan: PlanPeriod | None, labels: Labels, figures: Figures
) -> Callable[[Iterable[Labels]], frozenset[Span]]:
    """Return how the periods are found that the vendor reports for series with these labels."""
    if plan is None:
        return _always(Span())
    plan_of, common = _values_of(plan.end.labels, plan.labels), _values_of(labels, plan.labels)
    spans: dict[Labels, frozenset[Span]] = defaultdict(frozenset)
    for values, end in figures.get(plan.end, {}).items():
        spans[plan_of(values)] |= {Span(value_of(plan.start, figures, values), end)}
    return lambda members: frozenset().union(*(spans.get(one, _UNKNOWN) for one in set(map(common, members))))
