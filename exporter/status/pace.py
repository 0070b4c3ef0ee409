"""The paces of quotas: how fast each quota is used, as measured by the exporter's own counters over about a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.quota import QuotaId, Total
from exporter.status.document import Outlook
from exporter.status.urgency import is_used_up
from exporter.store.observations import Observation, Observations, ObservationsByQuota
from exporter.store.snapshot import AccountKey
from exporter.store.store import Store

_DAY: Final = 24 * 3600.0
_HALF_A_DAY: Final = _DAY / 2
_SHORTEST_HISTORY: Final = 2 * 3600.0
"""The shortest history that gives a pace. A shorter history would say more about an hour than about the day."""


class Paces:
    """The paces of all quotas: the use per second, averaged over the last 12 to 24 hours.

    Attributes:
        observations: two observations of each quota's counter. The earlier observation is 12 to 24 hours old, once
            there is enough history.

    """

    def __init__(self, observations: ObservationsByQuota | None = None) -> None:
        self.observations: ObservationsByQuota = observations or {}

    def observe(self, store: Store, now: float) -> None:
        """Observe every counter at the Unix time `now`, and forget quotas that no longer exist."""
        observations: dict[tuple[AccountKey, QuotaId], Observations] = {}
        for key, snapshot in store:
            for quota, total in snapshot.ledger.totals.items():
                here = Observation(now, total.value)
                known = self.observations.get((key, quota))
                if known is None or not _tells_of(known, total, now):
                    known = Observations(total.created, here, here)
                elif now - known.later.at >= _HALF_A_DAY:
                    known = Observations(total.created, known.later, here)
                observations[key, quota] = known
        self.observations = observations

    def per_second(self, key: AccountKey, quota: QuotaId, totals: Mapping[QuotaId, Total], now: float) -> float | None:
        """Return the use of a quota per second; None if there is too little history."""
        known, total = self.observations.get((key, quota)), totals.get(quota)
        if known is None or total is None or not _tells_of(known, total, now):
            return None
        seconds = now - known.earlier.at
        return (total.value - known.earlier.value) / seconds if seconds >= _SHORTEST_HISTORY else None


def _tells_of(observations: Observations, total: Total, now: float) -> bool:
    """Whether both observations are usable: the later one is recent, and the counter has not restarted since."""
    is_same = observations.created == total.created and observations.later.value <= total.value
    return is_same and 0 <= now - observations.later.at <= _DAY


def outlook(
    used: float, limit: float | None, end: float | None, per_second: float | None, now: float
) -> tuple[Outlook, float | None]:
    """Return a quota's outlook, and when the quota will run out. The time is None unless the outlook is `runs_out`.

    Args:
        used: the use in the quota's period.
        limit: how much the quota allows; None if unlimited or unknown.
        end: the end of the quota's period, in Unix time; None if unknown.
        per_second: the quota's pace; None if unknown.
        now: the current Unix time.

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
