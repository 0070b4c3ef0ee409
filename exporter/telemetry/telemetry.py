"""The exporter's own metrics: what is counted as it happens, and what snapshots and settings say when scraped."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.client.rate_limit import StatedLimit
from exporter.errors import REASONS, PollError
from exporter.metrics import OWN_FAMILIES, Family, Labels, own
from exporter.sharding import Shard
from exporter.store.reading import Reading
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.stored_reading import INVALID_REASONS, InvalidReason
from exporter.telemetry.account import account_figures
from exporter.telemetry.histogram import Histogram
from exporter.textformat.lines import sample_lines
from exporter.vendors.account import Account
from exporter.vendors.reply import SKIP_REASONS

_REQUEST_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_POLL_BUCKETS: Final = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(slots=True)
class ReloadStatus:
    """How the configuration was read last: whether it was accepted, and when one last was, Unix time."""

    accepted_at: float
    accepted: bool = True

    def accept(self, at: float) -> None:
        """Note that a configuration was accepted."""
        self.accepted, self.accepted_at = True, at

    def refuse(self) -> None:
        """Record that one was refused; the previous one stays in use."""
        self.accepted = False


class WebReloadStatus:
    """How the web configuration file was read last, where there is one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        successful, failures = own.WEB_RELOAD_SUCCESSFUL, own.WEB_RELOAD_FAILURES
        self._successful = Gauge(successful.name, successful.help, registry=registry)
        self._failures = Counter(failures.name, failures.help, registry=registry)
        self.version = 0
        self.accept()

    def accept(self) -> None:
        """Note that it was accepted."""
        self.version += 1
        self._successful.set(1)

    def refuse(self) -> None:
        """Record that it was refused; the previous one stays in use."""
        self.version += 1
        self._successful.set(0)
        self._failures.inc()


class Telemetry:
    """What is counted of every account, and what the process says of itself.

    Attributes:
        registry: the process's own, for the page.
        accounts: each account's part.
        shard: the part of the whole exporter that this process is.
        reload_status: how the configuration was read last.
        web_reload_status: how the web configuration file was.
        version: how often any of the accounts' changed.

    """

    def __init__(self, loaded_at: float) -> None:
        self.accounts: dict[AccountKey, AccountTelemetry] = {}
        self.reload_status = ReloadStatus(loaded_at)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped there
        self.registry = CollectorRegistry()
        self.web_reload_status = WebReloadStatus(self.registry)
        self.version = 0
        PlatformCollector(self.registry)
        ProcessCollector(registry=self.registry)
        self.shard = Shard()
        self.registry.register(ProcessFigures(self))

    @property
    def state(self) -> object:
        """A value that changes whenever the process metrics change, ignoring those that change constantly."""
        return self.shard, self.reload_status.accepted, self.reload_status.accepted_at, self.web_reload_status.version

    def add(self, account: Account) -> None:
        """Begin an account's part, or go on with that of an account of the same name."""
        if account.key in self.accounts:
            self.accounts[account.key].reconfigure(account)
        else:
            self.accounts[account.key] = AccountTelemetry(account, self._changed)
            self._changed()

    def remove(self, key: AccountKey) -> None:
        """Remove an account's part; its series are gone at once."""
        self.accounts.pop(key).is_removed = True
        self._changed()

    def lines(self, snapshots: Iterable[tuple[AccountKey, Snapshot]], now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of all accounts, as of `now` (monotonic), in the order of the catalogue."""
        families: dict[Family, list[bytes]] = {family: [] for family in OWN_FAMILIES}
        for key, snapshot in snapshots:
            if account := self.accounts.get(key):
                for family, lines in account.lines(snapshot, now).items():
                    families[family].append(lines)
        return {family: b"".join(lines) for family, lines in families.items() if lines}

    def _changed(self) -> None:
        self.version += 1


class AccountTelemetry:
    """One account's part of the telemetry: the observer of its client and of its poller."""

    def __init__(self, account: Account, changed: Callable[[], None]) -> None:
        self.account = account
        self.is_removed = False
        self._changed = changed
        self._counts = {family: dict(counts) for family, counts in _initial_counters(account.key)}
        self._seconds = {
            own.POLL_DURATION: Histogram(_POLL_BUCKETS),
            own.REQUEST_DURATION: Histogram(_REQUEST_BUCKETS),
        }
        self._rate_limit = StatedLimit()
        self._version = 0
        self._rendered_for: tuple[Snapshot, int, int] | None = None
        self._lines: Mapping[Family, bytes] = {}

    def reconfigure(self, account: Account) -> None:
        """Go on with another setup of the account."""
        self.account = account
        self._rate_limit = StatedLimit()
        self._bump_version()

    def on_request(self, code: str, seconds: float) -> None:
        """Count a request by its HTTP status, or `none`; not one that was under way when the account was forgotten."""
        if self.is_removed:
            return
        self._seconds[own.REQUEST_DURATION].observe(seconds)
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

    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Count a poll, and how it ended."""
        self._seconds[own.POLL_DURATION].observe(seconds)
        self._count(own.POLLS)
        if isinstance(outcome, PollError):
            self._count(own.POLL_FAILURES, outcome.reason)
            return
        for reason, count in outcome.diagnostics.skipped.items():
            self._count(own.ITEMS_SKIPPED, reason, by=count)

    def lines(self, snapshot: Snapshot, now: float) -> Mapping[Family, bytes]:
        """Return the account's sample lines as of `now` (monotonic); the same as before where nothing changed."""
        state = snapshot, len(snapshot.visible(now)), self._version
        if self._rendered_for is None or self._rendered_for[0] is not snapshot or self._rendered_for[1:] != state[1:]:
            figures = {**self._counts, **account_figures(self.account, self._rate_limit, snapshot, now)}
            lines = {one: sample_lines(one.name, one.labels, list(values.items())) for one, values in figures.items()}
            timed = {one: seconds.lines(one, self.account.key) for one, seconds in self._seconds.items()}
            self._rendered_for, self._lines = state, lines | timed
        return self._lines

    def _count(self, family: Family, *labels: str, by: int = 1) -> None:
        series = (*self.account.key, *labels)
        self._counts[family][series] = self._counts[family].get(series, 0.0) + by
        self._bump_version()

    def _bump_version(self) -> None:
        self._version += 1
        self._changed()


def _initial_counters(key: Labels) -> Iterator[tuple[Family, Mapping[Labels, float]]]:
    """Yield the counters, each with the series that are there before anything is counted."""
    for family in (own.POLLS, own.TOKEN_REFRESHES, own.STORAGE_WRITE_FAILURES):
        yield family, {key: 0.0}
    yield own.REQUESTS, {}
    for family, reasons in (
        (own.POLL_FAILURES, REASONS),
        (own.ITEMS_SKIPPED, SKIP_REASONS),
        (own.STORAGE_SET_ASIDE, INVALID_REASONS),
    ):
        yield family, {(*key, reason): 0.0 for reason in reasons}


class ProcessFigures(Collector):
    """What the process says of itself besides what any process does."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, created for each scrape."""
        telemetry = self._telemetry
        for family, labels, value in (
            (own.BUILD_INFO, (__version__, platform.python_version()), 1.0),
            (own.SHARD_INFO, (str(telemetry.shard.number), str(telemetry.shard.total)), 1.0),
            (own.RELOAD_SUCCESSFUL, (), float(telemetry.reload_status.accepted)),
            (own.RELOAD_TIMESTAMP, (), telemetry.reload_status.accepted_at),
        ):
            gauge = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            gauge.add_metric(labels, value)
            yield gauge
