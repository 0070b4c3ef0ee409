"""Readings made of samples, and what the store keeps of them."""

from collections.abc import Iterable

from exporter.metrics import Item
from exporter.store.reading import Reading, limit_series, sanitize
from exporter.store.snapshot import Part
from exporter.textformat.lines import rendered
from exporter.vendors.reply import Notes


def checked(
    samples: Iterable[Item], max_series: int = 10_000, notes: Notes | None = None, as_of: float | None = None
) -> Reading:
    """A reading without quotas."""
    notes = notes or Notes()
    figures, dropped = limit_series(sanitize(samples, notes).figures, max_series)
    return Reading(figures, dropped, notes, as_of)


def kept(
    reading: Reading,
    account: str = "main",
    *,
    before: Part | None = None,
    read_at: float = 1.0,
    stale_at: float = float("inf"),
) -> Part:
    """What the store keeps of a reading."""
    return Part(
        rendered(account, reading.figures, before.blocks if before else {}),
        reading.series,
        reading.dropped,
        reading.notes,
        reading.as_of,
        read_at=read_at,
        stale_at=stale_at,
    )
