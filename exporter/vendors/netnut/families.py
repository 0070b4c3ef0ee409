"""The families that NetNut reports.

All families are gauges, since any value can fall. A family's `option` names the settings that enable the family.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from exporter.metrics import Family, declared

_MYUSAGE = "POST /customer/usage/myusage"
_plan = partial(Family, labels=("plan_id", "product_type"), vendor="NetNut")

NETNUT_GB_USED = _plan(
    "netnut_gb_used",
    "Traffic used in the plan so far, in GB as NetNut counts them.",
    source=f"{_MYUSAGE} total_gb_used",
)
NETNUT_PLAN_GB = _plan(
    "netnut_plan_gb",
    "Size of the plan in GB as NetNut counts them; absent where it has no such limit.",
    source=f"{_MYUSAGE} plan_gb",
)
NETNUT_REQUESTS_USED = _plan(
    "netnut_requests_used",
    "Requests made in the plan so far; exact up to 2^53.",
    source=f"{_MYUSAGE} total_requests_used",
)
NETNUT_REPORTED_USAGE_RATIO = _plan(
    "netnut_reported_usage_ratio",
    "Share of the plan used (1 = all) as NetNut states it, which need not be netnut_gb_used / netnut_plan_gb.",
    source=f"{_MYUSAGE} usage_percentage / 100",
)
NETNUT_PLAN_ACTIVE = _plan(
    "netnut_plan_active", "Whether the plan is active (1) or not (0).", source=f"{_MYUSAGE} is_active"
)
NETNUT_PLAN_START = _plan(
    "netnut_plan_start_timestamp_seconds", "When the plan began, Unix time.", source=f"{_MYUSAGE} start_date"
)
NETNUT_PLAN_END = _plan(
    "netnut_plan_end_timestamp_seconds",
    "When the plan ends, Unix time; a day that is given without a time is its last.",
    source=f"{_MYUSAGE} end_date",
)

_SUB_USER = "GET /customer/usage/{id} or POST /customer/usage/"
_sub_user = partial(
    Family,
    labels=("plan_id", "product_type", "sub_user_id"),
    vendor="NetNut",
    option="sub_users, reseller",
)

NETNUT_SUB_USER_GB_USED = _sub_user(
    "netnut_sub_user_gb_used",
    "Traffic a sub-user has used in the plan so far, in GB as NetNut counts them.",
    source=f"{_SUB_USER} total_gb_used",
)
NETNUT_SUB_USER_PLAN_GB = _sub_user(
    "netnut_sub_user_plan_gb",
    "Size of a sub-user's plan in GB as NetNut counts them; absent where it has no such limit.",
    source=f"{_SUB_USER} plan_gb",
)
NETNUT_SUB_USER_REQUESTS_USED = _sub_user(
    "netnut_sub_user_requests_used",
    "Requests a sub-user has made in the plan so far; exact up to 2^53.",
    source=f"{_SUB_USER} total_requests_used",
)
NETNUT_SUB_USER_REPORTED_USAGE_RATIO = _sub_user(
    "netnut_sub_user_reported_usage_ratio",
    "Share of a sub-user's plan used (1 = all) as NetNut states it, which need not be used / size.",
    source=f"{_SUB_USER} usage_percentage / 100",
)
NETNUT_SUB_USER_PLAN_ACTIVE = _sub_user(
    "netnut_sub_user_plan_active",
    "Whether a sub-user's plan is active (1) or not (0).",
    source=f"{_SUB_USER} is_active",
)
NETNUT_SUB_USER_PLAN_START = _sub_user(
    "netnut_sub_user_plan_start_timestamp_seconds",
    "When a sub-user's plan began, Unix time.",
    source=f"{_SUB_USER} start_date",
)
NETNUT_SUB_USER_PLAN_END = _sub_user(
    "netnut_sub_user_plan_end_timestamp_seconds",
    "When a sub-user's plan ends, Unix time; a day that is given without a time is its last.",
    source=f"{_SUB_USER} end_date",
)

FAMILIES: Final = declared(globals())
