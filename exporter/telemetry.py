"""The exporter's own metrics: what was counted as it happened, and what the snapshots say when scraped."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import anyio
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.errors import REASONS, PollError
from exporter.metrics import Family, own
from exporter.pacing import RateLimit
from exporter.storage import REJECTIONS, Rejection
from exporter.store import AccountKey, Reading, Snapshot, Store
from exporter.vendors.account import Account
from exporter.vendors.reply import SKIP_REASONS

_REQUEST_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_POLL_BUCKETS: Final = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(slots=True)
class Loading:
    """How the configuration was read last: whether it was accepted, and when one last was, Unix time."""

    accepted_at: float
    accepted: bool = True

    def accept(self, at: float) -> None:
        """Note that a configuration was accepted."""
        self.accepted, self.accepted_at = True, at

    def refuse(self) -> None:
        """Note that one was not; what was accepted before goes on."""
        self.accepted = False


class WebLoading:
    """How the web configuration file was read last, where there is one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        successful, failures = own.WEB_RELOAD_SUCCESSFUL, own.WEB_RELOAD_FAILURES
        self._successful = Gauge(successful.name, successful.help, registry=registry)
        self._failures = Counter(failures.name, failures.help, registry=registry)
        self.accept()

    def accept(self) -> None:
        """Note that it was accepted."""
        self._successful.set(1)

    def refuse(self) -> None:
        """Note that it was not; what was accepted before goes on."""
        self._successful.set(0)
        self._failures.inc()


class Telemetry:
    """Counters and histograms of every account, in a registry of the exporter's own.

    Attributes:
        registry: all of it, for the page.
        accounts: each account's part.
        loading: how the configuration was read last.
        web_loading: how the web configuration file was.

    """

    def __init__(self, loaded_at: float) -> None:
        self.accounts: dict[AccountKey, AccountTelemetry] = {}
        self.loading = Loading(loaded_at)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped there
        self.registry = CollectorRegistry()
        self.web_loading = WebLoading(self.registry)
        self._metrics: list[Counter | Histogram] = []
        PlatformCollector(self.registry)
        ProcessCollector(registry=self.registry)
        self.polls = self._counter(own.POLLS)
        self.failures = self._counter(own.POLL_FAILURES)
        self.requests = self._counter(own.REQUESTS)
        self.token_refreshes = self._counter(own.TOKEN_REFRESHES)
        self.skipped = self._counter(own.ITEMS_SKIPPED)
        self.write_failures = self._counter(own.STORAGE_WRITE_FAILURES)
        self.set_aside = self._counter(own.STORAGE_SET_ASIDE)
        self.poll_seconds = self._histogram(own.POLL_DURATION, _POLL_BUCKETS)
        self.request_seconds = self._histogram(own.REQUEST_DURATION, _REQUEST_BUCKETS)

    def adopt(self, account: Account) -> None:
        """Begin an account's part, or go on with that of an account of the same name."""
        self.accounts[account.key] = AccountTelemetry(self, account)

    def forget(self, key: AccountKey) -> None:
        """Remove an account's part; its series are gone at once."""
        self.accounts.pop(key).forgotten = True
        for metric in self._metrics:
            metric.remove_by_labels({"vendor": key[0], "account": key[1]})

    def _counter(self, family: Family) -> Counter:
        metric = Counter(family.name, family.help, family.labels, registry=self.registry)
        self._metrics.append(metric)
        return metric

    def _histogram(self, family: Family, buckets: tuple[float, ...]) -> Histogram:
        metric = Histogram(family.name, family.help, family.labels, registry=self.registry, buckets=buckets)
        self._metrics.append(metric)
        return metric


