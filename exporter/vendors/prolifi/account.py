"""Prolifi, usage-based billing: the events of each customer, and what their entitlements leave them.

Source:   Public API, https://api.prolifi.co/api/v1/public: GET /customers, GET /customers/{id}/usage,
          GET /customers/{id}/entitlements
Period:   the window that the configuration sets, in UTC days; an entitlement's own for entitlements
Units:    events are counted one by one, whatever quantity they carry; entitlements in the feature's own unit
Login:    a key; a public one (pk_...) can only read and is enough
Limits:   1,000 requests a minute and key by default, said in X-RateLimit-Limit and X-RateLimit-Remaining
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from exporter.client.auth import ApiKey, Auth
from exporter.durations import Rate
from exporter.metrics import Family, Item, Unreadable
from exporter.vendors.customers import CustomersAccount, split_by_slice
from exporter.vendors.poll import Poll, segment
from exporter.vendors.prolifi import families
from exporter.vendors.prolifi.customers import MOST_LISTED, PAGE, pages
from exporter.vendors.prolifi.replies import Customer, Entitlements, Usage
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.reply import is_partial
from exporter.vendors.settings import Pattern, SecretFromEnvironment, SecretFromFile, Url, Uuid

_UNLIMITED: Final = -1
"""What a limit, or what is left of it, may be where there is none."""


def window_start(window: Literal["all", "month"] | int, now: datetime) -> datetime | None:
    """Return the first day (00:00 UTC) of the window that `now` is in; None for all time."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "all":
        return None
    return today.replace(day=1) if window == "month" else today - timedelta(days=window - 1)


def event_samples(readings: Iterable[tuple[str, Usage]]) -> Iterator[Item]:
    """Say customers' events in metrics."""
    for customer_id, usage in readings:
        for event in usage.data:
            labels = {"customer_id": customer_id, "event_name": event.event_name}
            yield from families.PROLIFI_EVENT_COUNT.expected(event.count, **labels)
            yield from families.PROLIFI_EVENT_LAST_REPORTED.known(event.last_reported_at, **labels)
        if is_partial(usage.data):
            yield families.PROLIFI_EVENT_COUNT.unreadable(customer_id=customer_id)


