"""The exporter's own metrics: what is counted as it happens, and what snapshots and settings say when scraped."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.client.rate_limit import StatedLimit
from exporter.errors import PollError
from exporter.metrics import OWN_FAMILIES, Family, Labels, own
from exporter.sharding import Shard
from exporter.store.changes import Changes
from exporter.store.reading import Reading
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.stored_reading import InvalidReason
from exporter.telemetry.account import account_figures
from exporter.telemetry.histogram import Histogram
from exporter.telemetry.polls import PollHistory
from exporter.telemetry.reload_status import ReloadStatus, WebReloadStatus
from exporter.textformat.lines import sample_lines
from exporter.vendors.account import Account

_REQUEST_BUCKETS: Final = (0.1, 0.5, 2.5, 10.0)
"""Every account has a series for each. Polls have none: there are so few that their average is one poll's, or two's."""
_INITIAL: Final = (own.POLLS, own.POLLS_FAILED, own.TOKEN_REFRESHES, own.STORAGE_WRITE_FAILURES)
"""The counters that are there before anything is counted. Those by reason are not: there are thirty reasons."""


class Telemetry:
    """What is counted of every account, and what the process says of itself.

    Attributes:
        started_at: when the process began to count, Unix time.
        registry: the process's own, for the page.
        accounts: each account's part.
        shard: the part of the whole exporter that this process is.
        reload_status: how the configuration was read last.
        web_reload_status: how the web configuration file was.
        process: what always moves of it.
        changes: which of the accounts' changed.

    """

    def __init__(self, loaded_at: float, clock: Callable[[], float] = time.time) -> None:
        self.started_at = loaded_at
        self._clock = clock
        self.accounts: dict[AccountKey, AccountTelemetry] = {}
        self._configured = 0  # how often an account came, went or changed
        self.reload_status = ReloadStatus(loaded_at)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped there
        self.registry = CollectorRegistry()
        self.web_reload_status = WebReloadStatus(self.registry)
        self.changes = Changes()
        PlatformCollector(self.registry)
        self.process = ProcessCollector(registry=None)
        self.shard = Shard()
        self.registry.register(ProcessFigures(self))

    @property
    def state(self) -> object:
        """A value that changes whenever the process metrics change, ignoring those that change constantly."""
        reload = self.reload_status
        return self.shard, reload.accepted, reload.accepted_at, self.web_reload_status.version, self._configured

    def add(self, account: Account) -> None:
        """Begin an account's part, or go on with that of an account of the same name."""
        self._configured += 1
        if account.key in self.accounts:
            self.accounts[account.key].reconfigure(account)
        else:
            self.accounts[account.key] = AccountTelemetry(account, self.changes, self._clock)
            self.changes.note(account.key)

    def remove(self, key: AccountKey) -> None:
        """Remove an account's part; its series are gone at once."""
        self._configured += 1
        self.accounts.pop(key).is_removed = True
        self.changes.keep(self.accounts)
        self.changes.note(key)

    def poll_counts(self) -> tuple[int, int]:
        """Return how many polls of the accounts there are ended, and how many of them failed."""
        polls = [one.polls for one in self.accounts.values()]
        return sum(one.count for one in polls), sum(one.failure_count for one in polls)

    def lines(self, snapshots: Iterable[tuple[AccountKey, Snapshot]], now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of these accounts, as of `now` (monotonic), in the order of the catalogue."""
        families: dict[Family, list[bytes]] = {family: [] for family in OWN_FAMILIES}
        for key, snapshot in snapshots:
            if account := self.accounts.get(key):
                for family, lines in account.lines(snapshot, now).items():
                    families[family].append(lines)
        return {family: b"".join(lines) for family, lines in families.items() if lines}


class AccountTelemetry:
    """One account's part of the telemetry: the observer of its client and of its poller.

    Attributes:
        account: how it is set up now.
        credential_expiry: when its credential ends, Unix time; None where that is not known.
        is_removed: whether it is polled no more.
        polls: its last polls.

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
        self._version = 0
        self._rendered_for: tuple[Snapshot, int, int] | None = None
        self._lines: Mapping[Family, bytes] = {}

    def reconfigure(self, account: Account) -> None:
        """Continue with a changed configuration of the account."""
        self.account = account
        self._rate_limit = StatedLimit()
        self._bump_version()

    def on_request(self, code: str, seconds: float) -> None:
        """Count a request by its HTTP status, or `none`; not one that was under way when the account was forgotten."""
        if self.is_removed:
            return
        self._seconds[own.REQUEST_DURATION].observe(seconds)
        self.polls.requested(code)
        self._count(own.REQUESTS, code)

    def on_token_refreshed(self) -> None:
        """Count a sign-in that brought a token."""
        self._count(own.TOKEN_REFRESHES)

    def on_stated_limit(self, stated: StatedLimit) -> None:
        """Keep what an answer says of the vendor's limit; an answer that says nothing changes nothing."""
        if stated not in (StatedLimit(), self._rate_limit):
            self._rate_limit = stated
            self._bump_version()

    def on_write_failed(self) -> None:
        """Count a reading that could not be written."""
        self._count(own.STORAGE_WRITE_FAILURES)

    def on_set_aside(self, reason: InvalidReason) -> None:
        """Count a stored file that could not be used."""
        self._count(own.STORAGE_SET_ASIDE, reason)

    def on_credential(self, expiry: float | None) -> None:
        """Keep when the account's credential ends, Unix time; None where that is not known."""
        if expiry != self.credential_expiry:
            self.credential_expiry = expiry
            self._bump_version()

    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Count a poll, and how it ended."""
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
        """Return the account's sample lines as of `now` (monotonic); the same as before where nothing changed."""
        state = snapshot, len(snapshot.visible(now)), self._version
        if self._rendered_for is None or self._rendered_for[0] is not snapshot or self._rendered_for[1:] != state[1:]:
            figures = {
                **self._counts,
                **account_figures(self.account, self._rate_limit, self.credential_expiry, snapshot, now),
            }
            lines = {one: sample_lines(one.name, one.labels, list(values.items())) for one, values in figures.items()}
            timed = {one: seconds.lines(one, self.account.key) for one, seconds in self._seconds.items()}
            self._rendered_for, self._lines = state, lines | timed
        return self._lines

    def _count(self, family: Family, *labels: str, by: int = 1) -> None:
        series = (*self.account.key, *labels)
        counts = self._counts.setdefault(family, {})
        counts[series] = counts.get(series, 0.0) + by
        self._bump_version()

    def _bump_version(self) -> None:
        self._version += 1
        self._changed.note(self.account.key)


def _account_labels(accounts: Sequence[Account]) -> Iterator[Metric]:
    """Yield the labels that the operator gave accounts: all of them have the same names, some without a value."""
    names = sorted({name for account in accounts for name in account.labels})
    if not names:
        return
    family = own.ACCOUNT_LABELS
    gauge = GaugeMetricFamily(family.name, family.help, labels=(*family.labels, *names))
    for account in accounts:
        gauge.add_metric((*account.key, *(account.labels.get(name, "") for name in names)), 1.0)
    yield gauge


class ProcessFigures(Collector):
    """The exporter's own process metrics, besides those that any process has."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, created for each scrape."""
        telemetry = self._telemetry
        yield from _account_labels([one.account for one in telemetry.accounts.values()])
        for family, labels, value in (
            (own.BUILD_INFO, (__version__, platform.python_version()), 1.0),
            (own.SHARD_INFO, (str(telemetry.shard.number), str(telemetry.shard.total)), 1.0),
            (own.RELOAD_SUCCESSFUL, (), float(telemetry.reload_status.accepted)),
            (own.RELOAD_TIMESTAMP, (), telemetry.reload_status.accepted_at),
        ):
            gauge = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            gauge.add_metric(labels, value)
            yield gauge
