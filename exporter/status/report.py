"""Builds the status document from the store and the telemetry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from statistics import mean
from typing import Final

from exporter import __version__
from exporter.secret import redact
from exporter.status.document import AccountStatus, ConfigStatus, PollStatus, QuotaStatus, Status
from exporter.status.notices import notices
from exporter.status.pace import Paces, outlook
from exporter.status.urgency import rank, urgency_of
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.telemetry.account import alert_shares
from exporter.telemetry.polls import PollRecord
from exporter.telemetry.telemetry import AccountTelemetry, Telemetry

_DAY_SECONDS: Final = 86_400.0
_NO_QUOTAS: Final = (sys.maxsize, 0.0)


def report(store: Store, telemetry: Telemetry, paces: Paces, now: float, monotonic_now: float) -> Status:
    """Return an exporter's status at a moment, given as Unix time and as monotonic time."""
    accounts = [
        _account(key, snapshot, telemetry.accounts.get(key), paces, now, monotonic_now) for key, snapshot in store
    ]
    loading, shard = telemetry.reload_status, telemetry.shard
    return Status(
        version=__version__,
        now=now,
        started_at=telemetry.started_at,
        shard=shard.number,
        total_shards=shard.total,
        configuration=ConfigStatus(
            accepted=loading.accepted, accepted_at=loading.accepted_at, problems=tuple(map(redact, loading.problems))
        ),
        accounts=tuple(sorted(accounts, key=_badness)),
    )


def _account(  # noqa: PLR0913, PLR0917 - everything known about an account, and two clocks
    key: AccountKey,
    snapshot: Snapshot,
    telemetry: AccountTelemetry | None,
    paces: Paces,
    now: float,
    monotonic_now: float,
) -> AccountStatus:
    shown = snapshot.visible(monotonic_now)
    error, records = snapshot.failure, telemetry.polls.records if telemetry else ()
    next_poll_at = snapshot.next_attempt_at
    return AccountStatus(
        vendor=key[0],
        account=key[1],
        state="waiting" if not snapshot.polled else "failing" if error else "up",
        reason=error.reason if error else None,
        error=redact(str(error)) if error else None,
        failing_since=snapshot.failing_since,
        failures=snapshot.failures,
        interval=telemetry.account.interval if telemetry else 0.0,
        read_at=min((part.read_at for part in shown), default=snapshot.read_at),
        shown_until=now + min(part.stale_at for part in shown) - monotonic_now if shown else None,
        next_poll_at=next_poll_at if next_poll_at is not None and next_poll_at >= now else None,
        series=sum(part.series for part in shown),
        series_dropped=snapshot.dropped,
        credential_expires_at=telemetry.credential_expiry if telemetry else None,
        notices=tuple(notices(snapshot)),
        requests_per_day=_requests_per_day(telemetry) if telemetry else None,
        quotas=tuple(sorted(_quotas(key, snapshot, telemetry, paces, now, monotonic_now), key=rank)),
        polls=tuple(map(_poll, records)),
    )


def _quotas(  # noqa: PLR0913, PLR0917 - as above
    key: AccountKey,
    snapshot: Snapshot,
    telemetry: AccountTelemetry | None,
    paces: Paces,
    now: float,
    monotonic_now: float,
) -> Iterator[QuotaStatus]:
    totals = snapshot.ledger.totals
    for part in snapshot.visible(monotonic_now):
        for one in part.quotas:
            pace = paces.per_second(key, one.id, totals, now)
            shares = alert_shares(telemetry.account, one.id.name, one.id.subject) if telemetry else ()
            is_known = snapshot.failure is None and (one.span.end is None or one.span.end > now)
            lasts, until = outlook(one.used, one.limit, one.span.end, pace, now)
            yield QuotaStatus(
                quota=one.id.name,
                subject=one.id.subject,
                subject_name=one.subject_name,
                unit=one.id.unit,
                used=one.used,
                limit=one.limit,
                period_end=one.span.end,
                urgency=urgency_of(one.used, one.limit, shares, is_known=is_known),
                outlook=lasts,
                lasts_until=until,
            )


def _poll(record: PollRecord) -> PollStatus:
    error = record.error
    return PollStatus(
        began_at=record.began_at,
        seconds=record.seconds,
        codes=dict(record.codes),
        series=record.series,
        drift=record.drift,
        reason=error.reason if error else None,
        error=redact(str(error)) if error else None,
    )


def _requests_per_day(telemetry: AccountTelemetry) -> int | None:
    account, records = telemetry.account, telemetry.polls.records
    if not records:
        return None
    last = records[0].requests
    requests = mean(one.requests for one in records) * account.slice_count if account.slice_count > 1 else last
    return round(requests * _DAY_SECONDS / account.interval)


def _badness(account: AccountStatus) -> tuple[object, ...]:
    state = {"failing": 0, "waiting": 1, "up": 2}[account.state]
    if state == 0 and account.shown_until is None:
        state = -1
    worst = rank(account.quotas[0])[:2] if account.quotas else _NO_QUOTAS
    return state, worst, account.vendor, account.account
