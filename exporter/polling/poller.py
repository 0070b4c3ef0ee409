"""One account's polling loop: decides when to poll, and commits each outcome."""

from __future__ import annotations

import math
import time
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final, Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from exporter.errors import InternalError, Malformed, PollError, TimedOut
from exporter.log import logger
from exporter.polling.jitter import jitter
from exporter.polling.pipeline import PollResult, ProcessedPoll, bounded, process
from exporter.polling.schedule import Schedule
from exporter.polling.transitions import Ahead, log_changes, log_fallen, log_poll
from exporter.store.reading import Reading
from exporter.store.snapshot import SliceState, Snapshot
from exporter.store.store import Store
from exporter.vendors.account import Account
from exporter.vendors.estimate import LONGEST_POLL
from exporter.vendors.fetch import Fetch
from exporter.vendors.items import Streaks
from exporter.vendors.poll import MOST_ITEMS, Poll, Slice

LONGEST_FIRST_WAIT_SECONDS: Final = 2.0
"""First polls are spread over this time, so that not all accounts are polled at once after a start."""
_SOON_SECONDS: Final = 5.0
"""Connections are kept open if the next poll begins within this number of seconds."""
_ITEMS_A_SERIES: Final = 10
"""The answers to a poll may have this number times `max_series` items, or `MOST_ITEMS` items if that is more."""
_MOST_FAILING: Final = 1000
"""Failures are remembered for at most this many kinds of items, because vendors may invent kinds."""
_PROCESSED_ON_LOOP: Final = 1000
"""A result with up to this many samples is processed on the event loop, because this takes only milliseconds."""

_SHORTEST_GAP_SECONDS: Final = 5.0
"""The minimum time between the starts of two polls, however often someone asks for a poll."""

Clock = Callable[[], float]
"""Returns the Unix time, in seconds."""


