"""Planship, pricing as a service: how much of each lever each customer has used, and how much remains.

Source:   API 1, https://api.planship.io: POST /api/v1/auth/token,
          GET /api/v1/customers/{id}/products/{product}/levers/{lever}/usage and .../usage/{metering_id},
          GET .../entitlements, GET /api/v1/customers/{id}/subscriptions
Period:   depends on the lever: a subscription's period, a rolling period, or all time
Units:    the lever's own unit
Login:    a token, obtained by HTTP basic authentication with the client id and secret. The request has no body
Limits:   none documented

POST .../usage/{metering_id} is never sent, since that request would report usage to Planship.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from itertools import product as combinations
from typing import ClassVar, Final, Literal, NamedTuple

from pydantic import Field

from exporter.client.auth import Auth, Basic, Login
from exporter.errors import BadRequest, NotFound, PollError
from exporter.metrics import Family, Item, Unreadable
from exporter.vendors.customers import CustomersAccount
from exporter.vendors.paths import segment
from exporter.vendors.planship import families
from exporter.vendors.planship.names import read_names
from exporter.vendors.planship.quality import QUALITY
from exporter.vendors.planship.replies import Entitlements, LeversUsage, LeverUsage, Subscription, Subscriptions
from exporter.vendors.planship.subscriptions import active_subscriptions, period_items
from exporter.vendors.planship.visits import Place, Visit, entitlement_items, usage_items
from exporter.vendors.poll import Poll
from exporter.vendors.quotas import NameSource, NativeQuota, PlanPeriod
from exporter.vendors.reply import is_partial
from exporter.vendors.settings.types import Identifier, SecretFromEnvironment, SecretFromFile, Settings, Url, UserName

_TOKEN_SECONDS: Final = 1800.0


class Question(NamedTuple):
    """A request for a customer's usage of one lever, or of all the levers that a metering id covers."""

    name: str
    is_lever: bool


class ProductSetting(Settings):
    """A product of the organisation, with the levers and metering ids to read."""

    slug: Identifier = Field(description="The product's slug.")
    levers: tuple[Identifier, ...] = Field(default=(), description="Slugs of levers to read, one request each.")
    metering_ids: tuple[Identifier, ...] = Field(
        default=(), description="Metering ids to read, one request each for all the levers it covers."
    )

    @property
    def questions(self) -> tuple[Question, ...]:
        """The requests for each customer's usage."""
        levers = (Question(name, is_lever=True) for name in self.levers)
        return (*levers, *(Question(name, is_lever=False) for name in self.metering_ids))


