"""One account's loop: when to ask, and what becomes of each answer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol

import anyio
import anyio.lowlevel

from exporter.errors import InternalError, Malformed, PollError, TimedOut
from exporter.log import logger
from exporter.quota import NO_QUOTAS, Quotas, measured
from exporter.retry import next_delay
from exporter.store import AccountKey, Reading, Snapshot, Store
from exporter.vendors.account import Account
from exporter.vendors.protocol import Ask, Poll
from exporter.vendors.reply import Notes, SkipReason

LONGEST_FIRST_WAIT_SECONDS: Final = 2.0
"""First polls are spread over this, so that a start does not ask for everything at once."""
_LONGEST_POLL: Final = 0.75
"""Of the time for which its reading would be shown: figures are as old as the poll's beginning."""
_TOLD_SKIPS: Final[tuple[SkipReason, ...]] = ("gone", "schema", "refused")
_REPEATED_EVERY: Final = 20
"""A failure that goes on is said again after as many polls."""

Clock = Callable[[], float]
"""Unix time, in seconds."""


class Observer(Protocol):
    """Who is told of polls."""

    def polled(self, seconds: float, outcome: Reading | PollError) -> None:
        """Note a poll, how long it took, and how it ended."""


Preserve = Callable[[Reading, float, float], Awaitable[None]]
"""What is done with a good reading besides showing it; with it, when it was asked for and there, Unix time."""


class Poller:
    """Polls one account and keeps its snapshot in the store."""

    def __init__(  # noqa: PLR0913 - the two that an account has, and those that all have
        self,
        account: Account,
        ask: Ask,
        store: Store,
        observer: Observer,
        clock: Clock = time.time,
        *,
        preserve: Preserve | None = None,
    ) -> None:
        self._account = account
        self._ask = ask
        self._store = store
        self._observer = observer
        self._clock = clock
        self._preserve = preserve
        self._kept: dict[str, tuple[datetime, Any]] = {}
        self._told_stale = False

    async def run(self) -> None:
        """Poll for ever: first soon, then out of step with other accounts, each interval."""
        early = phase(self._account.key)
        await self._sleep(early * min(self._account.interval, LONGEST_FIRST_WAIT_SECONDS))
        while True:
            began = anyio.current_time()
            snapshot = await self.poll()
            delay = next_delay(self._account.interval, anyio.current_time() - began, snapshot.failures, snapshot.error)
            await self._sleep(delay * (1 - early / 2) if snapshot.up else delay)
            early = 0.0 if snapshot.up else early

    async def poll(self) -> Snapshot:
        """Ask once, and return what we know then."""
        await _unless_cancelled()
        key, began = self._account.key, anyio.current_time()
        before, asked_at = self._store[key], self._clock()
        self._store.attempted(key, asked_at)
        outcome = await self._outcome(before)
        await _unless_cancelled()
        self._observer.polled(anyio.current_time() - began, outcome)
        if isinstance(outcome, PollError):
            self._store.failed(key, outcome)
        else:
            self._store.succeeded(key, outcome, self._clock(), stale_at=began + self._account.stale_seconds)
            _log_notes(key, before.reading.notes if before.reading else Notes(), outcome.notes)
            _log_dropped(key, before.reading.dropped if before.reading else 0, outcome.dropped)
            _log_faults(key, _quotas(before).faults, outcome.quotas.faults)
        after = self._store[key]
        _log_change(key, before, after)
        self._log_withdrawal(after)
        if self._preserve and not isinstance(outcome, PollError):
            await self._preserve(outcome, asked_at, self._clock())
        return after

    async def _outcome(self, before: Snapshot) -> Reading | PollError:
        """A poll that takes too long, or that meets a bug in a vendor's code, is a failure like others."""
        poll = Poll(self._ask, datetime.fromtimestamp(self._clock(), UTC), self._kept)
        try:
            with anyio.fail_after(_LONGEST_POLL * self._account.stale_seconds):
                samples = await self._account.read(poll)
            as_of = poll.as_of.timestamp() if poll.as_of else None
            measure = partial(measured, self._account, now=poll.now, before=_quotas(before))
            reading = Reading.checked(samples, self._account.max_series, poll.notes, as_of, measure)
        except PollError as error:
            return error
        except TimeoutError:
            return TimedOut("the poll took so long that its reading would soon have been stale")
        except Exception as error:  # noqa: BLE001 - our own bug must not end the other accounts
            vendor, name = self._account.key
            logger.exception("a bug in the exporter, please report it", vendor=vendor, account=name)
            return InternalError(type(error).__name__)
        unreadable = poll.notes.drift and not reading.samples
        return Malformed("no figure of any answer can be read") if unreadable else reading

    async def _sleep(self, seconds: float) -> None:
        await _unless_cancelled()
        self._store.scheduled(self._account.key, self._clock() + seconds)
        await anyio.sleep(seconds)

    def _log_withdrawal(self, after: Snapshot) -> None:
        stale = after.reading is not None and after.is_stale(anyio.current_time())
        if stale and not self._told_stale:
            vendor, name = self._account.key
            logger.warning("the last good reading is stale and no longer shown", vendor=vendor, account=name)
        self._told_stale = stale


