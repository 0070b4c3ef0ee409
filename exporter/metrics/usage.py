"""What the vendors report: every family of theirs, declared once.

All are gauges: a plan renews, a month ends, a window rolls, a figure is
corrected, so each can fall. A family with an `option` is there where that
setting of the account asks for it.
"""

from __future__ import annotations

from functools import partial

from exporter.metrics.family import Family

# --- NetNut -----------------------------------------------------------------------------------------------

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
    "netnut_plan_end_timestamp_seconds", "When the plan ends, Unix time.", source=f"{_MYUSAGE} end_date"
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

# --- IONOS Cloud ------------------------------------------------------------------------------------------

_USAGE = "GET /{contract}/usage"
_PRODUCTS = "GET /{contract}/products"
_contract = partial(Family, vendor="IONOS Cloud")

IONOS_METER_QUANTITY = _contract(
    "ionos_meter_quantity",
    "Quantity metered this UTC month so far, in the units that the label `unit` names;"
    " rows of one meter in one data centre are summed.",
    labels=("contract", "datacenter_id", "meter_id", "unit"),
    source=f"{_USAGE} datacenters.meters.quantity.quantity",
)
IONOS_METER_INFO = _contract(
    "ionos_meter_info",
    "What a meter is, in the vendor's catalogue's words; always 1.",
    labels=("contract", "meter_id", "description", "unit"),
    source=f"{_USAGE} datacenters.meters.meterDesc",
)
IONOS_DATACENTER_INFO = _contract(
    "ionos_datacenter_info",
    "Name and location of a data centre; always 1.",
    labels=("contract", "datacenter_id", "name", "location"),
    source=f"{_USAGE} datacenters.name and .location",
)
IONOS_PERIOD_START = _contract(
    "ionos_period_start_timestamp_seconds",
    "First day of the figures (00:00 UTC), Unix time.",
    labels=("contract",),
    source=f"{_USAGE} startDate",
)
IONOS_PERIOD_END = _contract(
    "ionos_period_end_timestamp_seconds",
    "Last day of the figures (00:00 UTC), Unix time; in the running month the day they reach to.",
    labels=("contract",),
    source=f"{_USAGE} endDate",
)
IONOS_METER_UNIT_PRICE = _contract(
    "ionos_meter_unit_price",
    "List price of one unit of a meter, in the currency that the label names; polled once a day.",
    labels=("contract", "meter_id", "currency"),
    source=f"{_PRODUCTS} products.unitCost.quantity",
    option="cost",
)
IONOS_ESTIMATED_COST = _contract(
    "ionos_estimated_cost",
    "Quantity times list price this UTC month so far, in the currency that the label names;"
    " an estimate, not the invoice.",
    labels=("contract", "datacenter_id", "meter_id", "currency"),
    source=f"{_USAGE} datacenters.meters.quantity.quantity and {_PRODUCTS} products.unitCost.quantity",
    option="cost",
)

# --- Prolifi ----------------------------------------------------------------------------------------------

_CUSTOMER_USAGE = "GET /customers/{id}/usage"
_ENTITLEMENTS = "GET /customers/{id}/entitlements"
_event = partial(Family, labels=("customer_id", "event_name"), vendor="Prolifi")
_entitlement = partial(Family, labels=("customer_id", "feature"), vendor="Prolifi", option="entitlements")

PROLIFI_EVENT_COUNT = _event(
    "prolifi_event_count",
    "Events reported in the account's window (all time, this UTC month, or a number of days); exact up to 2^53.",
    source=f"{_CUSTOMER_USAGE} data.count",
)
PROLIFI_EVENT_LAST_REPORTED = _event(
    "prolifi_event_last_reported_timestamp_seconds",
    "When the newest event was reported, Unix time; absent where there is none.",
    source=f"{_CUSTOMER_USAGE} data.last_reported_at",
)
PROLIFI_WINDOW_START = Family(
    "prolifi_window_start_timestamp_seconds",
    "First day of the window in which events are counted (00:00 UTC), Unix time; absent for all time.",
    vendor="Prolifi",
    source=f"{_CUSTOMER_USAGE}?start_date",
)
PROLIFI_ENTITLEMENT_USED = _entitlement(
    "prolifi_entitlement_used",
    "What a customer has used of a feature since its last reset.",
    source=f"{_ENTITLEMENTS} data.current_usage",
)
PROLIFI_ENTITLEMENT_LIMIT = _entitlement(
    "prolifi_entitlement_limit",
    "What a customer may use of a feature until its next reset; absent where unlimited.",
    source=f"{_ENTITLEMENTS} data.limit",
)
PROLIFI_ENTITLEMENT_REMAINING = _entitlement(
    "prolifi_entitlement_remaining",
    "What is left to a customer of a feature until its next reset; below 0 when overdrawn, absent where unlimited.",
    source=f"{_ENTITLEMENTS} data.remaining",
)
PROLIFI_ENTITLEMENT_UNLIMITED = _entitlement(
    "prolifi_entitlement_unlimited",
    "Whether a customer may use a feature without limit (1) or not (0).",
    source=f"{_ENTITLEMENTS} data.is_unlimited",
)
PROLIFI_ENTITLEMENT_RESET = _entitlement(
    "prolifi_entitlement_reset_timestamp_seconds",
    "When a feature's usage is next reset, Unix time; absent where it never is.",
    source=f"{_ENTITLEMENTS} data.reset_at",
)

# --- Planship ---------------------------------------------------------------------------------------------

_CUSTOMER = "GET /api/v1/customers/{id}"
_LEVER = f"{_CUSTOMER}/products/{{product}}/levers/{{lever}}/usage or .../usage/{{metering_id}}"
_planship = partial(Family, vendor="Planship")

PLANSHIP_LEVER_USAGE = _planship(
    "planship_lever_usage",
    "What a customer has used of a lever in its period (a subscription's, all time or rolling, as the lever is set).",
    labels=("product", "customer_id", "lever"),
    source=f"{_LEVER} total",
)
PLANSHIP_LEVER_BUCKET_USAGE = _planship(
    "planship_lever_bucket_usage",
    "The same by the buckets that a customer reports in; `null` is usage reported in none.",
    labels=("product", "customer_id", "lever", "bucket"),
    source=f"{_LEVER} by_bucket",
    option="buckets",
)
PLANSHIP_LEVER_SUBSCRIPTION_USAGE = _planship(
    "planship_lever_subscription_usage",
    "The same by a customer's subscriptions.",
    labels=("product", "customer_id", "lever", "subscription_id"),
    source=f"{_LEVER} by_subscription.usage",
    option="subscriptions",
)
PLANSHIP_ENTITLEMENT_REMAINING = _planship(
    "planship_entitlement_remaining",
    "What is left to a customer of a metered lever in its period.",
    labels=("product", "customer_id", "lever"),
    source=f"{_CUSTOMER}/products/{{product}}/entitlements",
    option="entitlements",
)
PLANSHIP_SUBSCRIPTION_RENEW = _planship(
    "planship_subscription_renew_timestamp_seconds",
    "When a subscription renews, Unix time.",
    labels=("product", "customer_id", "subscription_id", "plan"),
    source=f"{_CUSTOMER}/subscriptions renew_at",
    option="subscriptions",
)
