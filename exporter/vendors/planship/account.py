"""Planship, pricing as a service: what each customer uses of each lever, and what is left of it.

Source:   API 1, https://api.planship.io: POST /api/v1/auth/token,
          GET /api/v1/customers/{id}/products/{product}/levers/{lever}/usage and .../usage/{metering_id},
          GET .../entitlements, GET /api/v1/customers/{id}/subscriptions
Period:   as the lever is set: a subscription's period, all time, or a rolling one
Units:    the lever's own
Login:    client id and secret give a token, by HTTP basic authentication and without a body
Limits:   none documented

Usage is also reported under .../usage/{metering_id}, by a POST: that is a write, and never made here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from itertools import product as combinations
from typing import ClassVar, Final, Literal, NamedTuple

from pydantic import Field

from exporter.client.auth import Auth, Basic, Login
from exporter.errors import BadRequest, NotFound
from exporter.metrics import Item, Sample, Unreadable
from exporter.vendors.customers import CustomersAccount
from exporter.vendors.planship import families
from exporter.vendors.planship.renewals import renewal_samples
from exporter.vendors.planship.replies import Entitlements, LeversUsage, LeverUsage, Subscriptions
from exporter.vendors.poll import Poll, segment
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.reply import is_partial
from exporter.vendors.settings import Identifier, SecretFromEnvironment, SecretFromFile, Settings, Url, UserName
from exporter.vendors.values import read_number

_TOKEN_SECONDS: Final = 1800.0


class Place(NamedTuple):
    """A customer within a product, as the configuration names them."""

    product: str
    customer_id: str

    @property
    def path(self) -> str:
        """Where the vendor has it."""
        return f"{_customer_path(self.customer_id)}/products/{segment(self.product)}"


Found = Mapping[Place, Mapping[str, LeverUsage]]
"""By place and lever."""


def _customer_path(customer_id: str) -> str:
    return f"/api/v1/customers/{segment(customer_id)}"


def samples(found: Found, *, buckets: bool, subscriptions: bool) -> Iterator[Item]:
    """Say levers' usage in metrics, in the parts that are asked for."""
    for place, levers in found.items():
        for lever, used in levers.items():
            labels = {**place._asdict(), "lever": lever}
            yield from families.PLANSHIP_LEVER_USAGE.expected(used.total, **labels)
            for bucket, value in (used.by_bucket or {}).items() if buckets else ():
                yield from families.PLANSHIP_LEVER_BUCKET_USAGE.expected(value, **labels, bucket=bucket)
            for subscription, rows in (used.by_subscription or {}).items() if subscriptions else ():
                values = [row.usage for row in rows if row.usage is not None]
                if rows and len(values) == len(rows):
                    yield families.PLANSHIP_LEVER_SUBSCRIPTION_USAGE(
                        sum(values), **labels, subscription_id=subscription
                    )
                elif rows:
                    yield families.PLANSHIP_LEVER_SUBSCRIPTION_USAGE.unreadable(**labels, subscription_id=subscription)
            if buckets and used.by_bucket is None:
                yield families.PLANSHIP_LEVER_BUCKET_USAGE.unreadable(**labels)
            if subscriptions and is_partial(used.by_subscription):
                yield families.PLANSHIP_LEVER_SUBSCRIPTION_USAGE.unreadable(**labels)


def remaining_samples(place: Place, entitlements: Entitlements, levers: Iterable[str]) -> Iterator[Sample]:
    """Say what is left of the metered levers; other entitlements are flags, lists and plain limits."""
    for lever in levers:
        value = entitlements.root.get(lever)
        try:
            remaining = read_number(value)
        except ValueError:
            continue
        yield families.PLANSHIP_ENTITLEMENT_REMAINING(remaining, **place._asdict(), lever=lever)


class Product(Settings):
    """A product of the organisation's, and what is asked about it."""

    slug: Identifier = Field(description="The product's slug.")
    levers: tuple[Identifier, ...] = Field(default=(), description="Slugs of levers, a call each.")
    metering_ids: tuple[Identifier, ...] = Field(
        default=(), description="Metering ids, a call each for all the levers it covers."
    )


