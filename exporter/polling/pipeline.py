"""Processes a poll's result for the store, without side effects, so that a worker thread can process large readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from exporter.errors import PollError, TooLarge
from exporter.metrics import Family, Figures, Item, series_count
from exporter.quota import (
    Ledger,
    QuotaId,
    SliceFigures,
    account_totals,
    filter_valid,
    read_quotas,
)
from exporter.store.reading import Reading, sanitize
from exporter.store.shown import (
    COUNTER_BLOCKS,
    QUOTA_BLOCKS,
    choose_shown,
    counter_blocks,
    counters_created,
    limit_quotas,
    quota_blocks,
    quota_figures,
    quota_series_count,
)
from exporter.store.snapshot import SliceState, Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.textformat.lines import label_pairs, render
from exporter.vendors.account import Account
from exporter.vendors.reply import Diagnostics


@dataclass(frozen=True, slots=True)
class PollResult:
    """The raw result of a successful poll of a slice, with the times of the poll.

    Attributes:
        number: the slice's number.
        samples: the samples as the vendor's code produced them.
        diagnostics: what was noticed during the poll.
        as_of: the time up to which the figures are complete (Unix time); None if the vendor does not state this time.
        asked_at: when the poll began, UTC.
        read_at: when the poll ended, Unix time.
        stale_at: when the result becomes too old to be shown, monotonic time.
        failure: the error of an item that keeps failing and was left out; None if there is no such item.

    """

    number: int
    samples: Iterable[Item]
    diagnostics: Diagnostics
    as_of: float | None
    asked_at: datetime
    read_at: float
    stale_at: float
    failure: PollError | None = None


@dataclass(frozen=True, slots=True)
class ProcessedPoll:
    """A processed poll, ready to commit.

    Attributes:
        reading: the slice's reading, as the page shows it.
        figures: the vendor's figures in the reading, to be stored.
        state: the slice's new state.
        account_state: the new state of the account-wide quotas; None if the account has no such quotas.
        ledger: the counters after this poll.
        fallen: the quotas with a figure that fell by more than half within the figure's period.
        is_complete: whether every slice has been read since the number of slices last changed.
        is_empty: whether the vendor's answers had no figure at all. Names do not count as figures.

    """

    reading: Reading
    figures: Figures
    state: SliceState
    account_state: SliceState | None
    ledger: Ledger
    fallen: tuple[QuotaId, ...] = ()
    is_complete: bool = True
    is_empty: bool = False

    def with_stored_counters(self, account: Account, ledger: Ledger) -> ProcessedPoll:
        """Return the poll with the counters that were stored last. This version is shown if storing fails."""

        def with_counters(state: SliceState) -> SliceState:
            blocks = {family: lines for family, lines in state.rendered.items() if family not in COUNTER_BLOCKS}
            return replace(state, rendered={**blocks, **counter_blocks(account, state.quotas, ledger, state.rendered)})

        account_state = with_counters(self.account_state) if self.account_state else None
        return replace(self, state=with_counters(self.state), account_state=account_state, ledger=ledger)


def bounded(items: Iterable[Item], most: int) -> Iterator[Item]:
    """Yield a reading's items. Raise `TooLarge` if there are more than `most` items: no valid reading has so many."""
    for count, item in enumerate(items):
        if count == most:
            raise TooLarge(f"the reading has more than {most} items")
        yield item


def process(account: Account, result: PollResult, before: Snapshot) -> ProcessedPoll:
    """Process a poll's result. The snapshot `before` is the snapshot from before the poll."""
    read = _read_slice(account, result)
    others = {other: state for other, state in before.slices.items() if other != result.number}
    found = read_quotas(account, read, [state.contributions for state in others.values()], before.ledger)

    shown = choose_shown(account, found, read.figures, sum(state.series for state in others.values()))
    ledger = found.ledger.with_shown(shown.ids)
    figures = {**quota_figures(account.vendor, shown.quotas, ledger), **shown.figures}
    totals = quota_figures(account.vendor, shown.totals, ledger)
    created = counters_created(account.vendor, (*shown.totals, *shown.quotas), ledger)
    known = before.slices.get(result.number)
    shared = label_pairs(account.shared_labels)
    state = SliceState(
        render(shared, figures, known.rendered if known else {}, created),
        shown.series,
        shown.dropped,
        result.diagnostics,
        result.as_of,
        shown.quotas,
        found.contributions,
        withheld=found.withheld,
        read_at=result.read_at,
        stale_at=result.stale_at,
        failure=result.failure,
    )
    account_state = SliceState.from_totals(
        replace(found.whole, quotas=shown.totals),
        render(shared, totals, before.account_state.rendered if before.account_state else {}, created),
        series=quota_series_count(shown.totals),
        dropped=shown.totals_dropped,
        read_at=result.read_at,
        stale_at=min([result.stale_at, *(state.stale_at for state in others.values())]),
    )
    return ProcessedPoll(
        Reading(figures, shown.dropped, result.diagnostics, result.as_of),
        shown.figures,
        state,
        account_state if account.quotas else None,
        ledger,
        found.fallen,
        is_complete=len(others) + 1 >= account.slice_count,
        is_empty=not any(values for family, values in read.figures.items() if not family.says_names),
    )


