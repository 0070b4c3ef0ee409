"""The families that IONOS Cloud reports.

All families are gauges, since any value can fall. A family's `option` names the settings that enable the family.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from exporter.metrics import Family, declared

_USAGE = "GET /{contract}/usage"
_PRODUCTS = "GET /{contract}/products"
_CONTRACTS = "GET /cloudapi/v6/contracts items.properties.resourceLimits:"
_contract = partial(Family, vendor="IONOS Cloud")
_resource = partial(_contract, labels=("contract", "resource", "unit"), option="limits")

IONOS_METER_QUANTITY = _contract(
    "ionos_meter_quantity",
    "Quantity metered this UTC month so far, in the units that the label `unit` names;"
    " rows of one meter in one data centre are summed.",
    labels=("contract", "datacenter_id", "meter_id", "unit"),
    source=f"{_USAGE} datacenters.meters.quantity.quantity",
)
IONOS_PREVIOUS_MONTH_QUANTITY = _contract(
    "ionos_previous_month_quantity",
    "Quantity metered in the UTC month before, in the units that the label `unit` names;"
    " polled with each poll for 48 hours after the month's end, then once a day.",
    labels=IONOS_METER_QUANTITY.labels,
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
IONOS_CONTRACT_INFO = _contract(
    "ionos_contract_info",
    "The reference that a contract's owner gave it; always 1, absent where it has none.",
    labels=("contract", "reference"),
    source=f"{_USAGE} metadata.reference",
    option="names",
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
IONOS_RESOURCE_USED = _resource(
    "ionos_resource_used",
    "What a contract has of a resource now, in the unit that the label `unit` names; it falls when something is given"
    " back.",
    source=f"{_CONTRACTS} coresProvisioned and others",
)
IONOS_RESOURCE_LIMIT = _resource(
    "ionos_resource_limit",
    "What a contract may have of a resource, in the unit that the label `unit` names; absent where there is no limit.",
    source=f"{_CONTRACTS} coresPerContract and others",
)

FAMILIES: Final = declared(globals())
