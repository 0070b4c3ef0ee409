"""Chooses which series and quotas of a reading are shown, and turns quotas into figures and lines.

An account shows at most `max_series` series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.metrics import QUOTA_FAMILIES, Family, Figures, Labels, figures_of, series_count
from exporter.metrics.quota import QUOTA_CONSUMED
from exporter.quota import Ledger, Quota, QuotaId, QuotaReading, quota_samples
from exporter.textformat.lines import RenderedFamilies, WithCreated, label_pairs, render
from exporter.vendors.account import Account

COUNTER_BLOCKS: Final[frozenset[Family | WithCreated]] = frozenset({QUOTA_CONSUMED, WithCreated(QUOTA_CONSUMED)})
QUOTA_BLOCKS: Final = COUNTER_BLOCKS | frozenset(QUOTA_FAMILIES)


@dataclass(frozen=True, slots=True)
class Shown:
    """The series and quotas of a reading that fit within the account's `max_series`.

    Attributes:
        totals: the configured quotas of the whole account.
        totals_dropped: the number of the configured quotas' series that are left out.
        quotas: the slice's quotas.
        figures: the vendor's figures in the slice.
        dropped: the number of the slice's series that are left out.

    """

    totals: tuple[Quota, ...]
    totals_dropped: int
    quotas: tuple[Quota, ...]
    figures: Figures
    dropped: int

    @property
    def ids(self) -> Iterator[QuotaId]:
        """The ids of the shown quotas."""
        return (quota.id for quota in (*self.totals, *self.quotas))

    @property
    def series(self) -> int:
        """The number of the slice's series that are shown."""
        return quota_series_count(self.quotas) + series_count(self.figures)


def choose_shown(account: Account, found: QuotaReading, figures: Figures, taken: int) -> Shown:
    """Return the part of a slice's reading that is shown. Quotas take precedence over figures.

    Args:
        account: the account, with its `max_series`.
        found: the reading's quotas.
        figures: the vendor's figures.
        taken: the number of series that other slices show.

    """
    totals, totals_dropped = limit_quotas(found.whole.quotas, account.max_series)
    room = account.max_series - quota_series_count(totals) - taken
    quotas, quotas_dropped = limit_quotas(found.quotas, room)
    chosen, dropped = limit_series(account.families.of(figures), room - quota_series_count(quotas))
    return Shown(totals, totals_dropped, quotas, chosen, quotas_dropped + dropped)


def limit_series(figures: Figures, max_series: int) -> tuple[Figures, int]:
    """Return at most `max_series` of the series, and the number of series that were left out.

    For the same figures, the choice is always the same. Display names are left out first.
    """
    series = series_count(figures)
    if series <= max_series:
        return figures, 0
    room = max(0, max_series)
    kept: dict[Family, Mapping[Labels, float]] = {}
    for family in sorted(figures, key=lambda one: (one.says_names, one.name)):
        values = figures[family]
        chosen = sorted(values)[: room - series_count(kept)]
        if chosen:
            kept[family] = {labels: values[labels] for labels in chosen}
    return kept, series - room


def limit_quotas(quotas: Sequence[Quota], max_series: int) -> tuple[tuple[Quota, ...], int]:
    """Return the quotas whose series all fit, and the number of series left out. Display names are left out first."""
    series = quota_series_count(quotas)
    if series <= max_series:
        return tuple(quotas), 0
    kept: list[Quota] = []
    room = max_series
    for quota in sorted(quota._replace(subject_name="") for quota in quotas):
        room -= _series_of(quota)
        if room < 0:
            break
        kept.append(quota)
    return tuple(kept), series - quota_series_count(kept)


def quota_series_count(quotas: Iterable[Quota]) -> int:
    """Return the number of series of quotas, including their counters."""
    return sum(map(_series_of, quotas))


def _series_of(quota: Quota) -> int:
    known = sum(value is not None for value in (quota.limit, quota.span.start, quota.span.end))
    return 2 - quota.is_level + known + bool(quota.subject_name)


def quota_figures(vendor: str, quotas: Iterable[Quota], ledger: Ledger) -> Figures:
    """Return the figures of quotas, as the page shows them."""
    totals = ledger.totals
    return figures_of(sample for quota in quotas for sample in quota_samples(vendor, quota, totals.get(quota.id)))


def counters_created(vendor: str, quotas: Iterable[Quota], ledger: Ledger) -> Mapping[Family, Mapping[Labels, float]]:
    """Return the Unix time when each quota's counter started at 0."""
    totals = ledger.totals
    return {QUOTA_CONSUMED: {(vendor, *quota.id): total.created for quota in quotas if (total := totals.get(quota.id))}}


def quota_blocks(
    account: Account, quotas: Sequence[Quota], ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    """Return the lines of quotas. Unchanged lines are reused from `before`."""
    figures = quota_figures(account.vendor, quotas, ledger)
    return render(label_pairs(account.shared_labels), figures, before, counters_created(account.vendor, quotas, ledger))


def counter_blocks(
    account: Account, quotas: Sequence[Quota], ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    """Return only the lines of the quotas' counters."""
    figures = quota_figures(account.vendor, quotas, ledger)
    counters = {QUOTA_CONSUMED: figures[QUOTA_CONSUMED]} if QUOTA_CONSUMED in figures else {}
    return render(
        label_pairs(account.shared_labels), counters, before, counters_created(account.vendor, quotas, ledger)
    )
