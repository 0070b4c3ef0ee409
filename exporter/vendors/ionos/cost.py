"""The estimated cost of an IONOS contract's usage, calculated from the contract's price list.

Source:   Billing API 3.9.0: GET /{contract}/products, requested once a day
Units:    list prices, without discounts: the price of one unit of a meter, in the currency of the price list
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exporter.metrics import Item
from exporter.vendors.ionos import families
from exporter.vendors.ionos.month import ContractMonth
from exporter.vendors.ionos.replies import Product, Products
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.reply import is_partial

_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit of a meter."""

    amount: float
    currency: str
    unit: str | None = None

    def cost(self, quantity: float, unit: str) -> float | None:
        """Return the cost of a quantity measured in `unit`, or None if the price is for another unit."""
        is_same = not unit or not self.unit or _normal(unit) == _normal(self.unit)
        return quantity * self.amount if is_same or not quantity else None


def _normal(unit: str) -> str:
    """Return a unit in a comparable form. Documentation and answers differ: `1 GB * 30 days` and `1G*30Days`."""
    return unit.lower().replace(" ", "").replace("gb", "g").removesuffix("s")


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of a contract's meters.

    Attributes:
        prices: the price of each meter that has exactly one price.
        ambiguous: the meters whose prices contradict each other or cannot all be read.
        committed: the meters whose only prices are for a commitment.
        is_partial: whether some rows cannot be read. If so, a meter that is not in `prices` may have a price.

    """

    prices: Mapping[str, Price]
    ambiguous: frozenset[str] = frozenset()
    committed: frozenset[str] = frozenset()
    is_partial: bool = False

    def is_doubtful(self, meter_id: str) -> bool:
        """Whether a meter that is not in `prices` may have a price."""
        return self.is_partial or meter_id in self.ambiguous or meter_id in self.committed

    @classmethod
    def from_products(cls, products: Iterable[Product]) -> PriceList:
        """Build a price list from its rows. A deprecated price is used only if the meter has no other price."""
        found: dict[str, dict[bool, dict[object, Price | None]]] = defaultdict(lambda: defaultdict(dict))
        committed: set[str] = set()
        for product in products:
            cost = product.unit_cost
            if cost is None:
                continue
            if product.is_commitment:
                committed.add(product.meter_id)
                continue
            price = Price(cost.quantity, cost.unit, product.unit) if cost.quantity is not None and cost.unit else None
            key = price and (price.amount, price.currency, _normal(price.unit or ""))
            found[product.meter_id][product.deprecated is True][key] = price
        prices = {meter: list((rows.get(False) or rows[True]).values()) for meter, rows in found.items()}
        clear = {meter: price for meter, (price, *others) in prices.items() if price and not others}
        return cls(
            clear, frozenset(prices.keys() - clear.keys()), frozenset(committed - prices.keys()), is_partial(products)
        )


async def read_prices(poll: Poll, contract: str) -> PriceList | None:
    """Return a contract's price list, which is requested once a day.

    Returns None if the list cannot be read. Usage is then reported without cost.
    """

    async def read() -> PriceList:
        return PriceList.from_products((await poll.get(Products, f"/{segment(contract)}/products")).products)

    name = f"prices of {contract}"
    return await poll.optional(name, lambda: poll.cached(_DAY_SECONDS, name, read))


def price_items(contract: str, price_list: PriceList) -> Iterator[Item]:
    """Yield the price of each meter whose price is known."""
    for meter_id, price in price_list.prices.items():
        yield families.IONOS_METER_UNIT_PRICE(
            price.amount, contract=contract, meter_id=meter_id, currency=price.currency
        )


def cost_items(contract: str, month: ContractMonth, price_list: PriceList) -> Iterator[Item]:
    """Yield the cost of a month's quantities.

    If a meter's price is in doubt, the meter's cost is unreadable. A meter without a price has no cost.
    """
    costs: dict[tuple[str, str], float | None] = {}
    for (data_center_id, meter_id, unit), quantity in month.quantities.items():
        price = price_list.prices.get(meter_id)
        if price is None and not (quantity and price_list.is_doubtful(meter_id)):
            continue
        place = data_center_id, meter_id
        cost, known = price.cost(quantity, unit) if price else None, costs.get(place, 0.0)
        costs[place] = None if cost is None or known is None else known + cost
    for labels in month.unreadable:
        meter = labels.get("meter_id")
        if meter is None or meter in price_list.prices or price_list.is_doubtful(meter):
            yield families.IONOS_ESTIMATED_COST.unreadable(contract=contract, **labels)
            if meter is not None:
                costs.pop((labels["datacenter_id"], meter), None)  # known for some units only
    for (data_center_id, meter_id), cost in costs.items():
        own = {"contract": contract, "datacenter_id": data_center_id, "meter_id": meter_id}
        if cost is None:
            yield families.IONOS_ESTIMATED_COST.unreadable(**own)
        else:
            yield families.IONOS_ESTIMATED_COST(cost, **own, currency=price_list.prices[meter_id].currency)
