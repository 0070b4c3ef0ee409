"""Logs what happens to an account: one line per change of state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from exporter.durations import write_duration
from exporter.log import logger
from exporter.quota import WITHHELD_TEXTS, QuotaId, Withheld
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.vendors.reply import Diagnostics, SkipReason

_LOGGED_SKIPS: Final[tuple[SkipReason, ...]] = ("gone", "schema", "refused", "failing")
_MAX_FALLEN_LOGGED: Final = 5
_REPEATED_EVERY: Final = 20
"""The number of failed polls after which a continuing failure is logged again."""


class Ahead(NamedTuple):
    """The times that are logged after a poll, in Unix time.

    Attributes:
        now: when the poll ended.
        next_at: when the next poll begins; None if no poll follows.
        shown_until: when the last good reading ceases to be shown; None if no reading is shown.

    """

    now: float
    next_at: float | None = None
    shown_until: float | None = None


def log_poll(key: AccountKey, number: int, seconds: float, **outcome: object) -> None:
    """Log, at debug level, that a poll of a slice has ended."""
    vendor, account = key
    logger.debug("polled", vendor=vendor, account=account, slice=number, seconds=round(seconds, 3), **outcome)


def log_changes(key: AccountKey, before: Snapshot, after: Snapshot, ahead: Ahead) -> None:
    """Log any change that a poll made to the account's state, or to what is left out of the account's readings."""
    _log_state(key, before, after, ahead)
    if after.slices is not before.slices:
        _log_diagnostics(key, before.diagnostics, after.diagnostics)
        _log_capped(key, before.diagnostics, after.diagnostics)
        _log_dropped(key, before.dropped, after.dropped)
        _log_withheld(key, before.withheld, after.withheld)


def _log_state(key: AccountKey, before: Snapshot, after: Snapshot, ahead: Ahead) -> None:
    """Log when an account starts to fail, fails differently, or recovers. Lasting failures are logged repeatedly."""
    vendor, account = key
    if after.error is None and after.failure is not None:
        if before.error is not None or before.failure is None:
            failure = after.failure
            message = "polls continue without the items that keep failing"
            logger.warning(message, vendor=vendor, account=account, reason=failure.reason, error=str(failure))
        return
    if after.error is None:
        if before.failure is not None or not before.polled:
            message = "poll recovered" if before.failure is not None else "first poll succeeded"
            away = {} if before.failing_since is None else {"failed_for": _span(ahead.now - before.failing_since)}
            logger.info(message, vendor=vendor, account=account, series=after.series, failures=before.failures, **away)
        return
    if before.error is None or before.error.reason != after.error.reason or after.failures % _REPEATED_EVERY == 0:
        shown = "no reading yet"
        if after.has_reading:
            is_shown = ahead.shown_until is not None
            shown = "last good reading shown until it is stale" if is_shown else "nothing shown"
        logger.warning(
            f"poll failed; {shown}",
            vendor=vendor,
            account=account,
            reason=after.error.reason,
            error=str(after.error),
            failures=after.failures,
            **_times(next_attempt=ahead.next_at, shown_until=ahead.shown_until),
        )


def _times(**times: float | None) -> dict[str, str]:
    """Return the times that are not None, in the log's format."""
    return {
        name: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items() if at is not None
    }


def _span(seconds: float) -> str:
    return write_duration(round(seconds))


def _log_diagnostics(key: AccountKey, before: Diagnostics, after: Diagnostics) -> None:
    """Log when deviations from the vendor's documentation change, and when the number of left-out items changes."""
    if before.drift.keys() != after.drift.keys():
        drift = {"drift": _join_sorted(f"{field} {kind}" for field, kind in after.drift)} if after.drift else {}
        deviate, match = "responses deviate from the vendor's documentation", "responses match the documentation again"
        _log_turn(key, deviate if drift else match, is_bad=bool(drift), **drift)
    left_out = _left_out(after)
    if _left_out(before) != left_out:
        message = "items left out of the reading" if left_out else "no items left out any more"
        _log_turn(key, message, is_bad=bool(left_out), items=left_out, such_as=_join_sorted(after.left_out))


def _log_capped(key: AccountKey, before: Diagnostics, after: Diagnostics) -> None:
    """Log when an account starts or stops having more customers than allowed."""
    left_out = after.skipped["capped"]
    if bool(before.skipped["capped"]) != bool(left_out):
        message = "customers are left out because of max_customers" if left_out else "no customer is left out any more"
        _log_turn(key, message, is_bad=bool(left_out), customers=after.listed, left_out=left_out)


def _log_dropped(key: AccountKey, before: int, after: int) -> None:
    """Log when an account starts or stops having more series than allowed."""
    if bool(before) != bool(after):
        message = "series dropped: max_series reached" if after else "no series dropped any more"
        _log_turn(key, message, is_bad=bool(after), dropped=after)


def _log_turn(key: AccountKey, message: str, *, is_bad: bool, **details: object) -> None:
    """Log a change for the worse as a warning, and a change for the better at level info."""
    vendor, account = key
    log = logger.warning if is_bad else logger.info
    log(message, vendor=vendor, account=account, **details)


def log_fallen(key: AccountKey, quotas: Sequence[QuotaId]) -> None:
    """Log the quotas with a figure that fell by more than half within a period. This is treated as a correction."""
    vendor, account = key
    for quota in quotas[:_MAX_FALLEN_LOGGED]:
        logger.warning(
            "figure more than halved within its period; treated as a correction",
            vendor=vendor,
            account=account,
            quota=quota.name,
            subject=quota.subject,
            quotas=len(quotas),
        )


def _log_withheld(key: AccountKey, before: Withheld, after: Withheld) -> None:
    """Log when a quota becomes withheld, when the reasons change, and when a quota is shown again."""
    vendor, account = key
    for quota in sorted({name for name, _ in (*before, *after)}):
        reasons = [reason for name, reason in sorted(after) if name == quota]
        if not reasons:
            logger.info("quota shown again", vendor=vendor, account=account, quota=quota)
        elif reasons != [reason for name, reason in sorted(before) if name == quota]:
            error = "; ".join(WITHHELD_TEXTS[reason] for reason in reasons)
            logger.warning("quota withheld", vendor=vendor, account=account, quota=quota, error=error)


def _left_out(diagnostics: Diagnostics) -> int:
    return sum(diagnostics.skipped[reason] for reason in _LOGGED_SKIPS)


def _join_sorted(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