def entitlement_samples(readings: Iterable[tuple[str, Entitlements]]) -> Iterator[Item]:
    """Say customers' entitlements in metrics. What is unlimited has no limit series."""
    for customer_id, entitlements in readings:
        for one in entitlements.data:
            labels = {"customer_id": customer_id, "feature": one.feature}
            yield from families.PROLIFI_ENTITLEMENT_USED.known(one.current_usage, **labels)
            yield from families.PROLIFI_ENTITLEMENT_UNLIMITED.known(one.is_unlimited, **labels)
            yield from families.PROLIFI_ENTITLEMENT_RESET.known(one.reset_at, **labels)
            if not one.is_unlimited and one.limit != _UNLIMITED:
                yield from families.PROLIFI_ENTITLEMENT_LIMIT.known(one.limit, **labels)
                if one.remaining != _UNLIMITED or one.limit is not None:  # beside a limit it is one too many
                    yield from families.PROLIFI_ENTITLEMENT_REMAINING.known(one.remaining, **labels)
        if is_partial(entitlements.data):
            yield families.PROLIFI_ENTITLEMENT_USED.unreadable(customer_id=customer_id)


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
    example: ClassVar = """\
api_key: ${PROLIFI_API_KEY}
discover: true
"""
    native_quotas_of: ClassVar = "Prolifi's entitlements (with `entitlements: true`)"
    reported: ClassVar = families.FAMILIES

    vendor: Literal["prolifi"] = Field(description="Prolifi, usage-based billing.")
    base_url: Url = "https://api.prolifi.co/api/v1/public"
    api_key: SecretFromEnvironment | None = Field(default=None, description="API key; a public one (pk_...) is enough.")
    api_key_file: SecretFromFile | None = Field(default=None, description="File that holds the API key.")
    customers: tuple[Uuid, ...] = Field(default=(), description="Ids of the customers to ask about.")
    discover: bool = Field(default=False, description="Ask about every customer in the vendor's list.")
    max_customers: int = Field(default=1000, ge=1, description="Customers taken from the list at most.")
    include: tuple[Pattern, ...] = Field(
        default=(), description="Of the listed, only customers whose id or external id one of these matches."
    )
    exclude: tuple[Pattern, ...] = Field(
        default=(), description="Of the listed, no customer whose id or external id one of these matches."
    )
    window: Literal["all", "month"] | Annotated[int, Field(ge=1, le=3650)] = Field(
        default="all",
        description="Which events are counted: all, those of this UTC month, or of a number of days.",
    )
    entitlements: bool = Field(default=False, description="Ask for entitlements too, a call more per customer.")

    @property
    def auth(self) -> Auth:
        """The key, as a bearer token."""
        return ApiKey(self.secret("api_key"))

    @classmethod
    def find_conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong between settings; customers are listed here or at the vendor."""
        yield from super().find_conflicts(given)
        if bool(given.get("customers")) == (given.get("discover") is True):
            yield "customers", "list customers, or write discover: true to take the vendor's list; one of the two"
        quotas = given.get("quotas") if given.get("window", "all") == "all" else ()
        for index, quota in enumerate(quotas if isinstance(quotas, list) else ()):
            named = dict(quota) if isinstance(quota, Mapping) else {}
            if named.get("metric") == "prolifi_event_count" and named.get("period") not in (None, "none", "plan"):
                yield f"quotas[{index}].period", "with window: all the figure never starts anew; write none"

    @property
    def max_customer_count(self) -> int:
        """Customers that this shard asks about at most: those that are listed here, or its share of the vendor's."""
        share = self.shard.share if self.is_divisible else 1.0
        return math.ceil(share * self.max_customers) if self.discover else len(self.customers)

    @property
    def max_request_count(self) -> int | None:
        """A request or two for each customer, and the whole list; None where nobody said how long that may be."""
        if self.discover and "max_customers" not in self.model_fields_set:
            return None
        return self.max_customer_count * (1 + self.entitlements) + self.discover * math.ceil(self.max_customers / PAGE)

    @property
    def dated_families(self) -> Collection[Family]:
        """Events of a month are asked for by its first day."""
        return (families.PROLIFI_EVENT_COUNT,) if self.window == "month" else ()

    @property
    def has_account_metrics(self) -> bool:
        """Whether there are series of the account as a whole: where its window begins."""
        return self.window != "all"

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the events, and the entitlements where asked for, of each customer; one that is gone is left out."""
        start = window_start(self.window, poll.now)
        # Both days are inclusive. Without the last one, a poll over midnight would be of two periods.
        window = {"start_date": f"{start:%Y-%m-%d}", "end_date": f"{poll.now:%Y-%m-%d}"} if start else {}
        share = 1 / (1 + self.entitlements)

        async def usage_of(customer: str) -> Usage:
            return await poll.get(Usage, f"/customers/{segment(customer)}/usage", window)

        async def entitlements_of(customer: str) -> Entitlements:
            return await poll.get(Entitlements, f"/customers/{segment(customer)}/entitlements")

        used, counted = families.PROLIFI_ENTITLEMENT_USED, families.PROLIFI_EVENT_COUNT
        asked = (counted, used) if self.entitlements else (counted,)

        def hidden(customer: str) -> list[Unreadable]:
            return [family.unreadable(customer_id=customer) for family in asked]

        usage = await poll.gather(await self.customers_of(poll), usage_of, share=share, hides=hidden)
        there = [customer for customer, _ in usage] if self.entitlements else []
        entitlements = await poll.gather(
            there, entitlements_of, needed=False, share=share, hides=lambda customer: hidden(customer)[1:]
        )
        whole = families.PROLIFI_WINDOW_START.known(start) if poll.slice.is_first and self.owns_account_metrics else ()
        return chain(event_samples(usage), entitlement_samples(entitlements), whole)

    async def customers_of(self, poll: Poll) -> Sequence[str]:
        """Return the customers of the slice that is polled; the vendor's list is read once for all slices."""
        if not self.discover:
            return await super().customers_of(poll)
        if poll.slice.total == 1:
            return (await self._listed(poll))[0]
        listed = await poll.cached(self.estimate.seconds, "customers", lambda: self._listed(poll))
        return listed[poll.slice.number]

    async def _listed(self, poll: Poll) -> Sequence[Sequence[str]]:
        """Return the customers of each slice that are in the vendor's list, and wanted, and this shard's."""
        own: list[str] = []
        wanted, most_listed = 0, max(MOST_LISTED, 2 * self.max_customers)
        async with aclosing(pages(poll, most_listed)) as listed:
            async for page in listed:
                chosen = [customer.id for customer in page if self._wants(customer)]
                own += self.mine(chosen[: max(0, self.max_customers - wanted)])
                wanted += len(chosen)
                if wanted > self.max_customers:
                    if self.owns_account_metrics:
                        poll.skip("capped", wanted - self.max_customers)
                    break
        return split_by_slice(own, poll.slice.total)

    def _wants(self, customer: Customer) -> bool:
        names = [customer.id, *([customer.external_id] if customer.external_id else ())]

        def matched(patterns: Iterable[str]) -> bool:
            return any(re.fullmatch(pattern, name) for pattern in patterns for name in names)

        return (not self.include or matched(self.include)) and not matched(self.exclude)
