"""Quotas: from the samples of one reading to what is used, of how much, in which period, for any vendor.

Some the vendor reports, others the operator sets; both become the same families, so that one rule and one
dashboard serve every vendor. All here are pure functions: what a counter needs to know of earlier readings is
kept with each reading, and so outlives whoever polls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from exporter.metrics import Sample
from exporter.metrics import quota as families
from exporter.quota.configured import configured_quota
from exporter.quota.consumption import Consumption, consumption
from exporter.quota.model import Key, Quota, figures_of
from exporter.quota.native import native_quotas
from exporter.vendors import Account

__all__ = ["NO_QUOTAS", "Consumption", "Key", "Quota", "Quotas", "measured"]

_FORGOTTEN_AFTER_SECONDS: Final = 35 * 86_400.0
"""A quota that no reading had for so long starts anew when it comes back."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas of one reading.

    Attributes:
        samples: what the page shows of them.
        matched: how many series each configured quota adds up, by its name.
        faults: what keeps a configured quota, or a part of it, from being shown, by its name.
        consumed: what the next reading goes on from.
        since: when the reading was that `consumed` begins with, Unix time.

    """

    samples: tuple[Sample, ...] = ()
    matched: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    consumed: Mapping[Key, Consumption] = field(default_factory=dict)
    since: float | None = None


NO_QUOTAS: Final = Quotas()


def measured(account: Account, samples: Iterable[Sample], now: datetime, before: Quotas) -> Quotas:
    """Return the quotas of a reading that was asked for at `now`, and that came after one with those of `before`."""
    figures, at = figures_of(samples), now.timestamp()
    configured = {one.name: configured_quota(one, figures, account, now) for one in account.quotas}
    quotas = [
        *(one for native in account.native_quotas for one in native_quotas(native, figures, at, before.consumed)),
        *(one for found in configured.values() for one in found.quotas),
    ]
    since = at if before.since is None else before.since
    consumed = {quota.key: consumption(quota, before.consumed.get(quota.key), at, since) for quota in quotas}
    kept = {key: one for key, one in before.consumed.items() if at - one.seen < _FORGOTTEN_AFTER_SECONDS}
    return Quotas(
        samples=tuple(sample for quota in quotas for sample in _samples(account.vendor, quota, consumed[quota.key])),
        matched={name: found.series for name, found in configured.items()},
        faults={name: found.fault for name, found in configured.items() if found.fault},
        consumed={**kept, **consumed},
        since=since,
    )


def _samples(vendor: str, quota: Quota, consumed: Consumption) -> Iterator[Sample]:
    labels = {"vendor": vendor, "quota": quota.key.name, "subject": quota.key.subject, "unit": quota.key.unit}
    yield families.QUOTA_USED(quota.used, **labels)
    yield families.QUOTA_CONSUMED(consumed.total, **labels)
    yield from families.QUOTA_LIMIT.known(quota.limit, **labels)
    yield from families.QUOTA_PERIOD_START.known(quota.span.start, **labels)
    yield from families.QUOTA_PERIOD_END.known(quota.span.end, **labels)
