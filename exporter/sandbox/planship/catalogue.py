"""The catalogue of the sandbox's Planship: two products, their levers, and their subscribers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.sandbox.accounts import stable_id
from exporter.sandbox.periods import DAY
from exporter.sandbox.planship.accounts import ACCOUNTS


@dataclass(frozen=True, slots=True)
class Lever:
    """A metered lever. The number `a_day` is a typical customer's daily usage in each bucket.

    The lever counts usage since the last renewal or, if `rolling` is set, over the past `rolling` seconds.
    """

    slug: str
    metering_id: str
    limit: int
    a_day: float
    buckets: tuple[str | None, ...] = (None,)
    rolling: float | None = None

    @property
    def per_bucket(self) -> bool:
        """Whether usage of the lever is divided into buckets."""
        return self.buckets != (None,)


@dataclass(frozen=True, slots=True)
class Product:
    """A product: metered levers, and features without a meter."""

    name: str
    levers: tuple[Lever, ...]
    features: Mapping[str, Any]


PRODUCTS: Mapping[str, Product] = {
    "invoicing": Product(
        "Invoicing",
        (
            Lever("monthly-invoices", "invoices", limit=1000, a_day=24),
            Lever("daily-invoices", "invoices", limit=60, a_day=24, rolling=DAY),
        ),
        {"premium-support": True, "max-users": 25, "export-formats": ["pdf", "csv"]},
    ),
    "projects": Product(
        "Projects",
        (
            Lever("api-calls", "api-calls", limit=250_000, a_day=5000),
            Lever("project-clicks", "clicks", 20_000, 300, buckets=("First project", "Second project")),
        ),
        {"analytics-panel": False, "max-projects": 5, "project-types": ["Single", "Random"]},
    ),
}


@dataclass(frozen=True, slots=True)
class Customer:
    """A subscriber to both products. Requests name the subscriber by id or by alternative id."""

    account: str
    id: str
    alternative_id: str | None
    number: int
    auto_renew: bool

    def subscription(self, product: str) -> str:
        """The id of the customer's subscription to this product."""
        return stable_id("planship", self.id, product)


def _customers(account: str) -> list[Customer]:
    asked = ACCOUNTS[account].customers
    customers = []
    for number, name in enumerate(asked, start=1):
        own_id = stable_id("planship", account, str(number))
        alternative = None if name == own_id else name
        customers.append(Customer(account, own_id, alternative, number, auto_renew=number < len(asked)))
    return customers


CUSTOMERS: Mapping[tuple[str, str], Customer] = {
    (account, name): customer
    for account in ACCOUNTS
    for customer in _customers(account)
    for name in (customer.id, customer.alternative_id)
    if name is not None
}
"""The customers. Each has two keys: account and id, and account and alternative id."""
