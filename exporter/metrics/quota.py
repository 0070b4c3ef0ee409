"""The quota model that all vendors share: use, limit and period. Names begin with `usage_quota_`.

The label `subject` is the plan, customer or contract that has the quota. The label `unit` says what is counted, and is
empty if the vendor does not state the unit.
"""

from __future__ import annotations

from functools import partial

from exporter.metrics.family import Family

_quota = partial(Family, labels=("vendor", "quota", "subject", "unit"))

QUOTA_USED = _quota("usage_quota_used", "Amount of a quota used in its period so far.")
QUOTA_LIMIT = _quota("usage_quota_limit", "Amount that a quota allows in its period; absent if unlimited or unknown.")
QUOTA_PERIOD_START = _quota(
    "usage_quota_period_start_timestamp_seconds", "When a quota's period began, Unix time; absent if unknown."
)
QUOTA_PERIOD_END = _quota(
    "usage_quota_period_end_timestamp_seconds",
    "When a quota's period ends and its use starts again at 0, Unix time; absent if unknown.",
)
QUOTA_SUBJECT_INFO = Family(
    "usage_quota_subject_info",
    "What the vendor calls the subject of a quota; always 1, absent where it has no name. Only with `names`.",
    labels=("vendor", "quota", "subject", "unit", "name"),
)
QUOTA_CONSUMED = _quota(
    "usage_quota_consumed_total",
    "Amount of a quota used since the exporter first read it, over all periods and all series that it counts, including"
    " series that are gone: a new period adds its figure; a correction downwards and the way back up add nothing. If"
    " the period is unknown, every rise counts. The first value is 0.",
    kind="counter",
    has_created=True,
)
