"""The quotas that operators set on vendors' figures."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from exporter.quota.model import Figures, Key, Labels, Quota, value_of
from exporter.vendors import Account
from exporter.vendors.periods import Every, Month, Span
from exporter.vendors.quotas import PlanPeriod
from exporter.vendors.quotas import Quota as Setting

_MEASURES: Final = ("unit", "currency")
"""Labels whose values must be the same where figures are added up."""

Members = Mapping[Labels, float]
"""The figures that are added up for one subject, by their labels."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a reading has of a configured quota.

    Attributes:
        quotas: one for each subject.
        series: how many series they add up.
        fault: what keeps the quota, or a part of it, from being shown; empty if nothing does.

    """

    quotas: tuple[Quota, ...]
    series: int
    fault: str = ""


def configured_quota(setting: Setting, figures: Figures, account: Account, now: datetime) -> Found:
    """Return what a reading that was asked for at `now` has of a quota that the operator set."""
    groups = _groups(setting, figures)
    plain = {subject: members for subject, members in groups.items() if _of_one_measure(setting, members)}
    origin = repr((setting.metric, sorted(setting.match.items()), setting.by, setting.period))
    span_of = _spans(setting, figures, account.plan_period, now)
    quotas = tuple(
        Quota(
            Key(setting.name, "/".join(subject) or account.name, setting.unit),
            _total(members.values()),
            setting.limit,
            span_of(members),
            origin,
        )
        for subject, members in plain.items()
    )
    quotas = tuple(quota for quota in quotas if math.isfinite(quota.used))
    fault = "" if groups else "no series matches"
    if len(plain) < len(groups):
        fault = "series in different units match and cannot be added up: match one unit, or write unit in by"
    elif len(quotas) < len(plain):
        fault = "the series that match add up to more than a number can hold"
    return Found(quotas, sum(map(len, plain.values())), fault)


def _total(figures: Iterable[float]) -> float:
    """Return the sum, infinite where no number is so large."""
    try:
        return math.fsum(figures)
    except OverflowError:
        return math.inf


def _groups(setting: Setting, figures: Figures) -> dict[Labels, dict[Labels, float]]:
    """Return the matching figures by subject."""
    labels = setting.family.labels
    patterns = [(labels.index(label), re.compile(pattern)) for label, pattern in setting.match.items()]
    by = [labels.index(label) for label in setting.by]
    groups: dict[Labels, dict[Labels, float]] = defaultdict(dict)
    for values, figure in figures.get(setting.family, {}).items():
        if all(pattern.fullmatch(values[place]) for place, pattern in patterns):
            groups[tuple(values[place] for place in by)][values] = figure
    return groups


def _of_one_measure(setting: Setting, members: Members) -> bool:
    places = [place for place, label in enumerate(setting.family.labels) if label in _MEASURES]
    return len({tuple(values[place] for place in places) for values in members}) == 1


def _spans(
    setting: Setting, figures: Figures, plan: PlanPeriod | None, now: datetime
) -> Callable[[Iterable[Labels]], Span]:
    """Return how the period of figures is found that are added up."""
    if plan is not None and setting.period == "plan":
        return partial(_common_span, setting, plan, _plan_spans(plan, figures))
    span = setting.period.at(now) if isinstance(setting.period, Month | Every) else Span()
    return lambda _: span


def _plan_spans(plan: PlanPeriod, figures: Figures) -> dict[Labels, set[Span]]:
    """Return the periods that the vendor reports, by the labels that a figure has in common with them."""
    spans: dict[Labels, set[Span]] = defaultdict(set)
    for values, end in figures.get(plan.end, {}).items():
        named = dict(zip(plan.end.labels, values, strict=True))
        spans[tuple(named[label] for label in plan.labels)].add(Span(value_of(plan.start, figures, values), end))
    return spans


def _common_span(
    setting: Setting, plan: PlanPeriod, spans: Mapping[Labels, set[Span]], members: Iterable[Labels]
) -> Span:
    """Return the period that all of the figures have in common; an unknown one where they have several."""
    places = [setting.family.labels.index(label) for label in plan.labels]
    wanted = {tuple(values[place] for place in places) for values in members}
    found = set().union(*(spans.get(one, {Span()}) for one in wanted))
    return found.pop() if len(found) == 1 else Span()