class AccountTelemetry:
    """One account's part of the telemetry: the observer of its client and of its poller."""

    def __init__(self, telemetry: Telemetry, account: Account) -> None:
        self.account = account
        key = self._key = account.key
        self._polls = telemetry.polls.labels(*key)
        self._requests = telemetry.requests
        self._token_refreshes = telemetry.token_refreshes.labels(*key)
        self._poll_seconds = telemetry.poll_seconds.labels(*key)
        self._request_seconds = telemetry.request_seconds.labels(*key)
        self._failures = {reason: telemetry.failures.labels(*key, reason) for reason in REASONS}
        self._skipped = {reason: telemetry.skipped.labels(*key, reason) for reason in SKIP_REASONS}
        self._write_failures = telemetry.write_failures.labels(*key)
        self._set_aside = {reason: telemetry.set_aside.labels(*key, reason) for reason in REJECTIONS}
        self.rate_limit = RateLimit()
        self.forgotten = False

    def requested(self, code: str, seconds: float) -> None:
        """Count a request by its HTTP status, or `none`; not one that was under way when the account was forgotten."""
        if self.forgotten:
            return
        self._requests.labels(*self._key, code).inc()
        self._request_seconds.observe(seconds)

    def token_refreshed(self) -> None:
        """Count a sign-in that brought a token."""
        self._token_refreshes.inc()

    def rate_limit_stated(self, stated: RateLimit) -> None:
        """Keep what an answer says of the vendor's limit; an answer that says nothing changes nothing."""
        if stated != RateLimit():
            self.rate_limit = stated

    def write_failed(self) -> None:
        """Count a reading that could not be written."""
        self._write_failures.inc()

    def set_aside(self, reason: Rejection) -> None:
        """Count a stored file that could not be used."""
        self._set_aside[reason].inc()

    def polled(self, seconds: float, outcome: Reading | PollError) -> None:
        """Count a poll, and how it ended."""
        self._polls.inc()
        self._poll_seconds.observe(seconds)
        if isinstance(outcome, PollError):
            self._failures[outcome.reason].inc()
            return
        for reason, count in outcome.notes.skipped.items():
            self._skipped[reason].inc(count)


class SnapshotCollector(Collector):
    """What the snapshots and the settings say of each account, made anew for each scrape."""

    def __init__(self, store: Store, telemetry: Telemetry) -> None:
        self._store = store
        self._telemetry = telemetry

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, all of one moment."""
        gauges: dict[Family, GaugeMetricFamily] = {}
        for family, labels, value in self._values(anyio.current_time()):
            if family not in gauges:
                gauges[family] = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            gauges[family].add_metric(labels, value)
        yield from gauges.values()

    def _values(self, now: float) -> Iterator[tuple[Family, tuple[str, ...], float]]:
        for key, snapshot in self._store:
            for family, value in _snapshot_values(snapshot, now):
                if value is not None:
                    yield family, key, value
            for (field, kind), count in snapshot.reading.notes.drift.items() if snapshot.reading else ():
                yield own.CONTRACT_DRIFT, (*key, field, kind), count
            for quota, count in snapshot.reading.quotas.matched.items() if snapshot.reading else ():
                yield own.QUOTA_MATCHED_SERIES, (*key, quota), count
            if snapshot.error is not None:
                yield own.ACCOUNT_FAILING, (*key, snapshot.error.reason), 1
            yield from self._settings(key)
        yield own.BUILD_INFO, (__version__, platform.python_version()), 1
        yield own.RELOAD_SUCCESSFUL, (), float(self._telemetry.loading.accepted)
        yield own.RELOAD_TIMESTAMP, (), self._telemetry.loading.accepted_at

    def _settings(self, key: AccountKey) -> Iterator[tuple[Family, tuple[str, ...], float]]:
        account, limit = self._telemetry.accounts[key].account, self._telemetry.accounts[key].rate_limit
        verified = str(not account.tls.insecure_skip_verify).lower()
        proxied = str(account.proxy_url is not None).lower()
        yield own.POLL_INTERVAL, key, account.interval
        yield own.ACCOUNT_INFO, (*key, account.host, verified, proxied), 1
        if limit.limit is not None:
            yield own.RATE_LIMIT_LIMIT, key, limit.limit
        if limit.remaining is not None:
            yield own.RATE_LIMIT_REMAINING, key, limit.remaining


def _snapshot_values(snapshot: Snapshot, now: float) -> Iterator[tuple[Family, float | None]]:
    yield own.ACCOUNT_UP, float(snapshot.up)
    yield own.LAST_SUCCESS, snapshot.read_at
    yield own.LAST_ATTEMPT, snapshot.attempted_at
    yield own.NEXT_ATTEMPT, snapshot.next_attempt_at
    reading = snapshot.reading
    shown = snapshot.shows(now)
    yield own.ACCOUNT_SERIES, float(len(reading.samples)) if reading and shown else 0.0
    yield own.SERIES_DROPPED, float(reading.dropped) if reading else 0.0
    yield own.DATA_TIMESTAMP, reading.as_of if reading and shown else None
