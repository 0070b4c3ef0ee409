"""Configured quotas: each slice's contribution, and the sum of all slices' contributions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from exporter.metrics import EndedPeriod, Figures, Labels, Unreadable
from exporter.quota.model import MemberFigure, Quota, QuotaId, WithheldReason, subject_of
from exporter.quota.names import Names
from exporter.quota.sums import PartialLabels, Selection, Sum, combine, may_match, selection, sums, unreadable_subjects
from exporter.vendors import Account
from exporter.vendors.periods import UNKNOWN_SPAN, CalendarPeriod, FixedPeriod, Span
from exporter.vendors.quotas import ConfiguredQuota, plan_period_of

_CUSTOMER: Final = "customer_id"


@dataclass(frozen=True, slots=True)
class ConfiguredResult:
    """A configured quota's result.

    Attributes:
        quotas: one quota per subject.
        count: the number of matching series; None if not known yet.
        withheld: the number of subjects not shown, by reason.
        mixed: the quotas that cannot be added up, because their series are in different units.

    """

    quotas: tuple[Quota, ...] = ()
    count: int | None = None
    withheld: Mapping[WithheldReason, int] = field(default_factory=dict)
    mixed: frozenset[QuotaId] = frozenset()


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one slice contributes to a configured quota.

    If no subject's series are spread over several slices, each slice shows its own quotas. In this case, `found` is
    set, and `sums`, `unreadable` and `names` are empty.

    Attributes:
        definition: the quota's definition when the slice was read. If the definition has changed since then, the
            contribution is ignored.
        period: the quota's period that contains the time of the reading; `Span()` if the quota's period setting is
            `plan` or `none`.
        sums: the sums of the matching series, by subject.
        unreadable: the subjects with an unreadable series.
        found: this slice's result, without its quotas, which are in `SliceShare.quotas`. It has the number of matching
            series, and what is withheld or mixed.
        names: the vendor's display names, by subject. Subjects without a display name are left out.

    """

    definition: str
    period: Span
    sums: Mapping[Labels, Sum] = field(default_factory=dict)
    unreadable: frozenset[PartialLabels] = frozenset()
    found: ConfiguredResult | None = None
    names: Mapping[Labels, str] = field(default_factory=dict)


Contributions = Mapping[str, Contribution]
"""One slice's contribution to each configured quota, by the quota's name."""


def definition_of(setting: ConfiguredQuota) -> str:
    """Return a quota's definition as text: its period, and all settings that decide which figures it adds up."""
    return repr((setting.metric, sorted(setting.match.items()), setting.by, setting.period))


def is_divided(setting: ConfiguredQuota) -> bool:
    """Whether each subject belongs to one customer.

    If so, all series of a subject are in one slice, because a customer is never divided between slices.
    """
    return _CUSTOMER in setting.by


@dataclass(frozen=True, slots=True)
class SliceShare:
    """One slice's share of a configured quota.

    Attributes:
        setting: the quota.
        selected: the quota's series in the slice.
        contribution: what is kept after the reading, for the quotas of the whole account.
        quotas: the quotas that belong to this slice alone.

    """

    setting: ConfiguredQuota
    selected: Selection
    contribution: Contribution
    quotas: tuple[Quota, ...] = ()

    def members(self, account: Account, since: float, at: float) -> Iterator[MemberFigure]:
        """Yield the members' figures, which were read at the Unix time `at`.

        If a figure's own period is known, it takes precedence over the quota's period, because the figure resets when
        its own period ends.
        """
        asked_for = _asked_for(self.setting, account, at)
        for subject, members in self.selected.subjects.items():
            quota = _id(self.setting, account, subject)
            for labels in members:
                own = asked_for or _only(self.selected.own_spans_of((labels,)))
                span = _only(self.selected.spans_of((labels,))) if own == UNKNOWN_SPAN else own
                yield MemberFigure(quota, labels, self.selected.series[labels], span, own.start is not None, since)

    def ended(self, account: Account, since: float, ended: Iterable[EndedPeriod]) -> Iterator[MemberFigure]:
        """Yield the final figures of those ended periods that are also periods of the quota."""
        for one in ended:
            span = Span(one.start, one.end)
            own = _asked_for(self.setting, account, one.start) or period_at(self.setting, one.start)
            if one.sample.family is self.setting.family and own == span:
                figures = {one.sample.family: {one.sample.labels: one.sample.value}}
                for subject in selection(self.setting, figures, None, span).subjects:
                    quota = _id(self.setting, account, subject)
                    yield MemberFigure(quota, one.sample.labels, one.sample.value, span, False, since)


def slice_share(  # noqa: PLR0913, PLR0917 - what a reading has
    setting: ConfiguredQuota,
    account: Account,
    figures: Figures,
    unreadable: Iterable[Unreadable],
    now: datetime,
    names: Names | None = None,
) -> SliceShare:
    """Return a slice's share of a quota. The slice was read at the time `now`."""
    period = period_at(setting, now.timestamp())
    selected = selection(setting, figures, plan_period_of(setting.family, account.plan_periods), period)
    missing = unreadable_subjects(setting, unreadable)
    added = sums(setting, selected)
    named = {subject: name for subject in added if names and (name := names.of(setting.by, subject))}
    contribution = Contribution(definition_of(setting), period, added, missing, names=named)
    if not is_divided(setting):
        return SliceShare(setting, selected, contribution)
    found = _add_up_slices(setting, account, [contribution])
    contribution = Contribution(contribution.definition, period, found=replace(found, quotas=()))
    return SliceShare(setting, selected, contribution, found.quotas)


