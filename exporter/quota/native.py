"""Native quotas, which vendors report."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from string import Formatter
from typing import Final, NamedTuple

from exporter.metrics import Figures, Labels, Rest, Unreadable
from exporter.quota.ledger import Total
from exporter.quota.model import MemberFigure, Quota, QuotaId, WithheldReason, subject_of, value_of
from exporter.quota.names import Names
from exporter.vendors.periods import Span
from exporter.vendors.quotas import NativeQuota

_UNLIMITED: Final = -1.0
"""The value that vendors report as the limit, or as the remaining amount, if there is no limit."""

QuotaLimits = tuple[float | None, float | None]
"""The accepted limit, and the limit that the last reading implied."""


class VendorFigures(NamedTuple):
    """The parts of a reading from which native quotas are derived.

    Attributes:
        figures: the vendor's figures.
        unreadable: series that exist but cannot be read.
        rests: the remaining amounts that the vendor states.
        at: the Unix time at which the reading was requested.
        since: the Unix time of the account's first reading.

    """

    figures: Figures
    unreadable: Collection[Unreadable]
    rests: Collection[Rest]
    at: float
    since: float


class MemberRow(NamedTuple):
    """A series of a native quota."""

    figure: MemberFigure
    limits: QuotaLimits
    is_level: bool
    subject_name: str


class NativeQuotas(NamedTuple):
    """A reading's native quotas.

    Attributes:
        quotas: the quotas that are shown.
        members: the series that are counted, whether shown or not.
        limits: the limits, by quota. Quotas without a limit are left out.
        withheld: the number of quotas not shown, by name and reason.

    """

    quotas: tuple[Quota, ...]
    members: tuple[MemberFigure, ...]
    limits: Mapping[QuotaId, QuotaLimits]
    withheld: Counter[tuple[str, WithheldReason]]


def native_quotas(
    natives: Sequence[NativeQuota],
    read: VendorFigures,
    totals: Mapping[QuotaId, Total],
    taken: Collection[str],
    names: Names | None = None,
) -> NativeQuotas:
    """Return the quotas that a vendor reports.

    If a vendor states remaining amounts instead of limits, a series without a remaining amount yields no quota.

    Args:
        natives: the vendor's declarations of quotas.
        read: the reading's figures.
        totals: the counters and limits known from earlier readings.
        taken: the names of configured quotas. Native quotas with these names are withheld.
        names: the display names of subjects.

    """
    rows: dict[QuotaId, list[MemberRow]] = defaultdict(list)
    withheld: Counter[tuple[str, WithheldReason]] = Counter()
    for native in natives:
        for row in _rows(native, read, totals, names or Names()):
            rows[row.figure.quota].append(row)
        for name in _unreadable_names(native, read.unreadable):
            withheld[name, "unreadable"] += 1
    for quota in [quota for quota in rows if quota.name in taken]:
        withheld[quota.name, "name"] += 1
        del rows[quota]
    quotas = {quota: _quota(quota, several) for quota, several in rows.items()}
    return NativeQuotas(
        tuple(one for one in quotas.values() if math.isfinite(one.used)),
        tuple(row.figure for several in rows.values() for row in several if not row.is_level),
        {quota: row.limits for quota, (row, *_) in rows.items() if row.limits != (None, None)},
        withheld,
    )


def _quota(quota: QuotaId, rows: Sequence[MemberRow]) -> Quota:
    """Add up a quota's members. A limit or a period is set only if it is the same for all members."""
    limits, spans = {row.limits[0] for row in rows}, {row.figure.span for row in rows}
    return Quota(
        quota,
        sum(row.figure.value for row in rows),
        limits.pop() if len(limits) == 1 else None,
        spans.pop() if len(spans) == 1 else Span(),
        all(row.is_level for row in rows),
        rows[0].subject_name,
    )


def _rows(
    native: NativeQuota, read: VendorFigures, totals: Mapping[QuotaId, Total], names: Names
) -> Iterator[MemberRow]:
    figures = read.figures
    places = _places(native, native.subject)
    ids = [native.used.labels[place] for place in places]
    rests = {one.labels: one.value for one in read.rests if one.family is native.used}
    name_of, whose, unit_of = (_name_builder(native, one) for one in (native.name, native.subject, native.unit))
    for labels, used in figures.get(native.used, {}).items():
        quota = QuotaId(name_of(labels), whose(labels), unit_of(labels))
        span = Span(value_of(native.start, figures, labels), value_of(native.end, figures, labels))
        if value_of(native.active, figures, labels) == 0 and span.end is not None and span.end <= read.at:
            continue
        limits: QuotaLimits = (value_of(native.limit, figures, labels), None)
        if native.limit_from_rest:
            if labels not in rests:
                continue
            limits = _implied_limits(used, rests[labels], totals.get(quota))
        if limits[0] is not None and limits[0] < 0:
            limits = (None, None)
        figure = MemberFigure(quota, labels, used, span, span.start is not None, read.since)
        yield MemberRow(figure, limits, native.is_level, names.of(ids, [labels[place] for place in places]))


def _name_builder(native: NativeQuota, text: str) -> Callable[[Labels], str]:
    """Return a function that fills label values into a template, such as `{product}/{lever}`."""
    places = _places(native, text)
    if not places:
        return lambda _: text
    return lambda labels: subject_of(labels[place] for place in places)


def _places(native: NativeQuota, text: str) -> Sequence[int]:
    """Return the indexes of the labels that a template names in braces."""
    return [native.used.labels.index(name) for _, name, _, _ in Formatter().parse(text) if name]


def _unreadable_names(native: NativeQuota, unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Yield the names of unreadable quotas. An unknown label value is replaced by the label's name in braces."""
    name_of = _name_builder(native, native.name)
    for one in unreadable:
        if one.family is native.used:
            labels = tuple(
                f"{{{name}}}" if value is None else value
                for name, value in zip(one.family.labels, one.labels, strict=True)
            )
            yield name_of(labels)


def _implied_limits(used: float, remaining: float | None, total: Total | None) -> QuotaLimits:
    """Return the accepted limit, and the limit implied by the remaining amount.

    Vendors do not document whether the remaining amount can fall below 0, or whether -1 means unlimited; neither may
    lead to a wrong limit. Also, the used amount and the remaining amount may be from different moments, so a changed
    limit is accepted only when two consecutive readings imply it.
    """
    known = total.limit if total else None
    if remaining is None or (remaining == _UNLIMITED and used + remaining != known):
        return None, None
    stated = min(used, known) if remaining == 0 and known is not None else used + remaining
    if not math.isfinite(stated):
        return None, None
    if known is None or total is None or stated in (known, total.stated_limit):
        return stated, stated
    return known, stated
