"""Readings made of samples, and what the store keeps of them."""

from collections.abc import Iterable

from exporter.metrics import Item
from exporter.store.reading import Reading, sanitize
from exporter.store.shown import limit_series
from exporter.store.snapshot import SliceState
from exporter.textformat.lines import label_pairs, render
from exporter.vendors.reply import Diagnostics


def checked(
    samples: Iterable[Item],
    max_series: int = 10_000,
    diagnostics: Diagnostics | None = None,
    as_of: float | None = None,
) -> Reading:
    """A reading without quotas."""
    diagnostics = diagnostics or Diagnostics()
    figures, dropped = limit_series(sanitize(samples, diagnostics).figures, max_series)
    return Reading(figures, dropped, diagnostics, as_of)


def kept(
    reading: Reading,
    account: str = "main",
    *,
    before: SliceState | None = None,
    read_at: float = 1.0,
    stale_at: float = float("inf"),
) -> SliceState:
    """What the store keeps of a reading."""
    return SliceState(
        render(label_pairs({"account": account}), reading.figures, before.rendered if before else {}),
        reading.series,
        reading.dropped,
        reading.diagnostics,
        reading.as_of,
        read_at=read_at,
        stale_at=stale_at,
    )
