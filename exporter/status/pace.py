"""How fast quotas are used, from occasional samples of the exporter's own counters, kept for about a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.quota import QuotaId, Total
from exporter.status.document import Outlook
from exporter.status.urgency import is_used_up
from exporter.store.looks import Look, Looks, LooksByQuota
from exporter.store.snapshot import AccountKey
from exporter.store.store import Store

_DAY: Final = 24 * 3600.0
_HALF_A_DAY: Final = _DAY / 2
_SHORTEST_HISTORY: Final = 2 * 3600.0
"""Less says more of the hour than of the day."""


class Paces:
    """The paces of all quotas: what is used of each in a second, over the last half day to day.

    Attributes:
        looks: for each quota a look at its counter from half a day to a day ago, once there is as much history, and a
            later one.

    """

    def __init__(self, looks: LooksByQuota | None = None) -> None:
        self.looks: LooksByQuota = looks or {}

    def look(self, store: Store, now: float) -> None:
        """Look at every counter; `now` is Unix time. Quotas that are gone are forgotten."""
        looks: dict[tuple[AccountKey, QuotaId], Looks] = {}
        for key, snapshot in store:
            for quota, total in snapshot.ledger.totals.items():
                here = Look(now, total.value)
                known = self.looks.get((key, quota))
                if known is None or not _tells_of(known, total, now):
                    known = Looks(total.created, here, here)
                elif now - known.later.at >= _HALF_A_DAY:
                    known = Looks(total.created, known.later, here)
                looks[key, quota] = known
        self.looks = looks

    def per_second(self, key: AccountKey, quota: QuotaId, totals: Mapping[QuotaId, Total], now: float) -> float | None:
        """Return how much of a quota is used per second; None where there is too little history."""
        known, total = self.looks.get((key, quota)), totals.get(quota)
        if known is None or total is None or not _tells_of(known, total, now):
            return None
        seconds = now - known.earlier.at
        return (total.value - known.earlier.value) / seconds if seconds >= _SHORTEST_HISTORY else None


def _tells_of(looks: Looks, total: Total, now: float) -> bool:
    """Whether looks are of this counter, which may have begun anew, and of about the day before `now`."""
    is_same = looks.created == total.created and looks.later.value <= total.value
    return is_same and 0 <= now - looks.later.at <= _DAY


def outlook(
    used: float, limit: float | None, end: float | None, per_second: float | None, now: float
) -> tuple[Outlook, float | None]:
    """Return how long a quota lasts, and when it runs out where it does.

    Args:
        used: what is used of it.
        limit: what it allows, or None.
        end: when its period ends, Unix time, or None.
        per_second: its pace, or None.
        now: Unix time.

    """
    if limit is None:
        return "unknown", None
    if is_used_up(used, limit):
        return "used_up", None
    if used >= limit or (end is not None and end <= now):
        return "unknown", None
    if per_second is None:
        return "unknown", None
    if per_second <= 0:
        return ("end_of_period" if end is not None else "unknown"), None
    runs_out = now + (limit - used) / per_second
    return ("end_of_period", None) if end is not None and runs_out >= end else ("runs_out", runs_out)
