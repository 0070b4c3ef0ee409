"""The exporter's own metrics: counted as events happen, or derived from snapshots and settings at a scrape."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from exporter.client.rate_limit import StatedLimit
from exporter.errors import PollError
from exporter.metrics import Family, Labels, own
from exporter.sharding import Shard
from exporter.store.changes import Changes
from exporter.store.reading import Reading
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.stored_reading import InvalidReason
from exporter.telemetry.account import account_figures
from exporter.telemetry.histogram import Histogram
from exporter.telemetry.polls import PollHistory
from exporter.telemetry.process import ProcessFigures
from exporter.telemetry.reload_status import ReloadStatus, WebReloadStatus
from exporter.textformat.lines import label_pairs, sample_lines
from exporter.vendors.account import Account
from exporter.vendors.origin import Origin

_REQUEST_BUCKETS: Final = (0.1, 0.5, 2.5, 10.0)
"""The upper bounds of the buckets for request durations, in seconds. Each bucket costs a series per account.

Poll durations have no buckets, because an average over a few minutes covers only one or two polls.
"""
_INITIAL: Final = (own.POLLS, own.POLLS_FAILED, own.TOKEN_REFRESHES, own.STORAGE_WRITE_FAILURES)
"""Counters that exist before anything is counted. Counters by reason are left out, because there are many reasons."""


class Telemetry:
    """The metrics of every account, and of the process.

    Attributes:
        started_at: when the process started counting, in Unix time.
        registry: the process metrics that seldom change.
        accounts: the telemetry of each account.
        shard: this process's shard.
        reload_status: the outcome of the last reload.
        web_reload_status: the outcome of the last reload of the web configuration file.
        process: the process metrics that change constantly.
        changes: which accounts' metrics changed.

    """

    def __init__(self, loaded_at: float, clock: Callable[[], float] = time.time) -> None:
        self.started_at = loaded_at
        self._clock = clock
        self.accounts: dict[AccountKey, AccountTelemetry] = {}
        self._generation = 0  # increases with each change of the accounts' settings
        self.reload_status = ReloadStatus(loaded_at)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped there
        self.registry = CollectorRegistry()
        self.web_reload_status = WebReloadStatus(self.registry)
        self.changes = Changes()
        PlatformCollector(self.registry)
        self.process = ProcessCollector(registry=None)
        self.shard = Shard()
        self.registry.register(ProcessFigures(lambda: self.shard, lambda: self.vendors, self.reload_status))

    @property
    def state(self) -> object:
        """A value that changes whenever a metric in `registry` changes."""
        reload = self.reload_status
        return (self.shard, reload.accepted, reload.accepted_at, self.web_reload_status.version, self._generation)

    @property
    def vendors(self) -> Mapping[str, Origin]:
        """The origins of the accounts' vendors, by vendor name."""
        return {one.account.vendor: one.account.origin for one in self.accounts.values()}

    def checkpoint(self) -> Callable[[], None]:
        """Save the current accounts with their settings and counts, and return a function that restores them."""
        accounts, shard, parts = self.accounts.copy(), self.shard, [one.checkpoint() for one in self.accounts.values()]

        def undo() -> None:
            self.accounts, self.shard = accounts, shard
            self._generation += 1
            for undo_part in parts:
                undo_part()
            self.changes.keep(accounts)
            self.changes.note(*accounts)

        return undo

    def add(self, account: Account) -> None:
        """Add an account, or continue with the telemetry of an account with the same name."""
        self._generation += 1
        if account.key in self.accounts:
            self.accounts[account.key].reconfigure(account)
        else:
            self.accounts[account.key] = AccountTelemetry(account, self.changes, self._clock)
            self.changes.note(account.key)

    def rename(self, key: AccountKey, account: Account) -> None:
        """Continue an account's telemetry under its new name. Series with the old name disappear at once."""
        self._generation += 1
        one = self.accounts[account.key] = self.accounts.pop(key)
        one.rename(account)
        self.changes.keep(self.accounts)
        self.changes.note(key)

    def remove(self, key: AccountKey) -> None:
        """Remove an account. Its series disappear at once."""
        self._generation += 1
        self.accounts.pop(key).is_removed = True
        self.changes.keep(self.accounts)
        self.changes.note(key)

    def poll_counts(self) -> tuple[int, int]:
        """Return how many polls of all accounts have ended, and how many of them failed."""
        polls = [one.polls for one in self.accounts.values()]
        return sum(one.count for one in polls), sum(one.failure_count for one in polls)

    def lines(self, account: AccountKey, snapshot: Snapshot, now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of an account, as of the monotonic time `now`."""
        one = self.accounts.get(account)
        return one.lines(snapshot, now) if one else {}


class AccountTelemetry:
    """One account's telemetry, which observes the account's client and poller.

    Attributes:
        account: the account's current settings.
        credential_expiry: when the account's credential expires, in Unix time; None if unknown.
        is_removed: whether the account is no longer polled.
        polls: the account's recent polls.

    """

    def __init__(self, account: Account, changed: Changes, clock: Callable[[], float] = time.time) -> None:
        self.account = account
        self.polls = PollHistory()
        self._clock = clock
        self.is_removed = False
        self.credential_expiry: float | None = None
        self._changed = changed
        self._counts: dict[Family, dict[Labels, float]] = {family: {account.key: 0.0} for family in _INITIAL}
        self._seconds = {
            own.POLL_DURATION: Histogram(()),
            own.REQUEST_DURATION: Histogram(_REQUEST_BUCKETS),
        }
        self._rate_limit = StatedLimit()

    def checkpoint(self) -> Callable[[], None]:
        """Save the account's current settings and counts, and return a function that restores them."""
        account, limit, counts = self.account, self._rate_limit, self._counts

        def undo() -> None:
            self.account, self._rate_limit, self._counts = account, limit, counts
            self.is_removed = False
            self._note_change()

        return undo

    def reconfigure(self, account: Account) -> None:
        """Continue with the account's new settings."""
        self.account = account
        self._rate_limit = StatedLimit()
        self._note_change()

    def rename(self, account: Account) -> None:
        """Continue under the account's new name, keeping the counts."""
        own_labels = len(account.key)
        self._counts = {
            family: {(*account.key, *labels[own_labels:]): count for labels, count in counts.items()}
            for family, counts in self._counts.items()
        }
        self.reconfigure(account)

    def on_request(self, code: str, seconds: float) -> None:
        """Count a request by its HTTP status, or as `none` if unanswered. Requests of a removed account are ignored."""
        if self.is_removed:
            return
        self._seconds[own.REQUEST_DURATION].observe(seconds)
        self.polls.requested(code)
        self._count(own.REQUESTS, code)

    def on_token_refreshed(self) -> None:
        """Count a sign-in that yielded a token."""
        self._count(own.TOKEN_REFRESHES)

    def on_stated_limit(self, stated: StatedLimit) -> None:
        """Record the rate limit that an answer states. An answer that states no limit changes nothing."""
        if stated not in (StatedLimit(), self._rate_limit):
            self._rate_limit = stated
            self._note_change()

    def on_write_failed(self) -> None:
        """Count a reading that could not be stored."""
        self._count(own.STORAGE_WRITE_FAILURES)

    def on_set_aside(self, reason: InvalidReason) -> None:
        """Count an invalid stored file."""
        self._count(own.STORAGE_SET_ASIDE, reason)

    def on_credential(self, expiry: float | None) -> None:
        """Record the Unix time when the account's credential expires, or None if the time is unknown."""
        if expiry != self.credential_expiry:
            self.credential_expiry = expiry
            self._note_change()

    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Count a poll and its outcome."""
        self._seconds[own.POLL_DURATION].observe(seconds)
        self.polls.ended(self._clock(), seconds, outcome)
        self._count(own.POLLS)
        if isinstance(outcome, PollError):
            self._count(own.POLLS_FAILED)
            self._count(own.POLL_FAILURES, outcome.reason)
            return
        for reason, count in outcome.diagnostics.skipped.items():
            self._count(own.ITEMS_SKIPPED, reason, by=count)

    def lines(self, snapshot: Snapshot, now: float) -> Mapping[Family, bytes]:
        """Return the account's sample lines, as of the monotonic time `now`."""
        figures = {
            **self._counts,
            **account_figures(self.account, self._rate_limit, self.credential_expiry, snapshot, now),
        }
        shared = label_pairs(self.account.labels)
        lines = {
            one: sample_lines(one.name, one.labels, list(values.items()), shared) for one, values in figures.items()
        }
        return lines | {one: seconds.lines(one, self.account.key, shared) for one, seconds in self._seconds.items()}

    def _count(self, family: Family, *labels: str, by: int = 1) -> None:
        series = (*self.account.key, *labels)
        counts = self._counts.setdefault(family, {})
        counts[series] = counts.get(series, 0.0) + by
        self._note_change()

    def _note_change(self) -> None:
        self._changed.note(self.account.key)