def _read_slice(account: Account, result: PollResult) -> SliceFigures:
    """Return a slice's sanitized figures.

    Raises:
        LookupError: the result has a family that the vendor does not declare.

    """
    found = sanitize(result.samples, result.diagnostics)
    families = found.figures.keys() | {one.family for one in found.unreadable} | {one.family for one in found.rests}
    if unknown := (families | {one.sample.family for one in found.ended}) - set(account.reported):
        raise LookupError(f"no family of {account.vendor}: {', '.join(sorted(one.name for one in unknown))}")
    return SliceFigures(result.number, found.figures, result.asked_at, found.unreadable, found.ended, found.rests)


def restore(  # noqa: PLR0913, PLR0917 - the stored state, and the time
    account: Account,
    before: Snapshot,
    readings: Mapping[int, StoredReading],
    ledger: Ledger,
    now: float,
    fresh_until: float,
) -> Snapshot:
    """Return the snapshot of an account from its stored state.

    Args:
        account: the account with its current settings.
        before: the account's current snapshot.
        readings: the stored readings, by slice number.
        ledger: the stored counters.
        now: the current Unix time.
        fresh_until: the monotonic time at which a reading requested now would become stale.

    """
    shown = {number: account.families.of(one.figures) for number, one in readings.items()}
    slices = {
        number: SliceState(
            {
                **render(label_pairs(account.shared_labels), shown[number], {}),
                **quota_blocks(account, one.quotas, ledger, {}),
            },
            series_count(shown[number]) + quota_series_count(one.quotas),
            one.dropped,
            as_of=one.as_of,
            quotas=one.quotas,
            contributions=one.contributions,
            read_at=one.read_at,
            stale_at=fresh_until - max(0.0, now - one.asked_at),
        )
        for number, one in sorted(readings.items())
    }
    return reconfigure(account, replace(before, slices=slices, ledger=ledger))


def reconfigure(account: Account, before: Snapshot) -> Snapshot:
    """Return the snapshot of a reconfigured account, without families and quotas that are no longer shown."""

    def revised(state: SliceState) -> SliceState:
        state = _chosen(account, state)
        quotas = filter_valid(account, state.quotas, before.ledger.definitions)
        if quotas == state.quotas:
            return state
        series = state.series - quota_series_count(state.quotas) + quota_series_count(quotas)
        blocks = {family: lines for family, lines in state.rendered.items() if family not in QUOTA_BLOCKS}
        blocks = {**blocks, **quota_blocks(account, quotas, before.ledger, state.rendered)}
        return replace(state, rendered=blocks, quotas=quotas, series=series)

    slices = {number: revised(state) for number, state in before.slices.items()}
    previous_slices = tuple(map(revised, before.previous_slices))
    account_state = account_state_of(account, slices, before.ledger, before.account_state)
    return replace(before, slices=slices, account_state=account_state, previous_slices=previous_slices)


def _chosen(account: Account, state: SliceState) -> SliceState:
    hidden = {one for one in state.rendered if isinstance(one, Family) and not _shows(account, one)}
    hidden -= QUOTA_BLOCKS
    if not hidden:
        return state
    rendered = {family: lines for family, lines in state.rendered.items() if family not in hidden}
    series = state.series - sum(len(state.rendered[family].values) for family in hidden)
    return replace(state, rendered=rendered, series=series)


def _shows(account: Account, family: Family) -> bool:
    return account.families.shows(family) and (account.names or not family.says_names)


def account_state_of(
    account: Account, slices: Mapping[int, SliceState], ledger: Ledger, before: SliceState | None = None
) -> SliceState | None:
    """Return the state of the account-wide quotas, computed from the slices that have been read so far."""
    if not slices or not account.quotas:
        return None
    totals = account_totals(account, [state.contributions for state in slices.values()])
    room = account.max_series - sum(state.series for state in slices.values())
    quotas, dropped = limit_quotas(totals.quotas, room)
    return SliceState.from_totals(
        replace(totals, quotas=quotas),
        quota_blocks(account, quotas, ledger, before.rendered if before else {}),
        series=quota_series_count(quotas),
        dropped=dropped,
        read_at=min(state.read_at for state in slices.values()),
        stale_at=min(state.stale_at for state in slices.values()),
    )