class PollObserver(Protocol):
    """Receives the outcome of polls."""

    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Record a poll, its duration in seconds, and its outcome."""


Rest = Callable[[], Awaitable[None]]
"""Releases the connections, because no request will follow soon."""
Persist = Callable[[int, ProcessedPoll, float], Awaitable[bool]]
"""Takes a slice's number, a good poll and the poll's Unix time. Stores the poll, and returns whether it was stored."""
Turn = Callable[[], AbstractAsyncContextManager[None]]
"""Returns a context manager for processing a large reading. Only one task at a time enters such a context manager."""


class Poller:
    """Polls one account, slice by slice, and keeps the account's snapshot in the store."""

    def __init__(  # noqa: PLR0913 - an account, its client, and what all accounts share
        self,
        account: Account,
        fetch: Fetch,
        store: Store,
        observer: PollObserver,
        clock: Clock = time.time,
        *,
        persist: Persist | None = None,
        rest: Rest | None = None,
        turn: Turn = nullcontext,
    ) -> None:
        self._account = account
        self._fetch = fetch
        self._store = store
        self._observer = observer
        self._clock = clock
        self._persist = persist
        self._rest = rest
        self._turn = turn
        self._cache: dict[str, tuple[datetime, Any]] = {}
        self._used: dict[int, set[str]] = {}
        self._failing: dict[int, dict[str, Streaks]] = {}
        self._has_logged_stale = False
        self._wake = anyio.Event()

    def poll_now(self) -> None:
        """Poll the failing slices at once. If no slice is failing, poll the next slice at once."""
        self._wake.set()

    async def run(self) -> None:
        """Poll each slice once per interval, until cancelled. Jitter delays the first polls."""
        interval, slices = self._account.interval, self._account.slice_count
        offset = jitter(self._account.key, self._account.shard)
        schedule = Schedule(interval, slices, anyio.current_time() + offset * min(interval, LONGEST_FIRST_WAIT_SECONDS))
        began = -math.inf
        while True:
            number = schedule.next
            if not await self._slept_until(schedule.due(number)):
                schedule.advance(max(anyio.current_time(), began + _SHORTEST_GAP_SECONDS))
                continue
            began = anyio.current_time()
            before, snapshot = await self._poll(number, schedule.spread(number))
            now = anyio.current_time()
            if number in snapshot.failing:
                schedule.record_failure(number, now, snapshot)
            else:
                schedule.record_success(number, began, now, offset)
            self._log(before, snapshot, self._clock() + schedule.due(schedule.next) - now)

    async def poll(self) -> Snapshot:
        """Poll each slice once, up to an error that is not transient. Return the snapshot."""
        for number in range(self._account.slice_count):
            before, snapshot = await self._poll(number)
            self._log(before, snapshot)
            if snapshot.error and not snapshot.error.transient:
                break
        return snapshot

    async def _poll(self, number: int, spread: float = 0.0) -> tuple[Snapshot, Snapshot]:
        """Poll a slice. Return the snapshot before the poll and the snapshot after the poll."""
        await _end_if_cancelled()
        key, began = self._account.key, anyio.current_time()
        before, asked_at = self._store[key], self._clock()
        self._store.record_attempt(key, asked_at)
        now, part = datetime.fromtimestamp(asked_at, UTC), Slice(number, self._account.slice_count)
        patience = self._patience(before.slices.get(number), began)
        poll = Poll(
            self._fetch,
            now,
            self._cache,
            slice=part,
            spread=spread,
            patience=patience,
            failing=self._failing.setdefault(number, {}),
            most_items=max(MOST_ITEMS, _ITEMS_A_SERIES * self._account.max_series),
        )
        outcome = await self._outcome(before, poll, began)
        await _end_if_cancelled()
        self._forget_unused(number, poll.used)
        seconds = anyio.current_time() - began
        if isinstance(outcome, PollError):
            self._observer.on_poll(seconds, outcome)
            self._store.record_failure(key, outcome, number)
            log_poll(key, number, seconds, reason=outcome.reason)
        else:
            self._observer.on_poll(seconds, outcome.reading)
            self._used[number] = poll.used
            log_poll(key, number, seconds, series=outcome.reading.series)
            outcome = await self._store_processed(number, outcome, before, asked_at)
            self._store.record_success(key, outcome.state, outcome.account_state, number, outcome.ledger)
            log_fallen(key, outcome.fallen)
        return before, self._store[key]

    def _forget_unused(self, number: int, used: set[str]) -> None:
        """Forget old failures, and cache entries that neither this poll nor any slice's last good poll used."""
        for name in self._cache.keys() - used.union(*self._used.values()):
            del self._cache[name]
        failing = [(kind, streaks) for kind, streaks in self._failing[number].items() if streaks]
        self._failing[number] = dict(failing[-_MOST_FAILING:])

    def _patience(self, last: SliceState | None, now: float) -> float:
        """Return how many seconds a failing item is retried before it is given up."""
        interval = self._account.interval
        return interval if last and now + interval < last.stale_at else 0.0

    async def _store_processed(
        self, number: int, processed: ProcessedPoll, before: Snapshot, asked_at: float
    ) -> ProcessedPoll:
        """Store a processed poll, and return the processed poll to be shown.

        If storing fails, the returned poll contains the counters that were stored last. Counters that were shown but
        never stored would go backwards after a restart.
        """
        if self._persist is None or await self._persist(number, processed, asked_at):
            return processed
        await _end_if_cancelled()
        return processed.with_stored_counters(self._account, before.ledger)

    async def _outcome(self, before: Snapshot, poll: Poll, began: float) -> ProcessedPoll | PollError:
        """Run a poll, and return its result or error. A timeout and a bug in a vendor's code count as errors."""
        try:
            with anyio.fail_after(LONGEST_POLL * self._account.stale_seconds):
                items = await self._account.read(poll)
            as_of = poll.as_of.timestamp() if poll.as_of else None
            stale_at = began + self._account.stale_seconds
            most = poll.most_items * (len(self._account.reported) + 1)
            samples = chain(bounded(items, most), poll.unreadable)
            result = PollResult(
                poll.slice.number, samples, poll.diagnostics, as_of, poll.now, self._clock(), stale_at, poll.failure
            )
            processed = await _process_off_loop(self._account, result, before, self._turn)
        except PollError as error:
            return error.bare()
        except TimeoutError:
            return TimedOut("the poll took so long that its reading would soon have been stale")
        except (Exception, CancelledError, SystemExit) as error:  # noqa: BLE001 - a bug must not end any polling
            await _end_if_cancelled()
            vendor, name = self._account.key
            origin = self._account.origin
            whose = origin if origin.kind == "wheel" else "the exporter"
            logger.exception(f"bug in {whose}, please report it", vendor=vendor, account=name)
            return InternalError(type(error).__name__)
        unreadable = poll.diagnostics.drift and processed.is_empty and not poll.unwanted
        return Malformed("no figure of any answer can be read") if unreadable else processed

    async def _slept_until(self, due: float) -> bool:
        """Wait until the time `due`, or until someone asks for a poll. Return whether `due` was reached."""
        await _end_if_cancelled()
        wait = max(0.0, due - anyio.current_time())
        self._store.record_schedule(self._account.key, self._clock() + wait)
        if self._rest and wait > _SOON_SECONDS:
            await self._rest()
        with anyio.move_on_after(max(0.0, due - anyio.current_time())):
            await self._wake.wait()
        if self._wake.is_set():
            self._wake = anyio.Event()
            return anyio.current_time() >= due
        return True

    def _log(self, before: Snapshot, after: Snapshot, next_at: float | None = None) -> None:
        now = anyio.current_time()
        shown_until = min((state.stale_at for state in after.visible(now)), default=None)
        ahead = Ahead(self._clock(), next_at, None if shown_until is None else self._clock() + shown_until - now)
        log_changes(self._account.key, before, after, ahead)
        self._log_withdrawal(after)

    def _log_withdrawal(self, after: Snapshot) -> None:
        stale = after.is_stale(anyio.current_time())
        if stale and not self._has_logged_stale:
            vendor, name = self._account.key
            logger.warning("last good reading is stale; withdrawn", vendor=vendor, account=name)
        self._has_logged_stale = stale


async def _process_off_loop(
    account: Account, result: PollResult, before: Snapshot, turn: Turn = nullcontext
) -> ProcessedPoll:
    """Process a result. A large result waits for its turn, and is processed in a worker thread."""
    samples = iter(result.samples)
    first = list(islice(samples, _PROCESSED_ON_LOOP + 1))
    result = replace(result, samples=chain(first, samples))
    if len(first) <= _PROCESSED_ON_LOOP:
        return process(account, result, before)
    async with turn():
        return await anyio.to_thread.run_sync(process, account, result, before)


async def _end_if_cancelled() -> None:
    """End the task if it is cancelled. A result that arrives just before the cancellation can hide the cancellation."""
    await anyio.lowlevel.checkpoint_if_cancelled()
