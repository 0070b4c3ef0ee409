"""Prolifi, usage-based billing: each customer's events and entitlements.

Source:   Public API, https://api.prolifi.co/api/v1/public: GET /customers, GET /customers/{id}/usage,
          GET /customers/{id}/entitlements
Period:   the configured window, in UTC days. Entitlements have periods of their own
Units:    events are counted, regardless of the quantities in them. Entitlements are in the feature's own unit
Login:    an API key. A public key (pk_...) is enough, and can only read
Limits:   1,000 requests per key per minute by default, stated in X-RateLimit-Limit and X-RateLimit-Remaining
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from exporter.client.auth import ApiKey, Auth
from exporter.durations import Rate
from exporter.errors import Malformed, NotFound
from exporter.metrics import Family, Item, Unreadable
from exporter.vendors.customers import CustomersAccount, split_by_slice
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi import families
from exporter.vendors.prolifi.customers import LAST, NUMBER, PAGE, Listed, listed_customers
from exporter.vendors.prolifi.items import company_items, entitlement_items, event_items
from exporter.vendors.prolifi.quality import QUALITY
from exporter.vendors.prolifi.replies import Customer, Entitlements, Usage
from exporter.vendors.quotas import NameSource, NativeQuota, PlanPeriod
from exporter.vendors.settings.patterns import Pattern
from exporter.vendors.settings.types import SecretFromEnvironment, SecretFromFile, Url, Uuid


def window_start(window: Literal["all", "month"] | int, now: datetime) -> datetime | None:
    """Return the first day (00:00 UTC) of the window that ends at the time `now`, or None if the window is all time."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "all":
        return None
    return today.replace(day=1) if window == "month" else today - timedelta(days=window - 1)


