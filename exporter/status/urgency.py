"""How urgent quotas are: used up, over a threshold, of unknown state, or well; and their order, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, get_args

from exporter.rules.thresholds import Thresholds
from exporter.status.document import AccountStatus, QuotaStatus, Status, Urgency

_RULES: Final = Thresholds()
_RANKS: Final = {urgency: rank for rank, urgency in enumerate(get_args(Urgency))}
URGENT: Final = frozenset({"used_up", "critical", "warning"})
"""What a person should look at."""

Ranked = tuple[AccountStatus, QuotaStatus]


def is_used_up(used: float, limit: float) -> bool:
    """Whether nothing is left of a quota. Nothing used of a limit of 0 is not used up."""
    return used >= limit and (used > 0 or limit > 0)


def urgency_of(used: float, limit: float | None, shares: Iterable[tuple[str, float]], *, is_known: bool) -> Urgency:
    """Return how urgent a quota is.

    Args:
        used: what is used of it.
        limit: what it allows; None if that is nothing certain. Nothing used of a limit of 0 is well.
        shares: where `warning` and `critical` begin for it, if not where the shipped rules have them.
        is_known: whether the figure is of now: its account does not fail, its period has not ended.

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
    """Return what sorts quotas, the most urgent first and then by share."""
    share = quota.share
    return _RANKS[quota.urgency], -share if share is not None else 0.0, quota.quota, quota.subject


def ranked_quotas(status: Status) -> list[Ranked]:
    """Return every quota with its account, the most urgent first."""
    pairs = [(account, quota) for account in status.accounts for quota in account.quotas]
    return sorted(pairs, key=lambda pair: (*rank(pair[1]), pair[0].vendor, pair[0].account))


def count_urgencies(status: Status) -> Counter[Urgency]:
    """Return how many quotas are how urgent."""
    return Counter(quota.urgency for account in status.accounts for quota in account.quotas)
