"""The urgency of quotas (used up, above a threshold, unknown, or fine), and their order, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, get_args

from exporter.rules.thresholds import Thresholds
from exporter.status.document import AccountStatus, QuotaStatus, Status, Urgency

_RULES: Final = Thresholds()
_RANKS: Final = {urgency: rank for rank, urgency in enumerate(get_args(Urgency))}
URGENT: Final = frozenset({"used_up", "critical", "warning"})
"""The urgencies at which a person should act."""

Ranked = tuple[AccountStatus, QuotaStatus]


def is_used_up(used: float, limit: float) -> bool:
    """Whether nothing is left of a quota. A quota with a limit of 0 and no use is not used up."""
    return used >= limit and (used > 0 or limit > 0)


def urgency_of(used: float, limit: float | None, shares: Iterable[tuple[str, float]], *, is_known: bool) -> Urgency:
    """Return the urgency of a quota.

    Args:
        used: the use in the quota's period.
        limit: how much the quota allows; None if unlimited or unknown. A limit of 0 is fine while nothing is used.
        shares: the quota's own thresholds for `warning` and `critical`. They replace the shipped rules' thresholds.
        is_known: whether the figure is current: the account works, and the quota's period has not ended.

    """
    if limit is not None and is_used_up(used, limit):
        return "used_up"
    share = used / limit if limit else None
    starts = {"warning": _RULES.quota_warning, "critical": _RULES.quota_critical, **dict(shares)}
    if share is not None and share >= starts["critical"]:
        return "critical"
    if share is not None and share >= starts["warning"]:
        return "warning"
    if not is_known:
        return "unknown"
    return "well" if limit is not None else "no_limit"


def rank(quota: QuotaStatus) -> tuple[int, float, str, str]:
    """Return a key that sorts quotas by urgency, then by share, worst first."""
    share = quota.share
    return _RANKS[quota.urgency], -share if share is not None else 0.0, quota.quota, quota.subject


def ranked_quotas(status: Status) -> list[Ranked]:
    """Return every quota with its account, the most urgent first."""
    pairs = [(account, quota) for account in status.accounts for quota in account.quotas]
    return sorted(pairs, key=lambda pair: (*rank(pair[1]), pair[0].vendor, pair[0].account))


def count_urgencies(status: Status) -> Counter[Urgency]:
    """Return the number of quotas of each urgency."""
    return Counter(quota.urgency for account in status.accounts for quota in account.quotas)
