"""The families that Planship reports.

All families are gauges, since any value can fall. A family's `option` names the settings that enable the family.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from exporter.metrics import Family, declared

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
    "What is left to a customer of a metered lever in its period; absent where unlimited.",
    labels=("product", "customer_id", "lever"),
    source=f"{_CUSTOMER}/products/{{product}}/entitlements",
    option="entitlements",
)
PLANSHIP_SUBSCRIPTION_RENEW = _planship(
    "planship_subscription_renew_timestamp_seconds",
    "When an active subscription renews, Unix time; absent where it does not renew.",
    labels=("product", "customer_id", "subscription_id", "plan"),
    source=f"{_CUSTOMER}/subscriptions renew_at",
    option="subscriptions",
)
PLANSHIP_SUBSCRIPTION_LAST_RENEWED = _planship(
    "planship_subscription_last_renewed_timestamp_seconds",
    "When an active subscription was last renewed, which is the start of its period, Unix time.",
    labels=("product", "customer_id", "subscription_id", "plan"),
    source=f"{_CUSTOMER}/subscriptions last_renewed_at",
    option="subscriptions",
)
PLANSHIP_PRODUCT_INFO = _planship(
    "planship_product_info",
    "What a product is called; always 1. Read once a day.",
    labels=("product", "name"),
    source="GET /api/v1/products/{product} name",
    option="names",
)
PLANSHIP_LEVER_INFO = _planship(
    "planship_lever_info",
    "What a lever is called; always 1. Read once a day.",
    labels=("product", "lever", "name"),
    source="GET /api/v1/products/{product}/levers name",
    option="names",
)

FAMILIES: Final = declared(globals())
