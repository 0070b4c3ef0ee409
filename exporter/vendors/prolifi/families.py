"""The families that Prolifi reports.

All families are gauges, since any value can fall. A family's `option` names the settings that enable the family.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from exporter.metrics import Family, declared

_CUSTOMER_USAGE = "GET /customers/{id}/usage"
_ENTITLEMENTS = "GET /customers/{id}/entitlements"
_prolifi = partial(Family, vendor="Prolifi")
_event = partial(_prolifi, labels=("customer_id", "event_name"))
_entitlement = partial(_prolifi, labels=("customer_id", "feature"), option="entitlements")

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
PROLIFI_WINDOW_START = _prolifi(
    "prolifi_window_start_timestamp_seconds",
    "First day of the window in which events are counted (00:00 UTC), Unix time; absent for all time.",
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
PROLIFI_ENTITLEMENT_INFO = _prolifi(
    "prolifi_entitlement_info",
    "What a customer's feature is called; always 1, absent where it has no name.",
    labels=("customer_id", "feature", "name"),
    source=f"{_ENTITLEMENTS} data.feature_name",
    option="names",
)
PROLIFI_CUSTOMER_INFO = _prolifi(
    "prolifi_customer_info",
    "The company that a customer is; always 1, absent where it is none. Names of people are never read.",
    labels=("customer_id", "name"),
    source="GET /customers data.company_name",
    option="names",
)

FAMILIES: Final = declared(globals())
