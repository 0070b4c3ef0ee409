"""From the items of a poll to what is shown and kept of them. Pure: large readings are made in a worker thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from exporter.metrics import Family, Figures, Item
from exporter.quota import (
    AccountQuotas,
    Ledger,
    QuotaId,
    SliceFigures,
    account_totals,
    read_quotas,
    still_valid,
)
from exporter.store.quota_lines import (
    COUNTER_BLOCKS,
    QUOTA_BLOCKS,
    counter_blocks,
    limit_quotas,
    line_count,
    quota_blocks,
    quota_figures,
)
from exporter.store.reading import Reading, limit_series, sanitize, series_count
from exporter.store.snapshot import Part, Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.textformat.lines import rendered
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
    samples: Iterable[Item]
    notes: Notes
    as_of: float | None
    asked_at: datetime
    read_at: float
    stale_at: float


@dataclass(frozen=True, slots=True)
class Polled:
    """What becomes of it.

    Attributes:
        reading: of the slice, as the page shows it.
        figures: the vendor's of these, which are stored.
        part: what is kept of the slice.
        whole: what is kept of the quotas that the operator set on the account; None where there are none.
        ledger: what counters go on from.
        fallen: quotas of which a figure fell to less than half within its period.
        is_complete: whether every slice was read since the account was divided.
        is_empty: whether the vendor's answers had no figure at all, shown or not.

    """

    reading: Reading
    figures: Figures
    part: Part
    whole: Part | None
    ledger: Ledger
    fallen: tuple[QuotaId, ...] = ()
    is_complete: bool = True
    is_empty: bool = False

    def uncounted(self, account: Account, ledger: Ledger) -> Polled:
        """Return the same while it cannot be stored: figures are shown, and counters are what was stored last."""

        def with_counters(part: Part) -> Part:
            blocks = {family: lines for family, lines in part.blocks.items() if family not in COUNTER_BLOCKS}
            return replace(part, blocks={**blocks, **counter_blocks(account, part.quotas, ledger, part.blocks)})

        whole = with_counters(self.whole) if self.whole else None
        return replace(self, part=with_counters(self.part), whole=whole, ledger=ledger)


def made(account: Account, brought: Brought, before: Snapshot) -> Polled:
    """Return what becomes of what a poll brought, after what was known `before`."""
    number, notes = brought.number, brought.notes
    sanitized = sanitize(brought.samples, notes)
    others = {other: part for other, part in before.parts.items() if other != number}
    read = SliceFigures(
        number, sanitized.figures, brought.asked_at, sanitized.unreadable, sanitized.ended, sanitized.rests
    )
    found = read_quotas(account, read, [part.contributions for part in others.values()], before.ledger)

    totals, totals_dropped = limit_quotas(found.whole.quotas, account.max_series)
    room = account.max_series - sum(map(line_count, totals)) - sum(part.series for part in others.values())
    quotas, quotas_dropped = limit_quotas(found.quotas, room)
    quota_series = sum(map(line_count, quotas))
    figures, figures_dropped = limit_series(account.families.of(sanitized.figures), room - quota_series)
    ledger = found.ledger.with_shown(quota.id for quota in (*totals, *quotas))

    known = before.parts.get(number)
    blocks = known.blocks if known else {}
    part = Part(
        {**rendered(account.name, figures, blocks), **quota_blocks(account, quotas, ledger, blocks)},
        series_count(figures) + quota_series,
        quotas_dropped + figures_dropped,
        notes,
        brought.as_of,
        quotas,
        found.contributions,
        withheld=found.withheld,
        read_at=brought.read_at,
        stale_at=brought.stale_at,
    )
    reading = Reading({**quota_figures(account.vendor, quotas, ledger), **figures}, part.dropped, notes, brought.as_of)
    stale_at = min([brought.stale_at, *(part.stale_at for part in others.values())])
    shown = replace(found.whole, quotas=totals)
    whole = _whole(account, shown, ledger, before.whole, brought.read_at, stale_at, totals_dropped)
    is_complete = len(others) + 1 >= account.slices
    is_empty = not series_count(sanitized.figures)
    return Polled(reading, figures, part, whole, ledger, found.fallen, is_complete, is_empty)


def restored(  # noqa: PLR0913, PLR0917 - what is stored, and when that is
    account: Account,
    before: Snapshot,
    readings: Mapping[int, StoredReading],
    ledger: Ledger,
    now: float,
    fresh_until: float,
) -> Snapshot:
    """Return the snapshot of an account of which this was stored.

    Args:
        account: how it is set up now.
        before: what is known of it.
        readings: by slice.
        ledger: its counters.
        now: the time, Unix.
        fresh_until: when a reading that was asked for now is stale, monotonic.

    """
    shown = {number: account.families.of(one.figures) for number, one in readings.items()}
    parts = {
        number: Part(
            {
                **rendered(account.name, shown[number], {}),
                **quota_blocks(account, one.quotas, ledger, {}),
            },
            series_count(shown[number]) + sum(map(line_count, one.quotas)),
            one.dropped,
            as_of=one.as_of,
            quotas=one.quotas,
            contributions=one.contributions,
            read_at=one.read_at,
            stale_at=fresh_until - max(0.0, now - one.asked_at),
        )
        for number, one in sorted(readings.items())
    }
    return reconfigured(account, replace(before, parts=parts, ledger=ledger))


def reconfigured(account: Account, before: Snapshot) -> Snapshot:
    """Return the snapshot of an account that is set up anew: what it does not show any more is gone at once."""

    def revised(part: Part) -> Part:
        part = _chosen(account, part)
        quotas = still_valid(account, part.quotas, before.ledger.definitions)
        if len(quotas) == len(part.quotas):
            return part
        series = part.series - sum(map(line_count, part.quotas)) + sum(map(line_count, quotas))
        blocks = {family: lines for family, lines in part.blocks.items() if family not in QUOTA_BLOCKS}
        blocks = {**blocks, **quota_blocks(account, quotas, before.ledger, part.blocks)}
        return replace(part, blocks=blocks, quotas=quotas, series=series)

    parts = {number: revised(part) for number, part in before.parts.items()}
    earlier = tuple(map(revised, before.earlier))
    whole = whole_of(account, parts, before.ledger, before.whole)
    return replace(before, parts=parts, whole=whole, earlier=earlier)


def _chosen(account: Account, part: Part) -> Part:
    hidden = {family for family in part.blocks if isinstance(family, Family) and not account.families.shows(family)}
    hidden -= QUOTA_BLOCKS
    if not hidden:
        return part
    blocks = {family: lines for family, lines in part.blocks.items() if family not in hidden}
    return replace(part, blocks=blocks, series=part.series - sum(len(part.blocks[family].values) for family in hidden))


def whole_of(account: Account, parts: Mapping[int, Part], ledger: Ledger, before: Part | None = None) -> Part | None:
    """Return what is kept of the quotas that the operator set on an account of which these slices were read."""
    if not parts:
        return None
    totals = account_totals(account, [part.contributions for part in parts.values()])
    room = account.max_series - sum(part.series for part in parts.values())
    quotas, dropped = limit_quotas(totals.quotas, room)
    read_at, stale_at = (min(getattr(part, name) for part in parts.values()) for name in ("read_at", "stale_at"))
    return _whole(account, replace(totals, quotas=quotas), ledger, before, read_at, stale_at, dropped)


def _whole(  # noqa: PLR0913, PLR0917 - what a part is made of
    account: Account,
    totals: AccountQuotas,
    ledger: Ledger,
    before: Part | None,
    read_at: float,
    stale_at: float,
    dropped: int,
) -> Part | None:
    if not account.quotas:
        return None
    return Part(
        quota_blocks(account, totals.quotas, ledger, before.blocks if before else {}),
        sum(map(line_count, totals.quotas)),
        dropped,
        quotas=totals.quotas,
        matched=totals.matched,
        withheld=totals.withheld,
        read_at=read_at,
        stale_at=stale_at,
    )
