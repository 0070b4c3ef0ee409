"""From the samples of a poll to what is shown and kept of them. Pure: large readings are made in a worker thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from exporter.metrics import Sample
from exporter.quota import NO_QUOTAS, configured, reported, tallied
from exporter.store.reading import Reading, capped, fit
from exporter.store.snapshot import Part, Snapshot
from exporter.vendors.account import Account
from exporter.vendors.reply import Notes


@dataclass(frozen=True, slots=True)
class Brought:
    """What a good poll of a slice brought.

    Attributes:
        number: the slice's.
        samples: as the vendor's file made them.
        notes: what was noticed while they were read.
        as_of: the time that the vendor says the figures reach to (Unix time), if it does.
        asked_at: when the poll began, UTC.
        read_at: when it ended, Unix time.
        stale_at: when it is too old to be shown, monotonic.

    """

    number: int
    samples: Iterable[Sample]
    notes: Notes
    as_of: float | None
    asked_at: datetime
    read_at: float
    stale_at: float


@dataclass(frozen=True, slots=True)
class Polled:
    """What becomes of it.

    Attributes:
        reading: of the slice.
        part: what is kept of that.
        totals: the quotas that the operator set, of the whole account, as a reading; None until all slices were read.
        whole: what is kept of those.

    """

    reading: Reading
    part: Part
    totals: Reading | None
    whole: Part | None


def made(account: Account, brought: Brought, before: Snapshot) -> Polled:
    """Return what becomes of what a poll brought, after what was known `before`."""
    number, now = brought.number, brought.asked_at
    kept = before.parts.get(number)
    figures = fit(brought.samples, brought.notes)
    tallies = tallied(account, figures, now)
    own = reported(account, figures, now, kept.quotas if kept else NO_QUOTAS)
    others = [part for other, part in before.parts.items() if other != number]
    totals = None
    # What a process before this one left has no tallies; its totals stay until all slices were read again.
    if before.whole is None or (len(others) + 1 == before.slices and all(part.tallies for part in others)):
        quotas = configured(account, [*(part.tallies for part in others), tallies], now, before.quotas)
        shown, dropped = capped(fit(quotas.samples, brought.notes), {}, account.max_series)
        totals = Reading(shown, dropped, quotas=quotas)
    room = account.max_series - (totals.series if totals else 0) - sum(part.series for part in others)
    shown, dropped = capped(fit(own.samples, brought.notes), figures, room)
    reading = Reading(shown, dropped, brought.notes, brought.as_of, own, tallies)
    part_of = partial(Part.of, account.name, read_at=brought.read_at)
    stale_at = min([brought.stale_at, *(part.stale_at for part in others)])
    return Polled(
        reading,
        part_of(reading, kept, stale_at=brought.stale_at),
        totals,
        (part_of(totals, before.whole, stale_at=stale_at) if totals else before.whole) if account.quotas else None,
    )
