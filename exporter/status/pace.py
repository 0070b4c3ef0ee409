"""How fast quotas are used: the exporter's own counters, looked at now and then, kept for about a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from exporter.quota import QuotaId, Total
from exporter.status.document import Outlook
from exporter.store.snapshot import AccountKey
from exporter.store.store import Store

_HALF_A_DAY: Final = 12 * 3600.0
_SHORTEST_HISTORY: Final = 2 * 3600.0
"""Less says more of the hour than of the day."""


class Look(NamedTuple):
    """A counter's value at a Unix time."""

    at: float
    value: float


class _Looks(NamedTuple):
    """Looks at a counter: one from half a day to a day old once there is as much history, a later one, the last."""

    earlier: Look
    later: Look
    last: float


class Paces:
    """The paces of all quotas: what is used of each in a second, over the last half day to day."""

    def __init__(self) -> None:
        self._looks: dict[tuple[AccountKey, QuotaId], _Looks] = {}

    def look(self, store: Store, now: float) -> None:
        """Look at every counter; `now` is Unix time. Quotas that are gone are forgotten."""
        looks: dict[tuple[AccountKey, QuotaId], _Looks] = {}
        for key, snapshot in store:
            for quota, total in snapshot.ledger.totals.items():
                here = Look(now, total.value)
                known = self._looks.get((key, quota))
                if known is None or here.value < known.last:  # or it began anew
                    known = _Looks(here, here, here.value)
                elif now - known.later.at >= _HALF_A_DAY:
                    known = _Looks(known.later, here, here.value)
                looks[key, quota] = known._replace(last=here.value)
        self._looks = looks

    def per_second(self, key: AccountKey, quota: QuotaId, totals: Mapping[QuotaId, Total], now: float) -> float | None:
        """Return how much of a quota is used per second; None where there is too little history."""
        known, total = self._looks.get((key, quota)), totals.get(quota)
        if known is None or total is None or total.value < known.last or now - known.earlier.at < _SHORTEST_HISTORY:
            return None
        return (total.value - known.earlier.value) / (now - known.earlier.at)


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
    if used >= limit:
        return "used_up", None
    if end is not None and end <= now:
        return "unknown", None
    if per_second is None:
        return "unknown", None
    if per_second <= 0:
        return ("end_of_period" if end is not None else "unknown"), None
    runs_out = now + (limit - used) / per_second
    return ("end_of_period", None) if end is not None and runs_out >= end else ("runs_out", runs_out)


def worst_first(shares: Iterable[float | None]) -> float:
    """Return what sorts things by the most used of their quotas, the worst first."""
    return -max((share for share in shares if share is not None), default=-1.0)
