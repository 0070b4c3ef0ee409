"""Quotas: from the figures of readings to what is used, of how much, in which period, for any vendor.

Some the vendor reports, others the operator sets; both become the same families, so that one rule and one
dashboard serve every vendor. All here are pure functions: what a counter needs to know of earlier readings is
kept with each reading, and so outlives whoever polls.

An account with many customers is read in slices. A quota of one customer is made of the slice that has the customer
(`reported`). One that adds customers up is made of what each slice's last reading adds to it (`tallied`, `configured`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from exporter.metrics import Figures, Sample
from exporter.metrics import quota as families
from exporter.quota.consumption import Consumption, consumption
from exporter.quota.model import Key, Quota
from exporter.quota.native import native_quotas
from exporter.quota.tally import Sum, Tally
from exporter.quota.totals import Tallies, account_quotas, slice_quotas, slice_tally
from exporter.vendors import Account

__all__ = [
    "NO_QUOTAS",
    "Consumption",
    "Key",
    "Quota",
    "Quotas",
    "Sum",
    "Tallies",
    "Tally",
    "configured",
    "reported",
    "tallied",
]

_FORGOTTEN_AFTER_SECONDS: Final = 35 * 86_400.0
"""A quota that no reading had for so long starts anew when it comes back."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas of one slice, or those of the whole account.

    Attributes:
        samples: what the page shows of them.
        matched: how many series each configured quota counts, by its name; of the whole account, once all was read.
        faults: what keeps a configured quota, or a part of it, from being shown, by its name; of the whole account.
        consumed: what the next reading goes on from.
        since: when the reading was that `consumed` begins with, Unix time.

    """

    samples: tuple[Sample, ...] = ()
    matched: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    consumed: Mapping[Key, Consumption] = field(default_factory=dict)
    since: float | None = None


NO_QUOTAS: Final = Quotas()


def reported(account: Account, figures: Figures, now: datetime, before: Quotas) -> Quotas:
    """Return the quotas that a slice has by itself: the vendor's, and those that the operator set on each customer.

    Args:
        account: whose slice it is.
        figures: what the slice's reading has.
        now: when it was asked for.
        before: what this returned for the slice's reading before.

    """
    at = now.timestamp()
    native = (
        one
        for each in account.native_quotas
        for one in native_quotas(each, figures, at, before.consumed, qualified=account.qualifies_quotas)
    )
    each_customers = (one for setting in account.quotas for one in slice_quotas(setting, figures, account, now))
    return _counted(account.vendor, [*native, *each_customers], at, before)


def tallied(account: Account, figures: Figures, now: datetime) -> Tallies:
    """Return what a slice's reading that was asked for at `now` adds to each quota that the operator set."""
    return {one.name: slice_tally(one, figures, account, now) for one in account.quotas}


def configured(account: Account, tallies: Sequence[Tallies], now: datetime, before: Quotas) -> Quotas:
    """Return the quotas that the operator set on the account as a whole.

    One is not shown before every slice was read for it, nor while slices were read in different periods: what is
    missing would be taken for used when it comes.

    Args:
        account: whose quotas they are.
        tallies: what the last reading of each slice adds to them.
        now: when the newest of these readings was asked for.
        before: what this returned before.

    """
    found = {one.name: account_quotas(one, account, tallies) for one in account.quotas}
    quotas = [quota for one in found.values() for quota in one.quotas]
    return replace(
        _counted(account.vendor, quotas, now.timestamp(), before),
        matched={name: one.series for name, one in found.items() if one.series is not None},
        faults={name: one.fault for name, one in found.items() if one.fault},
    )


def _counted(vendor: str, quotas: Sequence[Quota], at: float, before: Quotas) -> Quotas:
    """Return quotas with what was consumed of each."""
    since = at if before.since is None else before.since
    known = before.consumed
    consumed = {quota.key: consumption(quota, known.get(quota.key), at, since) for quota in quotas}
    kept = {key: one for key, one in known.items() if at - one.seen < _FORGOTTEN_AFTER_SECONDS}
    samples = tuple(sample for quota in quotas for sample in _samples(vendor, quota, consumed[quota.key].total))
    return Quotas(samples, consumed={**kept, **consumed}, since=since)


def _samples(vendor: str, quota: Quota, consumed: float) -> Iterator[Sample]:
    labels = (vendor, quota.key.name, quota.key.subject, quota.key.unit)
    values = (
        (families.QUOTA_USED, quota.used),
        (families.QUOTA_CONSUMED, consumed),
        (families.QUOTA_LIMIT, quota.limit),
        (families.QUOTA_PERIOD_START, quota.span.start),
        (families.QUOTA_PERIOD_END, quota.span.end),
    )
    return (Sample(family, labels, value) for family, value in values if value is not None)
