"""What is shown of a reading: the series and quotas there is room for, and quotas as figures and as lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from exporter.metrics import QUOTA_FAMILIES, Family, Figures, Labels, figures_of, samples_of, series_count
from exporter.metrics.quota import QUOTA_CONSUMED
from exporter.quota import Ledger, Quota, QuotaId, QuotaReading, quota_samples
from exporter.textformat.lines import RenderedFamilies, WithCreated, render
from exporter.vendors.account import Account

COUNTER_BLOCKS: Final[frozenset[Family | WithCreated]] = frozenset({QUOTA_CONSUMED, WithCreated(QUOTA_CONSUMED)})
QUOTA_BLOCKS: Final = COUNTER_BLOCKS | frozenset(QUOTA_FAMILIES)


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is room for of an account's reading.

    Attributes:
        totals: quotas that the operator set on the account as a whole.
        totals_dropped: how many series of these are left out.
        quotas: those of the slice.
        figures: the vendor's, of the slice.
        dropped: how many series of the slice are left out.

    """

    totals: tuple[Quota, ...]
    totals_dropped: int
    quotas: tuple[Quota, ...]
    figures: Figures
    dropped: int

    @property
    def ids(self) -> Iterator[QuotaId]:
        """The quotas'."""
        return (quota.id for quota in (*self.totals, *self.quotas))

    @property
    def series(self) -> int:
        """How many series the slice is."""
        return quota_series_count(self.quotas) + series_count(self.figures)


def choose_shown(account: Account, found: QuotaReading, figures: Figures, taken: int) -> Shown:
    """Return what is shown of a slice's reading, of which quotas are left out last.

    Args:
        account: the account, which has a limit of its series.
        found: the reading's quotas.
        figures: the vendor's.
        taken: how many series the other slices have.

    """
    totals, totals_dropped = limit_quotas(found.whole.quotas, account.max_series)
    room = account.max_series - quota_series_count(totals) - taken
    quotas, quotas_dropped = limit_quotas(found.quotas, room)
    chosen, dropped = limit_series(account.families.of(figures), room - quota_series_count(quotas))
    return Shown(totals, totals_dropped, quotas, chosen, quotas_dropped + dropped)


def limit_series(figures: Figures, max_series: int) -> tuple[Figures, int]:
    """Return at most `max_series` of the series, and how many were dropped; deterministic."""
    series = series_count(figures)
    if series <= max_series:
        return figures, 0
    room = max(0, max_series)
    in_order = sorted(samples_of(figures), key=lambda sample: (sample.family.name, sample.labels))
    return figures_of(islice(in_order, room)), series - room


def limit_quotas(quotas: Sequence[Quota], max_series: int) -> tuple[tuple[Quota, ...], int]:
    """Return as many quotas as there is room for, each whole, and how many series are left out."""
    if quota_series_count(quotas) <= max_series:
        return tuple(quotas), 0
    kept, dropped, room = [], 0, max_series
    for quota in sorted(quotas):
        count = _series_of(quota)
        if count <= room and not dropped:
            kept.append(quota)
            room -= count
        else:
            dropped += count
    return tuple(kept), dropped


def quota_series_count(quotas: Iterable[Quota]) -> int:
    """How many series quotas are, their counters included; a level has none."""
    return sum(map(_series_of, quotas))


def _series_of(quota: Quota) -> int:
    return 2 - quota.is_level + sum(value is not None for value in (quota.limit, quota.span.start, quota.span.end))


def quota_figures(vendor: str, quotas: Iterable[Quota], ledger: Ledger) -> Figures:
    """Return what the page shows of quotas."""
    totals = ledger.totals
    return figures_of(sample for quota in quotas for sample in quota_samples(vendor, quota, totals.get(quota.id)))


def counters_created(vendor: str, quotas: Iterable[Quota], ledger: Ledger) -> Mapping[Family, Mapping[Labels, float]]:
    """Return when each of the quotas' counters was 0 (Unix time)."""
    totals = ledger.totals
    return {QUOTA_CONSUMED: {(vendor, *quota.id): total.created for quota in quotas if (total := totals.get(quota.id))}}


def quota_blocks(
    account: Account, quotas: Sequence[Quota], ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    """Return the lines of quotas; what did not change is taken from those `before`."""
    figures = quota_figures(account.vendor, quotas, ledger)
    return render(account.name, figures, before, counters_created(account.vendor, quotas, ledger))


def counter_blocks(
    account: Account, quotas: Sequence[Quota], ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    """Return the lines of their counters alone."""
    figures = quota_figures(account.vendor, quotas, ledger)
    counters = {QUOTA_CONSUMED: figures[QUOTA_CONSUMED]} if QUOTA_CONSUMED in figures else {}
    return render(account.name, counters, before, counters_created(account.vendor, quotas, ledger))
