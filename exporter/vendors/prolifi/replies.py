"""Models of Prolifi's replies, with only the fields that are read. A missing optional field is None."""

from __future__ import annotations

from typing import Final

from pydantic import model_validator

from exporter.vendors.reply import (
    MISSING,
    Flag,
    LenientList,
    LenientObject,
    MaybeFlag,
    MaybeNumber,
    MaybeText,
    MaybeTime,
    Number,
    Reply,
    RequiredId,
)

_METER: Final = ("current_usage", "limit", "remaining", "reset_at")


class Customer(Reply, title="data"):
    """A customer in the list."""

    id: RequiredId
    external_id: MaybeText = None
    type: MaybeText = None
    company_name: MaybeText = None

    @property
    def company(self) -> str | None:
        """The customer's company name; None if the customer is not known to be a company."""
        return self.company_name or None if self.type == "business" else None


class Pagination(Reply, title="pagination"):
    """The position of a page in the whole list."""

    total: Number = MISSING
    limit: Number = MISSING
    has_more: Flag = MISSING


class Customers(Reply):
    """A page of the list of customers. `received` is the number of rows on the page, including unreadable rows."""

    data: LenientList[Customer]
    pagination: LenientObject[Pagination] = MISSING
    received: int = 0

    @model_validator(mode="before")
    @classmethod
    def _count(cls, given: object) -> object:
        rows = given.get("data") if isinstance(given, dict) else None
        return {**given, "received": len(rows)} if isinstance(given, dict) and isinstance(rows, list) else given


class UsageSummary(Reply, title="data"):
    """A customer's events that have the same name."""

    event_name: RequiredId
    count: Number = MISSING
    last_reported_at: MaybeTime = None


class Usage(Reply):
    """The reply with one customer's events."""

    data: LenientList[UsageSummary]


class Entitlement(Reply, title="data"):
    """A customer's entitlement to a feature. It is undocumented which field identifies the feature."""

    feature: RequiredId
    name: MaybeText = None
    is_unlimited: MaybeFlag = None
    limit: MaybeNumber = None
    current_usage: MaybeNumber = None
    remaining: MaybeNumber = None
    reset_at: MaybeTime = None
    is_metered: bool = False
    """Whether the feature can be used up. Other features are only on or off."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        is_metered = given.get("is_unlimited") is True or any(given.get(name) is not None for name in _METER)
        inner = given.get("feature")
        within = (inner.get("id"), inner.get("key")) if isinstance(inner, dict) else (inner,)
        names = (given.get("feature_id"), given.get("feature_key"), *within)
        feature = next((name for name in names if name not in (None, "")), None)
        called = given.get("feature_name") or (inner.get("name") if isinstance(inner, dict) else None)
        return {**given, "feature": feature, "name": called, "is_metered": is_metered}


class Entitlements(Reply):
    """The reply with one customer's entitlements."""

    data: LenientList[Entitlement]