def period_at(setting: ConfiguredQuota, at: float) -> Span:
    """Return the quota's period that contains a Unix time.

    Returns `Span()` if the quota's period setting is `plan` or `none`.
    """
    period = setting.period
    return (
        period.span_at(datetime.fromtimestamp(at, UTC)) if isinstance(period, CalendarPeriod | FixedPeriod) else Span()
    )


def _only(spans: frozenset[Span]) -> Span:
    """Return the only period in the set. If the set has no period or several periods, return an unknown period."""
    return next(iter(spans)) if len(spans) == 1 else UNKNOWN_SPAN


def _asked_for(setting: ConfiguredQuota, account: Account, at: float) -> Span | None:
    """Return the month for which the quota's figures are requested, or None if the requests name no month."""
    if setting.family not in account.dated_families:
        return None
    return CalendarPeriod().span_at(datetime.fromtimestamp(at, UTC))


def account_quotas(
    setting: ConfiguredQuota, account: Account, contributions: Sequence[Contributions]
) -> ConfiguredResult:
    """Return the result of a quota for the whole account, from the contributions of its slices.

    A quota that adds up slices is withheld until every slice has been read under the quota's current definition. It is
    also withheld while the slices' readings are from different periods. If a sum without some contributions were shown,
    the missing contributions would look like new use as soon as they arrive.
    """
    definition = definition_of(setting)
    own = [one for each in contributions if (one := each.get(setting.name)) and one.definition == definition]
    is_whole = len(own) == max(len(contributions), account.slice_count)
    if not is_divided(setting):
        return _add_up_slices(setting, account, own) if is_whole else ConfiguredResult(withheld={"unread": 1})
    withheld: Counter[WithheldReason] = Counter()
    count = 0
    for one in own:
        if one.found:
            count += one.found.count or 0
            withheld.update(one.found.withheld)
    is_empty = is_whole and not count and set(withheld) == {"no_series"}
    withheld.pop("no_series", None)
    mixed = frozenset[QuotaId]().union(*(one.found.mixed for one in own if one.found))
    return ConfiguredResult((), count if is_whole else None, {"no_series": 1} if is_empty else dict(withheld), mixed)


def _id(setting: ConfiguredQuota, account: Account, subject: Labels) -> QuotaId:
    return QuotaId(setting.name, subject_of(subject) if setting.by else account.name, setting.unit)


def _add_up_slices(
    setting: ConfiguredQuota, account: Account, contributions: Sequence[Contribution]
) -> ConfiguredResult:
    several: dict[Labels, list[Sum]] = defaultdict(list)
    for contribution in contributions:
        for subject, part in contribution.sums.items():
            several[subject].append(part)
    found = {subject: combine(parts) for subject, parts in several.items()}
    unreadable = frozenset[PartialLabels]().union(*(one.unreadable for one in contributions))
    called: dict[Labels, set[str]] = defaultdict(set)
    for contribution in contributions if account.names else ():
        for subject, name in contribution.names.items():
            called[subject].add(name)
    if found and len({one.period for one in contributions}) > 1:
        return ConfiguredResult((), sum(one.series for one in found.values()), {"between_periods": 1})
    problems = _problems(found, unreadable)
    quotas = tuple(
        Quota(
            _id(setting, account, subject),
            one.total,
            setting.limit,
            _only(one.spans),
            subject_name=next(iter(called[subject])) if len(called[subject]) == 1 else "",
        )
        for subject, one in found.items()
        if subject not in problems
    )
    withheld = Counter(problems.values())
    missing = sum(subject not in found for subject in unreadable)
    if missing and not (withheld["unreadable"] and all(None in one for one in unreadable - found.keys())):
        withheld["unreadable"] += missing
    if not found and not unreadable:
        withheld["no_series"] = 1
    count = sum(one.series for one in found.values() if len(one.measures) == 1)
    mixed = frozenset(_id(setting, account, subject) for subject, reason in problems.items() if reason == "units")
    return ConfiguredResult(quotas, count, {reason: number for reason, number in withheld.items() if number}, mixed)


def _problems(found: Mapping[Labels, Sum], unreadable: frozenset[PartialLabels]) -> dict[Labels, WithheldReason]:
    """Return the subjects that cannot be shown, each with the reason."""
    partial = [one for one in unreadable if None in one]
    problems: dict[Labels, WithheldReason] = {}
    for subject, one in found.items():
        if len(one.measures) > 1:
            problems[subject] = "units"
        elif subject in unreadable or any(may_match(subject, each) for each in partial):
            problems[subject] = "unreadable"
        elif not math.isfinite(one.total):
            problems[subject] = "overflow"
    return problems
