"""Gauges about an account, derived from its snapshot and its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporter.client.rate_limit import StatedLimit
from exporter.metrics import Family, Figures, Labels, own
from exporter.store.snapshot import Snapshot
from exporter.vendors.account import Account
from exporter.vendors.settings.thresholds import Severity

Figure = tuple[Family, Labels, float | None]
"""A family, labels and a value. A value of None is unknown, and gets no series."""


_MOST_WITHHELD: Final = 100
"""The maximum number of series for withheld quotas, because vendors may invent any number of quota names."""


def account_figures(
    account: Account, limit: StatedLimit, expiry: float | None, snapshot: Snapshot, now: float
) -> Figures:
    """Return an account's gauges.

    Args:
        account: the account's settings.
        limit: the rate limit that the vendor last stated.
        expiry: when the account's credential expires, in Unix time; None if unknown.
        snapshot: the account's state.
        now: the current monotonic time.

    """
    figures: dict[Family, dict[Labels, float]] = {}
    settings = _settings(account, limit, expiry)
    thresholds = _thresholds(account, snapshot, now)
    for some in (_states(account.key, snapshot, now), _details(account.key, snapshot), settings, thresholds):
        for family, labels, value in some:
            if value is not None:
                figures.setdefault(family, {})[labels] = float(value)
    return figures


def _states(key: Labels, snapshot: Snapshot, now: float) -> Iterator[Figure]:
    shown = snapshot.visible(now)
    yield own.ACCOUNT_UP, key, snapshot.up
    yield own.LAST_SUCCESS, key, snapshot.read_at
    yield own.LAST_ATTEMPT, key, snapshot.attempted_at
    yield own.NEXT_ATTEMPT, key, snapshot.next_attempt_at
    yield own.ACCOUNT_SERIES, key, sum(part.series for part in shown)
    yield own.SERIES_DROPPED, key, snapshot.dropped
    yield own.DATA_TIMESTAMP, key, min((part.as_of for part in shown if part.as_of is not None), default=None)


def _details(key: Labels, snapshot: Snapshot) -> Iterator[Figure]:
    if snapshot.diagnostics.listed is not None:
        yield own.CUSTOMERS_DROPPED, key, snapshot.diagnostics.skipped["capped"]
    for (field, kind), count in snapshot.diagnostics.drift.items():
        yield own.CONTRACT_DRIFT, (*key, field, kind), count
    for quota, count in snapshot.matched.items():
        yield own.QUOTA_MATCHED_SERIES, (*key, quota), count
    for (quota, reason), count in sorted(snapshot.withheld.items())[:_MOST_WITHHELD]:
        yield own.QUOTAS_WITHHELD, (*key, quota, reason), count
    if snapshot.failure is not None:
        yield own.ACCOUNT_FAILING, (*key, snapshot.failure.reason), 1


def alert_shares(account: Account, quota: str, subject: str) -> Iterator[tuple[Severity, float]]:
    """Yield each of a quota's own thresholds: the severity, and the share of the limit at which the alert begins."""
    fitting = (one for one in account.thresholds if one.is_for(quota, subject))
    if found := next(fitting, next((one for one in account.quotas if one.name == quota), None)):
        yield from found.shares()


def _thresholds(account: Account, snapshot: Snapshot, now: float) -> Iterator[Figure]:
    """Yield the alert thresholds of each quota on the page. One setting may apply to any number of quotas."""
    if not account.thresholds and not any(True for one in account.quotas for _ in one.shares()):
        return
    for part in snapshot.visible(now):
        for quota in part.quotas:
            for severity, share in alert_shares(account, quota.id.name, quota.id.subject):
                yield own.QUOTA_THRESHOLD, (*account.key, *quota.id, severity), share


def _settings(account: Account, limit: StatedLimit, expiry: float | None) -> Iterator[Figure]:
    verified = str(not account.tls.insecure_skip_verify).lower()
    proxied = str(account.proxy_url is not None).lower()
    yield own.POLL_INTERVAL, account.key, account.interval
    yield own.ACCOUNT_INFO, (*account.key, account.host, verified, proxied), 1
    yield own.RATE_LIMIT_LIMIT, account.key, limit.limit
    yield own.CREDENTIAL_EXPIRY, account.key, expiry
    yield own.RATE_LIMIT_REMAINING, account.key, limit.remaining
