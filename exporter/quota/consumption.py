"""What was used of a quota over all its periods: a true counter, made of figures that fall.

While the period is known, it is in the counter up to its highest figure: a correction downwards adds nothing,
nor does the way back up. A new period adds its figure whole. Where the period is not known, a fall may be a
new one or a correction; it adds nothing, and every rise counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from exporter.quota.model import Quota
from exporter.vendors.periods import Span


@dataclass(frozen=True, slots=True)
class Consumption:
    """What was used of a quota over all its periods, and what is needed to go on counting.

    Attributes:
        total: used since the quota was first read; never falls.
        counted: the figure up to which the running period is in the total.
        last: the figure of the last reading.
        limit: the last limit that was known.
        span: the running period, as far as it was ever known.
        seen: when the last reading was that had the quota, Unix time.

    """

    total: float
    counted: float
    last: float
    limit: float | None
    span: Span
    seen: float


def consumption(quota: Quota, before: Consumption | None, now: float, since: float) -> Consumption:
    """Return the consumption after a reading.

    Args:
        quota: what the reading has.
        before: what was known after the reading before, if that had the quota.
        now: when the reading was asked for, Unix time.
        since: when the account's first reading was that is known of: what began later was all used since.

    """
    if before is None:
        began = quota.span.start
        used_since = max(0.0, quota.used) if began is not None and began >= since else 0.0
        return Consumption(used_since, quota.used, quota.used, quota.limit, quota.span, now)
    limit = before.limit if quota.limit is None else quota.limit
    if _renewed(quota, before, now):
        if quota.used == before.last:  # the vendor shows the last period's figure still
            return replace(before, limit=limit, seen=now)
        total, counted = before.total + max(0.0, quota.used), quota.used
    else:
        total = before.total + max(0.0, quota.used - before.counted)
        counted = max(quota.used, before.counted) if quota.span.known else quota.used
    return Consumption(total, counted, quota.used, limit, quota.span if quota.span.known else before.span, now)


def _renewed(quota: Quota, before: Consumption, now: float) -> bool:
    """Whether the quota is in another period than it was.

    Vendors correct the times of a period too: a start that moves within the old period is a new one only where
    the figure fell, and an end that moves only where the old end has passed.
    """
    old, new = before.span, quota.span
    if old.start is not None and new.start is not None:
        over = old.end is not None and new.start >= old.end
        return new.start > old.start and (over or quota.used < before.counted)
    return old.end is not None and new.end is not None and new.end > old.end and now >= old.end
