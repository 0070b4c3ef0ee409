"""What was used of a quota over all its periods: a true counter, made of figures that fall.

While the period is known, it is in the counter up to its highest figure: a correction downwards adds nothing,
nor does the way back up. A new period adds its figure whole. Vendors may be late: a figure that has not fallen
since the new period began is taken for the last one's for some time. Where the period is not known, a fall may
be a new one or a correction; it adds nothing, and every rise counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Final

from exporter.quota.model import Quota
from exporter.vendors.periods import Span

_LATEST_SECONDS: Final = 26 * 3600.0
"""How late a vendor may be with a new period's figure: a day behind, and a clock of its own."""


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
        origin: what the quota is made of.
        late: the total when a new period began whose figure has not fallen yet; None where none has.

    """

    total: float
    counted: float
    last: float
    limit: float | None
    span: Span
    seen: float
    origin: str = ""
    late: float | None = None


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
        return Consumption(used_since, quota.used, quota.used, quota.limit, quota.span, now, quota.origin)
    limit = before.limit if quota.limit is None else quota.limit
    after = partial(Consumption, last=quota.used, limit=limit, seen=now, origin=quota.origin)
    if before.origin != quota.origin:  # the operator made it of something else: nothing of that was used just now
        return after(total=before.total, counted=quota.used, span=quota.span)
    begun = _begun(quota, before, now)
    if begun is None or _may_be_late(quota, before, now - begun):
        total = before.total + max(0.0, quota.used - before.counted)
        counted = max(quota.used, before.counted) if quota.span.known else quota.used
        late = None if begun is None else before.total if before.late is None else before.late
        span = quota.span if quota.span.known and begun is None else before.span
        return after(total=total, counted=counted, span=span, late=late)
    base = before.total if before.late is None or quota.used < before.last else before.late
    total = max(before.total, base + max(0.0, quota.used))
    return after(total=total, counted=quota.used, span=quota.span)


def _begun(quota: Quota, before: Consumption, now: float) -> float | None:
    """Return when another period began than the quota was in, Unix time; None where none has.

    Vendors correct the times of a period too: a start that moves within the old period is a new one only where
    the figure fell, and an end that moves only where the old end has passed.
    """
    old, new = before.span, quota.span
    if old.start is not None and new.start is not None:
        over = old.end is not None and new.start >= old.end
        return new.start if new.start > old.start and (over or quota.used < before.counted) else None
    passed = old.end is not None and new.end is not None and new.end > old.end and now >= old.end
    return old.end if passed else None


def _may_be_late(quota: Quota, before: Consumption, age: float) -> bool:
    """Whether the figure may still be the last period's, the new one being so old: it has not fallen since."""
    start, end = quota.span.start, quota.span.end
    length = end - start if start is not None and end is not None else math.inf
    return quota.used >= before.last and age < min(_LATEST_SECONDS, length / 2)
