"""What the usage of an IONOS contract would cost, by the contract's price list.

Source:   Billing API 3.9.0: GET /{contract}/products, asked once a day
Units:    the price of one unit of a meter, in the currency that the list names; list prices, without discounts
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.metrics import Sample
from exporter.vendors.ionos import families
from exporter.vendors.ionos.replies import Product


@dataclass(frozen=True, slots=True)
class Price:
    """Price of one unit of a meter."""

    amount: float
    currency: str
    unit: str | None = None

    def is_of(self, unit: str) -> bool:
        """Whether a quantity in `unit` costs this; true where one of the two does not say its unit."""
        return not unit or not self.unit or _normal(unit) == _normal(self.unit)


def _normal(unit: str) -> str:
    """The documentation writes `1 GB * 30 days` for what comes as `1G*30Days`."""
    return unit.lower().replace(" ", "").replace("gb", "g").removesuffix("s")


def prices(products: Iterable[Product]) -> dict[str, Price]:
    """Return each meter's price.

    Of its rows that have one: the current before the deprecated, consumption before commitment, then the first.
    """

    def preference(product: Product) -> tuple[bool, bool]:
        return product.deprecated is True, "commit" in (product.type or "").lower()

    found: dict[str, Price] = {}
    for product in sorted(products, key=preference):
        cost = product.unit_cost
        if cost is not None and cost.quantity is not None and cost.unit:
            found.setdefault(product.meter_id, Price(cost.quantity, cost.unit, product.unit))
    return found


def cost_samples(
    contract: str, quantities: Mapping[tuple[str, str, str], float], price: Mapping[str, Price]
) -> Iterator[Sample]:
    """Say prices, and what quantities (by data centre, meter and unit) come to at them; a meter without one is free."""
    cost: dict[tuple[str, str, str], float] = defaultdict(float)
    for (data_center_id, meter_id, unit), quantity in quantities.items():
        if meter_id in price and price[meter_id].is_of(unit):
            cost[data_center_id, meter_id, price[meter_id].currency] += quantity * price[meter_id].amount
    for meter_id, one in price.items():
        yield families.IONOS_METER_UNIT_PRICE(one.amount, contract=contract, meter_id=meter_id, currency=one.currency)
    for (data_center_id, meter_id, currency), amount in cost.items():
        yield families.IONOS_ESTIMATED_COST(
            amount, contract=contract, datacenter_id=data_center_id, meter_id=meter_id, currency=currency
        )
