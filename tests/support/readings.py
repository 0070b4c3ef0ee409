"""Readings made of samples, and what the store keeps of them."""

from collections.abc import Iterable

from exporter.metrics import Sample
from exporter.store.reading import Reading, capped, fit
from exporter.store.snapshot import Part
from exporter.vendors.reply import Notes


def checked(
    samples: Iterable[Sample], max_series: int = 10_000, notes: Notes | None = None, as_of: float | None = None
) -> Reading:
    """A reading without quotas."""
    notes = notes or Notes()
    figures, dropped = capped({}, fit(samples, notes), max_series)
    return Reading(figures, dropped, notes, as_of)


def kept(reading: Reading, account: str = "main", *, read_at: float = 1.0, stale_at: float = float("inf")) -> Part:
    """What the store keeps of a reading."""
    return Part.of(account, reading, None, read_at, stale_at)