class Prolifi(CustomersAccount):
    """An account at Prolifi."""

    sign_ins: ClassVar = (("api_key",),)
    assumed_rate: ClassVar = Rate(1000, 60.0)
    native_quotas: ClassVar = (
        NativeQuota(
            name="{feature}",
            subject="{customer_id}",
            used=families.PROLIFI_ENTITLEMENT_USED,
            limit=families.PROLIFI_ENTITLEMENT_LIMIT,
            end=families.PROLIFI_ENTITLEMENT_RESET,
        ),
    )
    plan_periods: ClassVar = (PlanPeriod(labels=("customer_id", "feature"), end=families.PROLIFI_ENTITLEMENT_RESET),)
    name_sources: ClassVar = (
        NameSource("customer_id", families.PROLIFI_CUSTOMER_INFO),
        NameSource("feature", families.PROLIFI_ENTITLEMENT_INFO),
    )
    example: ClassVar = """\
api_key: ${PROLIFI_API_KEY}
discover: true
"""
    native_quotas_of: ClassVar = "Prolifi's entitlements (with `entitlements: true`)"
    reported: ClassVar = families.FAMILIES
    quality: ClassVar = QUALITY

    vendor: Literal["prolifi"] = Field(description="Prolifi, usage-based billing.")
    base_url: Url = "https://api.prolifi.co/api/v1/public"
    api_key: SecretFromEnvironment | None = Field(default=None, description="API key; a public one (pk_...) is enough.")
    api_key_file: SecretFromFile | None = Field(default=None, description="File that holds the API key.")
    customers: tuple[Uuid, ...] = Field(default=(), description="Ids of the customers to read.")
    discover: bool = Field(default=False, description="Read every customer in the vendor's list.")
    max_customers: int = Field(default=1000, ge=1, description="Maximum number of customers taken from the list.")
    include: tuple[Pattern, ...] = Field(
        default=(), description="Read only those listed customers whose id or external id matches one of these."
    )
    exclude: tuple[Pattern, ...] = Field(
        default=(), description="Leave out those listed customers whose id or external id matches one of these."
    )
    window: Literal["all", "month"] | Annotated[int, Field(ge=1, le=3650)] = Field(
        default="all",
        description="Events to count: all, those of this UTC month, or those of a number of days.",
    )
    entitlements: bool = Field(default=False, description="Read entitlements too, one more request per customer.")

    @property
    def auth(self) -> Auth:
        """The API key, as a bearer token."""
        return ApiKey(self.secret("api_key"))

    @classmethod
    def find_conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield conflicts between settings, such as customers that are both listed and discovered."""
        yield from super().find_conflicts(given)
        if bool(given.get("customers")) == (given.get("discover") not in (None, False)):
            yield "customers", "list customers, or write discover: true to take the vendor's list; one of the two"
        for name in ("include", "exclude"):
            if given.get(name) and not given.get("discover"):
                yield name, "needs discover: true; without it, exactly the customers that you list are read"
        quotas = given.get("quotas") if given.get("window", "all") == "all" else ()
        for index, quota in enumerate(quotas if isinstance(quotas, list) else ()):
            named = dict(quota) if isinstance(quota, Mapping) else {}
            if named.get("metric") == "prolifi_event_count" and named.get("period") not in (None, "none", "plan"):
                yield f"quotas[{index}].period", "with window: all, the figure never resets; write none"

    @property
    def max_customer_count(self) -> int:
        """The maximum number of customers that this shard asks about."""
        share = self.shard.share if self.is_divisible else 1.0
        return math.ceil(share * self.max_customers) if self.discover else len(self.customers)

    @property
    def max_request_count(self) -> int | None:
        """The maximum number of requests; None if customers are discovered without a configured maximum.

        Each customer takes one or two requests, and each page of the list of customers takes one request.
        """
        if self.discover and "max_customers" not in self.model_fields_set:
            return None
        return self.max_customer_count * (1 + self.entitlements) + self.discover * math.ceil(self.max_customers / PAGE)

    @property
    def dated_families(self) -> Collection[Family]:
        """The family of event counts if the window is a month; otherwise empty.

        If the window is a month, event counts are requested from the month's first day.
        """
        return (families.PROLIFI_EVENT_COUNT,) if self.window == "month" else ()

    @property
    def has_account_metrics(self) -> bool:
        """Whether there is an account-wide series: the start of the window."""
        return self.window != "all"

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return each customer's events and, if configured, entitlements. Deleted customers are left out."""
        start = window_start(self.window, poll.now)
        # Both days are inclusive. Without the end date, a poll over midnight would mix two periods.
        window = {"start_date": f"{start:%Y-%m-%d}", "end_date": f"{poll.now:%Y-%m-%d}"} if start else {}
        share = 1 / (1 + self.entitlements)
        asked, companies = await self._asked(poll)
        failures: list[Malformed] = []
        gone: set[str] = set()

        async def usage_of(customer: str) -> Usage | None:
            path = f"/customers/{segment(customer)}/usage"
            try:
                return await poll.get(Usage, path, window)
            except NotFound:
                gone.add(customer)
                raise
            except Malformed as error:
                if not self.entitlements:
                    raise
                failures.append(error)  # the customer's entitlements are still read
                poll.leave_out("schema", str(error))
                poll.unreadable.append(families.PROLIFI_EVENT_COUNT.unreadable(customer_id=customer))
                return None

        async def entitlements_of(customer: str) -> Entitlements:
            return await poll.get(Entitlements, f"/customers/{segment(customer)}/entitlements")

        def hidden(family: Family) -> Callable[[str], list[Unreadable]]:
            return lambda customer: [family.unreadable(customer_id=customer)]

        used, counted = families.PROLIFI_ENTITLEMENT_USED, families.PROLIFI_EVENT_COUNT
        usage = await poll.gather(asked, usage_of, share=share, hides=hidden(counted))
        present = [customer for customer in asked if customer not in gone] if self.entitlements else []
        entitlements = await poll.gather(present, entitlements_of, needed=False, share=share, hides=hidden(used))
        if failures and not entitlements and not any(one for _, one in usage):
            raise failures[0]
        whole = families.PROLIFI_WINDOW_START.known(start) if poll.slice.is_first and self.owns_account_metrics else ()
        return chain(
            *(event_items(customer, one, poll) for customer, one in usage if one),
            *(entitlement_items(customer, one, poll, names=self.names) for customer, one in entitlements),
            company_items(companies, [customer for customer in asked if customer not in gone]),
            whole,
        )

    async def customers_of(self, poll: Poll) -> Sequence[str]:
        """Return the customers of the slice being polled. The vendor's list is read once for all slices."""
        customers, _ = await self._asked(poll)
        return customers

    async def _asked(self, poll: Poll) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return the customers of the slice being polled, and the company names of discovered customers.

        The names are a mapping from customer id to company name.
        """
        if not self.discover:
            return await super().customers_of(poll), {}
        poll.used |= {LAST, NUMBER}
        slices, listed = await poll.cached(
            self.estimate.seconds if poll.slice.total > 1 else 0.0, "customers", lambda: self._read_list(poll)
        )
        if poll.slice.is_first and self.owns_account_metrics:
            poll.cap_customers(listed.number, self.max_customers)
        if listed.is_partial:
            poll.unreadable.append(families.PROLIFI_EVENT_COUNT.unreadable())
            if self.entitlements:
                poll.unreadable.append(families.PROLIFI_ENTITLEMENT_USED.unreadable())
        return slices[poll.slice.number], listed.companies if self.names else {}

    async def _read_list(self, poll: Poll) -> tuple[Sequence[Sequence[str]], Listed]:
        """Return the customers to poll in this shard, grouped by slice, and a `Listed` without ids.

        The `Listed` has the number of wanted customers, the company names, and whether some ids are unreadable.
        """
        listed = await listed_customers(poll, self._wants if self.include or self.exclude else None, self.max_customers)
        return split_by_slice(self.mine(listed.ids), poll.slice.total), listed._replace(ids=())

    def _wants(self, customer: Customer) -> bool:
        names = [customer.id, *([customer.external_id] if customer.external_id else ())]

        def matched(patterns: Iterable[str]) -> bool:
            return any(re.fullmatch(pattern, name) for pattern in patterns for name in names)

        return (not self.include or matched(self.include)) and not matched(self.exclude)