async def _unless_cancelled() -> None:
    """End here if the account is polled no more: what was waited for may have come just before it was forgotten."""
    await anyio.lowlevel.checkpoint_if_cancelled()


def phase(key: AccountKey) -> float:
    """Return a number from 0 to 1 that is an account's own, the same after each start."""
    digest = hashlib.sha256("/".join(key).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _log_change(key: AccountKey, before: Snapshot, after: Snapshot) -> None:
    """Say once that an account fails, or fails differently, or works again."""
    vendor, account = key
    if after.error is None:
        if before.error is not None or not before.polled:
            series = len(after.reading.samples) if after.reading else 0
            said = "polls work again" if before.error is not None else "the first poll worked"
            logger.info(said, vendor=vendor, account=account, series=series, failures=before.failures)
        return
    if before.error is None or before.error.reason != after.error.reason or after.failures % _REPEATED_EVERY == 0:
        shown = "the last good reading is shown until it is stale" if after.reading else "there is no reading yet"
        logger.warning(
            f"poll failed, {shown}",
            vendor=vendor,
            account=account,
            reason=after.error.reason,
            error=str(after.error),
            failures=after.failures,
        )


def _log_notes(key: AccountKey, before: Notes, after: Notes) -> None:
    """Say once what departs from the vendor's documentation, and which items are left out, or that none is now."""
    vendor, account = key
    if before.drift.keys() != after.drift.keys():
        drift = _listed(f"{field} {kind}" for field, kind in after.drift)
        said = "answers depart from the vendor's documentation" if drift else "answers follow the documentation again"
        logger.warning(said, vendor=vendor, account=account, drift=drift)
    left_out = _left_out(after)
    if _left_out(before) != left_out:
        said = "items left out of the reading" if left_out else "no items left out of the reading any more"
        logger.warning(said, vendor=vendor, account=account, items=left_out, such_as=_listed(after.left_out))


def _log_dropped(key: AccountKey, before: int, after: int) -> None:
    """Say once that an account has more series than it may, or that it has no longer."""
    vendor, account = key
    if bool(before) != bool(after):
        said = "series are left out because of max_series" if after else "no series is left out any more"
        logger.warning(said, vendor=vendor, account=account, dropped=after)


def _log_faults(key: AccountKey, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Say once which of the quotas that the operator set cannot be shown and why, or that it is shown now."""
    vendor, account = key
    for quota in sorted(before.keys() | after.keys()):
        fault = after.get(quota)
        if fault and fault != before.get(quota):
            logger.warning("a quota is not shown", vendor=vendor, account=account, quota=quota, error=fault)
        elif not fault:
            logger.info("a quota is shown again", vendor=vendor, account=account, quota=quota)


def _quotas(snapshot: Snapshot) -> Quotas:
    return snapshot.reading.quotas if snapshot.reading else NO_QUOTAS


def _left_out(notes: Notes) -> int:
    return sum(notes.skipped[reason] for reason in _TOLD_SKIPS)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
