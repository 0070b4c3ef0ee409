"""The quotas that operators set on vendors' figures: what slices add up to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from exporter.metrics import Figures, Labels
from exporter.quota.model import Key, Quota
from exporter.quota.tally import Sum, Tally, origin_of, put_together, tally_of
from exporter.vendors import Account
from exporter.vendors.periods import Span
from exporter.vendors.quotas import Quota as Setting

Tallies = Mapping[str, Tally]
"""What one slice adds to each configured quota, by the quota's name."""

_UNREAD: Final = "not all of the account was read yet"
_BETWEEN_PERIODS: Final = "not all of the account was read since its period began"
_UNITS: Final = "series in different units match and cannot be added up: match one unit, or write unit in by"
_TOO_LARGE: Final = "the series that match add up to more than a number can hold"
_NO_SERIES: Final = "no series matches"
_FROM_WORST: Final = (_UNITS, _TOO_LARGE, "", _NO_SERIES)
"""What may be said of quotas of slices; that none matches only where none does in any."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is found of a configured quota.

    Attributes:
        quotas: one for each subject.
        series: how many series match; None where that is not known yet.
        fault: what keeps the quota, or a part of it, from being shown; empty if nothing does.

    """

    quotas: tuple[Quota, ...] = ()
    series: int | None = None
    fault: str = ""


def _is_divided(setting: Setting) -> bool:
    """Whether each subject is of one customer: all its series are in one slice, and it is shown with that."""
    return "customer_id" in setting.by


def slice_quotas(setting: Setting, figures: Figures, account: Account, now: datetime) -> tuple[Quota, ...]:
    """Return the quotas that a slice that was read at `now` has by itself."""
    if not _is_divided(setting):
        return ()
    return _added_up(setting, account, [tally_of(setting, figures, account, now)]).quotas


def slice_tally(setting: Setting, figures: Figures, account: Account, now: datetime) -> Tally:
    """Return what a slice that was read at `now` adds to a quota of the account."""
    tally = tally_of(setting, figures, account, now)
    if not _is_divided(setting):
        return tally
    found = _added_up(setting, account, [tally])
    return replace(tally, sums={}, series=found.series or 0, fault=found.fault)


def account_quotas(setting: Setting, account: Account, tallies: Sequence[Tallies]) -> Found:
    """Return what the slices that were read have of a quota together."""
    origin = origin_of(setting)
    of_it = [one for each in tallies if (one := each.get(setting.name)) and one.origin == origin]
    whole = len(of_it) == max(len(tallies), account.slices)
    if not _is_divided(setting):
        return _added_up(setting, account, of_it) if whole else Found(fault=_UNREAD)
    fault = min((one.fault for one in of_it), key=_FROM_WORST.index, default=_NO_SERIES)
    series = sum(one.series for one in of_it)
    return Found((), series, fault) if whole else Found(fault="" if fault == _NO_SERIES else fault)


def _added_up(setting: Setting, account: Account, tallies: Sequence[Tally]) -> Found:
    found: dict[Labels, list[Sum]] = defaultdict(list)
    for tally in tallies:
        for subject, one in tally.sums.items():
            found[subject].append(one)
    sums = {subject: put_together(several) for subject, several in found.items()}
    plain = {subject: one for subject, one in sums.items() if len(one.measures) == 1}
    series = sum(one.series for one in plain.values())
    if sums and len({tally.period for tally in tallies}) > 1:
        return Found((), series, _BETWEEN_PERIODS)
    origin = origin_of(setting)
    quotas = tuple(
        Quota(
            Key(setting.name, "/".join(subject) or account.name, setting.unit),
            one.total,
            setting.limit,
            next(iter(one.spans)) if len(one.spans) == 1 else Span(),
            origin,
        )
        for subject, one in plain.items()
        if math.isfinite(one.total)
    )
    fault = "" if sums else _NO_SERIES
    if len(plain) < len(sums):
        fault = _UNITS
    elif len(quotas) < len(plain):
        fault = _TOO_LARGE
    return Found(quotas, series, fault)
