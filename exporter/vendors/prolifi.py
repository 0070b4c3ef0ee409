"""Prolifi, usage-based billing: the events of each customer, and what their entitlements leave them.

Source:   Public API, https://api.prolifi.co/api/v1/public: GET /customers, GET /customers/{id}/usage,
          GET /customers/{id}/entitlements
Period:   the window that the configuration sets, in UTC days; an entitlement's own for entitlements
Units:    events are counted one by one, whatever quantity they carry; entitlements in the feature's own unit
Login:    a key; a public one (pk_...) can only read and is enough
Limits:   1,000 requests a minute and key by default, said in X-RateLimit-Limit and X-RateLimit-Remaining
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, model_validator

from exporter.auth import Auth
from exporter.auth import Key as BearerKey
from exporter.errors import Malformed
from exporter.metrics import Sample
from exporter.metrics import usage as families
from exporter.pacing import Rate
from exporter.vendors.account import Account
from exporter.vendors.protocol import Poll, segment
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.reply import (
    MISSING,
    Flag,
    Key,
    MaybeFlag,
    MaybeNumber,
    MaybeText,
    MaybeTime,
    Number,
    Part,
    Reply,
    Rows,
)
from exporter.vendors.settings import Pattern, SecretFromEnvironment, SecretFromFile, Url, Uuid

_PAGE: Final = 100
"""Customers asked for at once: the most the vendor gives."""
_SHORTEST_FULL_PAGE: Final = 20
"""What the vendor gives where nobody asks for more; a page shorter than that is the last."""
_MOST_LISTED: Final = 200_000
"""Customers read from the list, wanted or not: beyond, it is taken for one that has no end."""


class Customer(Reply, title="data"):
    """A customer, as the list has it."""

    id: Key
    external_id: MaybeText = None


class Pagination(Reply, title="pagination"):
    """Where a page of the list is in the whole."""

    total: Number = MISSING
    limit: Number = MISSING
    has_more: Flag = MISSING


class Customers(Reply):
    """One page of the list of customers; `received` rows, readable or not."""

    data: Rows[Customer]
    pagination: Part[Pagination] = MISSING
    received: int = 0

    @model_validator(mode="before")
    @classmethod
    def _count(cls, given: object) -> object:
        rows = given.get("data") if isinstance(given, dict) else None
        return {**given, "received": len(rows)} if isinstance(given, dict) and isinstance(rows, list) else given


class UsageSummary(Reply, title="data"):
    """The events of one name."""

    event_name: Key
    count: Number = MISSING
    last_reported_at: MaybeTime = None


class Usage(Reply):
    """The reply about one customer's events."""

    data: Rows[UsageSummary]