class Planship(CustomersAccount):
    """An organisation at Planship."""

    sign_ins: ClassVar = (("client_id", "client_secret"),)
    native_quotas: ClassVar = (
        NativeQuota(
            name="{product}/{lever}",
            subject="{customer_id}",
            used=families.PLANSHIP_LEVER_USAGE,
            remaining=families.PLANSHIP_ENTITLEMENT_REMAINING,
        ),
    )
    plan_period: ClassVar = PlanPeriod(labels=("product", "customer_id"), end=families.PLANSHIP_SUBSCRIPTION_RENEW)
    example: ClassVar = """\
client_id: usage-exporter
client_secret: ${PLANSHIP_CLIENT_SECRET}
customers: [acme]
products:
  - slug: invoicing
    levers: [invoices]
"""
    native_quotas_of: ClassVar = "Planship's metered levers (with `entitlements: true`)"
    families: ClassVar = families.FAMILIES

    vendor: Literal["planship"] = Field(description="Planship, pricing as a service.")
    base_url: Url = "https://api.planship.io"
    client_id: UserName | None = Field(default=None, description="Id of the API client.")
    client_secret: SecretFromEnvironment | None = Field(default=None, description="Secret of the API client.")
    client_secret_file: SecretFromFile | None = Field(default=None, description="File that holds the client's secret.")
    customers: tuple[Identifier, ...] = Field(
        min_length=1,
        description="Customers to ask about, by id or alternative id; the vendor cannot list them.",
    )
    products: tuple[Product, ...] = Field(min_length=1, description="Products to ask about.")
    buckets: bool = Field(default=False, description="Show usage by bucket; buckets may be the names of people.")
    subscriptions: bool = Field(default=False, description="Show usage by subscription, and when each renews.")
    entitlements: bool = Field(default=False, description="Show what is left of each metered lever.")

    @property
    def auth(self) -> Auth:
        """A token for the client's credentials."""
        return Login(
            path="/api/v1/auth/token",
            credentials=Basic(self.client_id or "", self.secret("client_secret")),
            token_field="access_token",  # noqa: S106 - the name of a field
            lifetime=_TOKEN_SECONDS,
            lifetime_field="expires_in",
        )

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong between settings; a product is asked about by lever or metering id."""
        yield from super().conflicts(given)
        products = given.get("products")
        for index, product in enumerate(products if isinstance(products, list) else ()):
            if isinstance(product, Mapping) and not product.get("levers") and not product.get("metering_ids"):
                yield f"products[{index}]", "give levers, metering_ids or both"

    @property
    def most_customers(self) -> int:
        """Customers that this shard asks about."""
        return len(self.customers)

    @property
    def calls(self) -> int:
        """Requests for each customer's levers, and for what else is asked for."""
        return self.most_customers * self._calls_each

    @property
    def _lever_calls(self) -> int:
        return sum(len(product.levers) + len(product.metering_ids) for product in self.products)

    @property
    def _calls_each(self) -> int:
        return self._lever_calls + len(self.products) * (self.entitlements + self.subscriptions)

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the usage of each lever, customer and product, and what else is asked for."""
        found = await self._levers(poll)
        return chain(
            samples(found, buckets=self.buckets, subscriptions=self.subscriptions),
            await self._remaining(poll, found) if self.entitlements else (),
            await self._renewals(poll, found) if self.subscriptions else (),
        )

    async def _levers(self, poll: Poll) -> Found:
        """Ask by lever and by metering id: the same series, whichever brought it."""
        questions = [
            (Place(product.slug, customer), kind, name)
            for customer, product in combinations(await self.customers_of(poll), self.products)
            for kind, names in (("lever", product.levers), ("metering_id", product.metering_ids))
            for name in names
        ]

        async def usage_of(question: tuple[Place, str, str]) -> Mapping[str, LeverUsage]:
            place, kind, name = question
            if kind == "lever":
                return {name: await poll.get(LeverUsage, f"{place.path}/levers/{segment(name)}/usage")}
            levers = (await poll.get(LeversUsage, f"{place.path}/usage/{segment(name)}")).root
            poll.unreadable += hidden(question) if is_partial(levers) else ()
            return levers

        def hidden(question: tuple[Place, str, str]) -> list[Unreadable]:
            place, kind, name = question
            labels = place._asdict() | ({"lever": name} if kind == "lever" else {})
            return [families.PLANSHIP_LEVER_USAGE.unreadable(**labels)]

        found: dict[Place, dict[str, LeverUsage]] = defaultdict(dict)
        share = self._lever_calls / self._calls_each
        gone = (NotFound, BadRequest)
        for (place, _, _), levers in await poll.each(questions, usage_of, gone=gone, share=share, hides=hidden):
            found[place] |= levers
        return found

    async def _remaining(self, poll: Poll, found: Found) -> list[Sample]:
        async def entitlements_of(place: Place) -> Entitlements:
            return await poll.get(Entitlements, f"{place.path}/entitlements")

        share = len(self.products) / self._calls_each
        replies = await poll.each(found, entitlements_of, needed=False, share=share)
        return [sample for place, reply in replies for sample in remaining_samples(place, reply, found[place])]

    async def _renewals(self, poll: Poll, found: Found) -> Iterable[Sample]:
        async def subscriptions_of(place: Place) -> Subscriptions:
            path = f"{_customer_path(place.customer_id)}/subscriptions"
            return await poll.get(Subscriptions, path, {"product_slug": place.product})

        used = {
            place: {one for usage in levers.values() for one in usage.by_subscription or ()}
            for place, levers in found.items()
        }
        share = len(self.products) / self._calls_each
        replies = await poll.each(found, subscriptions_of, needed=False, share=share)
        return renewal_samples(replies, used, poll)
