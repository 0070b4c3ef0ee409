"""Times, numbers and states in words, the same on pages and terminals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from exporter.status.document import AccountStatus, QuotaStatus, Status, Urgency
from exporter.status.urgency import count_urgencies

_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_LARGE: Final = 100
_URGENCIES: Final[Mapping[Urgency, str]] = {
    "used_up": "used up",
    "critical": "above critical",
    "warning": "above warning",
    "unknown": "not up to date",
}


def span(seconds: float) -> str:
    """Return a duration in at most two units, such as `2d 3h` or `48s`."""
    if not math.isfinite(seconds):
        return "ever"
    rest = max(0, round(seconds))
    for index, (unit, length) in enumerate(_UNITS):
        if rest >= length or length == 1:
            count, rest = divmod(rest, length)
            below = _UNITS[index + 1 : index + 2]
            parts = [f"{count}{unit}", *(f"{rest // size}{name}" for name, size in below if rest // size)]
            return " ".join(parts)
    return "0s"


def ago(moment: float, now: float) -> str:
    """Return how long ago a time was."""
    return f"{span(now - moment)} ago"


def until(moment: float, now: float) -> str:
    """Return how long it is until a time."""
    return f"in {span(moment - now)}" if moment > now else "now"


def absolute(moment: float) -> str:
    """Return a time as a date in UTC, or as a plain number if the time is beyond the calendar."""
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return f"{moment:g}"


def amount(value: float) -> str:
    """Return a figure with thousands separators and a sensible number of decimals."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= _LARGE or value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.3g}"


def percent(share: float | None) -> str:
    """Return a share in percent; empty if unknown. The number is rounded down, so 100% means that all is used."""
    if share is None or not math.isfinite(share):
        return ""
    return f"{math.floor(share * 100 + 1e-9)}%"


def lasts(quota: QuotaStatus, now: float) -> str:
    """Return how long a quota lasts at the pace of the past day; empty if unknown."""
    if quota.outlook == "runs_out" and quota.lasts_until is not None:
        return span(quota.lasts_until - now)
    return {"used_up": "used up", "end_of_period": "end of period"}.get(quota.outlook, "")


def state(account: AccountStatus, now: float) -> str:
    """Return an account's state in a few words, such as `up`, or the reason and duration of a failure."""
    if account.state == "failing":
        since = f", {span(now - account.failing_since)}" if account.failing_since is not None else ""
        return f"{account.reason or 'failing'}{since}"
    return "not polled yet" if account.state == "waiting" else "up"


def printable(text: str) -> str:
    """Return a text with unprintable characters replaced, because such characters could move a cursor."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


def summary(status: Status) -> str:
    """Return a sentence on the state of all accounts."""
    count = len(status.accounts)
    failing = sum(one.state == "failing" for one in status.accounts)
    waiting = sum(one.state == "waiting" for one in status.accounts)
    parts = [
        f"{count} account{'s'[: count != 1]}",
        f"{failing} failing" if failing else "none failing",
        *([f"{waiting} not polled yet"] if waiting else []),
    ]
    counts = count_urgencies(status)
    total = counts.total()
    if not total:
        return ", ".join(parts)
    found = [f"{counts[urgency]:,} {text}" for urgency, text in _URGENCIES.items() if counts[urgency]]
    found = found or ["none above its warning"]
    return f"{', '.join(parts)}; {total:,} quota{'s'[: total != 1]}: {', '.join(found)}"