class Entitlement(Reply, title="data"):
    """What a customer may use of a feature. How the feature is called is not documented exactly."""

    feature: Key
    is_unlimited: MaybeFlag = None
    limit: MaybeNumber = None
    current_usage: MaybeNumber = None
    remaining: MaybeNumber = None
    reset_at: MaybeTime = None

    @model_validator(mode="before")
    @classmethod
    def _name_feature(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        inner = given.get("feature")
        within = (inner.get("id"), inner.get("key")) if isinstance(inner, dict) else (inner,)
        names = (given.get("feature_id"), given.get("feature_key"), *within)
        return {**given, "feature": next((name for name in names if name not in (None, "")), None)}


class Entitlements(Reply):
    """The reply about one customer's entitlements."""

    data: Rows[Entitlement]


def window_start(window: Literal["all", "month"] | int, now: datetime) -> datetime | None:
    """Return the first day (00:00 UTC) of the window that `now` is in; None for all time."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "all":
        return None
    return today.replace(day=1) if window == "month" else today - timedelta(days=window - 1)


def event_samples(readings: Iterable[tuple[str, Usage]]) -> Iterator[Sample]:
    """Say customers' events in metrics."""
    for customer_id, usage in readings:
        for event in usage.data:
            labels = {"customer_id": customer_id, "event_name": event.event_name}
            yield from families.PROLIFI_EVENT_COUNT.known(event.count, **labels)
            yield from families.PROLIFI_EVENT_LAST_REPORTED.known(event.last_reported_at, **labels)


def entitlement_samples(readings: Iterable[tuple[str, Entitlements]]) -> Iterator[Sample]:
    """Say customers' entitlements in metrics. What is unlimited has no limit series."""
    for customer_id, entitlements in readings:
        for one in entitlements.data:
            labels = {"customer_id": customer_id, "feature": one.feature}
            yield from families.PROLIFI_ENTITLEMENT_USED.known(one.current_usage, **labels)
            yield from families.PROLIFI_ENTITLEMENT_UNLIMITED.known(one.is_unlimited, **labels)
            yield from families.PROLIFI_ENTITLEMENT_RESET.known(one.reset_at, **labels)
            if not one.is_unlimited:
                yield from families.PROLIFI_ENTITLEMENT_LIMIT.known(one.limit, **labels)
                yield from families.PROLIFI_ENTITLEMENT_REMAINING.known(one.remaining, **labels)


class Prolifi(Account):
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
    plan_period: ClassVar = PlanPeriod(labels=("customer_id", "feature"), end=families.PROLIFI_ENTITLEMENT_RESET)

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
        return BearerKey(self.secret("api_key"))

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong between settings; customers are listed here or at the vendor."""
        yield from super().conflicts(given)
        if bool(given.get("customers")) == (given.get("discover") is True):
            yield "customers", "list customers, or write discover: true to take the vendor's list; one of the two"
        quotas = given.get("quotas") if given.get("window", "all") == "all" else ()
        for index, quota in enumerate(quotas if isinstance(quotas, list) else ()):
            named = dict(quota) if isinstance(quota, Mapping) else {}
            if named.get("metric") == "prolifi_event_count" and named.get("period") not in (None, "none", "plan"):
                yield f"quotas[{index}].period", "with window: all the figure never starts anew; write none"

    async def read(self, poll: Poll) -> Iterable[Sample]:
        """Return the events, and the entitlements where asked for, of each customer; one that is gone is left out."""
        start = window_start(self.window, poll.now)
        window = {"start_date": f"{start:%Y-%m-%d}"} if start else {}

        async def usage_of(customer: str) -> Usage:
            return await poll.get(Usage, f"/customers/{segment(customer)}/usage", window)

        async def entitlements_of(customer: str) -> Entitlements:
            return await poll.get(Entitlements, f"/customers/{segment(customer)}/entitlements")

        usage = await poll.each(self.customers or await self._listed(poll), usage_of)
        there = [customer for customer, _ in usage] if self.entitlements else []
        entitlements = await poll.each(there, entitlements_of, needed=False)
        return [
            *event_samples(usage),
            *entitlement_samples(entitlements),
            *families.PROLIFI_WINDOW_START.known(start),
        ]

    async def _listed(self, poll: Poll) -> list[str]:
        """Page through the list. Pages shift while they are read, and may repeat: a page without news is the last."""
        wanted: dict[str, bool] = {}
        offset = 0
        while True:
            page = await poll.get(Customers, "/customers", {"limit": str(_PAGE), "offset": str(offset)})
            news = {one.id: self._wants(one) for one in page.data if one.id not in wanted}
            wanted |= news
            if len(wanted) > _MOST_LISTED:
                raise Malformed(f"a list without end: more than {_MOST_LISTED} customers", asked="GET /customers")
            chosen = [customer for customer, yes in wanted.items() if yes]
            if len(chosen) > self.max_customers:
                poll.skip("capped", len(chosen) - self.max_customers)
                return chosen[: self.max_customers]
            offset += page.received
            if not news or not _more(page, offset):
                return chosen

    def _wants(self, customer: Customer) -> bool:
        names = [customer.id, *([customer.external_id] if customer.external_id else ())]

        def matched(patterns: Iterable[str]) -> bool:
            return any(re.fullmatch(pattern, name) for pattern in patterns for name in names)

        return (not self.include or matched(self.include)) and not matched(self.exclude)


def _more(page: Customers, read: int) -> bool:
    """Whether there are customers after the `read` ones, this page's included, as far as it says; else by its rows."""
    place = page.pagination or Pagination.model_construct(total=None, limit=None, has_more=None)
    if place.has_more is not None:
        return place.has_more
    if place.total is not None:
        return read < place.total
    return page.received >= min(place.limit or _SHORTEST_FULL_PAGE, _SHORTEST_FULL_PAGE)
