"""Quotas as sample lines: which of them there is room for, and their counters as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from exporter.metrics import QUOTA_FAMILIES, Family, Figures, Labels, figures_of
from exporter.metrics.quota import QUOTA_CONSUMED
from exporter.quota import Ledger, Quota, quota_samples
from exporter.textformat.lines import RenderedFamilies, WithCreated, render, render_with_created
from exporter.vendors.account import Account

COUNTER_BLOCKS: Final[frozenset[Family | WithCreated]] = frozenset({QUOTA_CONSUMED, WithCreated(QUOTA_CONSUMED)})
QUOTA_BLOCKS: Final = COUNTER_BLOCKS | frozenset(QUOTA_FAMILIES)


def quota_figures(vendor: str, quotas: Iterable[Quota], ledger: Ledger) -> Figures:
    """Return what the page shows of quotas."""
    totals = ledger.totals
    return figures_of(sample for quota in quotas for sample in quota_samples(vendor, quota, totals.get(quota.id)))


def quota_blocks(
    account: Account, quotas: Sequence[Quota], ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    """Return the lines of quotas; what did not change is taken from those `before`."""
    return _render(account, quotas, quota_figures(account.vendor, quotas, ledger), ledger, before)


def counter_blocks(
    account: Account, quotas: Sequence[Quota], ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    """Return the lines of their counters alone."""
    figures = quota_figures(account.vendor, quotas, ledger)
    counters = {QUOTA_CONSUMED: figures[QUOTA_CONSUMED]} if QUOTA_CONSUMED in figures else {}
    return _render(account, quotas, counters, ledger, before)


def _render(
    account: Account, quotas: Sequence[Quota], figures: Figures, ledger: Ledger, before: RenderedFamilies
) -> RenderedFamilies:
    blocks = render(account.name, figures, before)
    if not (counters := figures.get(QUOTA_CONSUMED)):
        return blocks
    created: dict[Labels, float] = {
        (account.vendor, *quota.id): total.created for quota in quotas if (total := ledger.totals.get(quota.id))
    }
    return {**blocks, **render_with_created(account.name, QUOTA_CONSUMED, counters, created, before)}


def limit_quotas(quotas: Sequence[Quota], max_series: int) -> tuple[tuple[Quota, ...], int]:
    """Return as many quotas as there is room for, each whole, and how many series are left out."""
    if sum(map(line_count, quotas)) <= max_series:
        return tuple(quotas), 0
    kept, dropped, room = [], 0, max_series
    for quota in sorted(quotas):
        count = line_count(quota)
        if count <= room and not dropped:
            kept.append(quota)
            room -= count
        else:
            dropped += count
    return tuple(kept), dropped


def line_count(quota: Quota) -> int:
    """How many series a quota is, its counter included."""
    return 2 - quota.is_level + sum(value is not None for value in (quota.limit, quota.span.start, quota.span.end))