class Planship(CustomersAccount):
    """An organisation at Planship."""

    sign_ins: ClassVar = (("client_id", "client_secret"),)
    native_quotas: ClassVar = (
        NativeQuota(
            name="{product}/{lever}",
            subject="{customer_id}",
            used=families.PLANSHIP_LEVER_USAGE,
            limit_from_rest=True,
        ),
    )
    plan_periods: ClassVar = (
        PlanPeriod(
            labels=("product", "customer_id"),
            start=families.PLANSHIP_SUBSCRIPTION_LAST_RENEWED,
            end=families.PLANSHIP_SUBSCRIPTION_RENEW,
            is_dated=False,  # usage is aggregated in the background, and reported in another answer
        ),
    )
    name_sources: ClassVar = (
        NameSource("product", families.PLANSHIP_PRODUCT_INFO),
        NameSource("lever", families.PLANSHIP_LEVER_INFO),
    )
    example: ClassVar = """\
client_id: usage-exporter
client_secret: ${PLANSHIP_CLIENT_SECRET}
customers: [acme]
products:
  - slug: invoicing
    levers: [invoices]
"""
    native_quotas_of: ClassVar = "Planship's metered levers (named `product/lever`; with `entitlements: true`)"
    reported: ClassVar = families.FAMILIES
    quality: ClassVar = QUALITY

    vendor: Literal["planship"] = Field(description="Planship, pricing as a service.")
    base_url: Url = "https://api.planship.io"
    client_id: UserName | None = Field(default=None, description="Id of the API client.")
    client_secret: SecretFromEnvironment | None = Field(default=None, description="Secret of the API client.")
    client_secret_file: SecretFromFile | None = Field(default=None, description="File that holds the client's secret.")
    customers: tuple[Identifier, ...] = Field(
        min_length=1,
        description="Customers to read, by id or alternative id; the vendor cannot list them.",
    )
    products: tuple[ProductSetting, ...] = Field(min_length=1, description="Products to read.")
    buckets: bool = Field(default=False, description="Show usage by bucket; buckets may be the names of people.")
    subscriptions: bool = Field(default=False, description="Show usage by subscription, and when each renews.")
    entitlements: bool = Field(default=False, description="Show the remainder of each metered lever.")

    @property
    def auth(self) -> Auth:
        """A token, obtained with the client's credentials."""
        return Login(
            path="/api/v1/auth/token",
            credentials=Basic(self.client_id or "", self.secret("client_secret")),
            token_field="access_token",  # noqa: S106 - the name of a field
            lifetime=_TOKEN_SECONDS,
            lifetime_field="expires_in",
        )

    @classmethod
    def find_conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield conflicts between settings, such as a product with neither levers nor metering ids."""
        yield from super().find_conflicts(given)
        products = given.get("products")
        for index, product in enumerate(products if isinstance(products, list) else ()):
            if isinstance(product, Mapping) and not product.get("levers") and not product.get("metering_ids"):
                yield f"products[{index}]", "give levers, metering_ids or both"

    @property
    def max_customer_count(self) -> int:
        """The number of customers that this shard asks about."""
        return len(self.customers)

    @property
    def max_request_count(self) -> int:
        """The maximum number of requests, including requests for the configured extras."""
        extras = len(self.products) * (self.entitlements + self.subscriptions)
        names = 2 * self.names * len(self.products)
        return self.max_customer_count * (sum(len(product.questions) for product in self.products) + extras) + names

    @property
    def has_account_metrics(self) -> bool:
        """Whether there are account-wide series: the names of products and levers."""
        return self.names

    @property
    def _usage_families(self) -> list[Family]:
        """The configured families whose series come from replies about usage."""
        asked = {
            families.PLANSHIP_LEVER_USAGE: True,
            families.PLANSHIP_LEVER_BUCKET_USAGE: self.buckets,
            families.PLANSHIP_LEVER_SUBSCRIPTION_USAGE: self.subscriptions,
        }
        return [family for family, is_asked_for in asked.items() if is_asked_for]

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return each customer's usage of the products' levers, and the configured extras."""
        questions: dict[Place, dict[Question, None]] = defaultdict(dict)
        for customer, product in combinations(await self.customers_of(poll), self.products):
            questions[Place(product.slug, customer)] |= dict.fromkeys(product.questions)

        async def visit_of(place: Place) -> Visit:
            return await self._visit(poll, place, list(questions[place]))

        visits = [visit for _, visit in await poll.gather(questions, visit_of)]
        failures = [visit.failure for visit in visits if visit.failure]
        if failures and len(failures) == len(visits):
            raise failures[0]
        is_whole = self.names and poll.slice.is_first and self.owns_account_metrics
        names = await read_names(poll, [product.slug for product in self.products]) if is_whole else ()
        return chain(self._items(visits, active_subscriptions(visits, poll)), names)

    def _items(self, visits: Iterable[Visit], active: Mapping[Place, list[Subscription]]) -> Iterator[Item]:
        for visit in visits:
            own = active.get(visit.place, [])
            yield from usage_items(visit, buckets=self.buckets, subscriptions=self.subscriptions)
            yield from entitlement_items(visit, len(own))
            yield from period_items(visit.place, own)

    async def _visit(self, poll: Poll, place: Place, questions: Sequence[Question]) -> Visit:
        """Send all requests about a customer in sequence, so that the answers describe nearly the same time."""
        usage: dict[str, LeverUsage] = {}
        failures: list[PollError] = []
        for question in questions:
            read = partial(self._usage, poll, place, question)
            hides = partial(self._hidden, place, question)
            found = await poll.attempt(read, absent_errors=(NotFound, BadRequest), hides=hides)
            if isinstance(found, PollError):
                failures.append(found)
            else:  # if several answers are about a lever, the last one with a total is kept
                usage |= {name: one for name, one in found.items() if one.total is not None or name not in usage}
        if len(failures) == len(questions):
            return Visit(place, failure=failures[0])
        entitlements, subscriptions = None, None
        if self.entitlements:
            path = f"{place.path}/entitlements"
            entitlements = await poll.optional(path, lambda: poll.get(Entitlements, path))
        if self.subscriptions:
            asked, product = f"{place.customer_path}/subscriptions", {"product_slug": place.product}
            name = f"{asked} of {place.product}"
            subscriptions = await poll.optional(name, lambda: poll.get(Subscriptions, asked, product))
        return Visit(place, usage, entitlements, subscriptions.root if subscriptions else ())

    async def _usage(self, poll: Poll, place: Place, question: Question) -> Mapping[str, LeverUsage]:
        """Return the usage by lever. A metering id yields the same series as separate requests for its levers."""
        if question.is_lever:
            return {question.name: await poll.get(LeverUsage, f"{place.path}/levers/{segment(question.name)}/usage")}
        levers = (await poll.get(LeversUsage, f"{place.path}/usage/{segment(question.name)}")).root
        poll.unreadable += self._hidden(place, question) if is_partial(levers) else ()
        return levers

    def _hidden(self, place: Place, question: Question) -> list[Unreadable]:
        """Return items that mark the series from a question's answer as unreadable."""
        labels = place._asdict() | ({"lever": question.name} if question.is_lever else {})
        return [family.unreadable(**labels) for family in self._usage_families]
