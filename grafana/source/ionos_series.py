"""Queries shared by the panels on IONOS Cloud."""

from __future__ import annotations

from grafana.source.promql import chosen, described, one, same_point_last_month, series

CONTRACT = chosen("account", "contract")
METER = "account, contract, datacenter_id, meter_id, unit"
COST = "account, contract, datacenter_id, meter_id, currency"
NO_COST = "Costs are not read"
NO_LAST_MONTH = "Not there last month"
CENTRES = "ionos_datacenter_info"


def quantity(at: str = "") -> str:
    """Return the meters, now or at an offset; a gap of up to an hour is bridged."""
    return one(METER, f"last_over_time({series('ionos_meter_quantity', *CONTRACT, *chosen('unit'))}[1h] {at})")


def cost(at: str = "") -> str:
    """Return the estimated costs, now or at an offset."""
    return one(COST, f"last_over_time({series('ionos_estimated_cost', *CONTRACT)}[1h] {at})")


NOW = one(METER, series("ionos_meter_quantity", *CONTRACT, *chosen("unit")))
COST_NOW = one(COST, series("ionos_estimated_cost", *CONTRACT))
LAST_MONTH = f"({same_point_last_month(quantity)})"
COST_LAST_MONTH = f"({same_point_last_month(cost)})"
MEANING = described("account, contract, meter_id, unit", "description", series("ionos_meter_info", *CONTRACT))
REAL_CENTRES = series(CENTRES, *CONTRACT, 'datacenter_id!="null"')
NAMED = described("account, contract, meter_id", "description", series("ionos_meter_info", *CONTRACT))
PLACE = described("account, contract, datacenter_id", "name, location", series(CENTRES, *CONTRACT))


def placed(expression: str) -> str:
    """Return an expression's series with the data centre's name, or a text for meters outside data centres."""
    return f'label_replace({expression} * {PLACE}, "name", "Outside data centres", "name", "")'
