"""Models of Planship's replies, with only the fields that are read. A missing optional field is None."""

from __future__ import annotations

from pydantic import RootModel

from exporter.vendors.reply import (
    MISSING,
    Flag,
    LenientList,
    LenientMap,
    LenientObject,
    MaybeText,
    MaybeTime,
    Number,
    Reply,
    RequiredId,
    Text,
)


class BucketUsage(Reply, title="by_subscription"):
    """A subscription's usage in one bucket."""

    usage: Number = MISSING


class LeverUsage(Reply):
    """A customer's usage of a lever: in total, by bucket, and by subscription."""

    total: Number = MISSING
    by_bucket: LenientObject[dict[str, Number]] = MISSING
    by_subscription: LenientObject[LenientMap[list[BucketUsage]]] = MISSING


class Named(Reply, title="named"):
    """A product or a lever, with its name."""

    slug: RequiredId
    name: Text = MISSING


class Levers(RootModel[LenientList[Named]]):
    """The reply with a product's levers."""


class LeversUsage(RootModel[LenientMap[LeverUsage]]):
    """The reply with the usage of each lever that a metering id covers."""


class Entitlements(RootModel[dict[str, object]]):
    """The reply with a customer's entitlements. A metered lever's entitlement is the remaining amount."""


class Plan(Reply, title="plan"):
    """The plan of a subscription."""

    slug: MaybeText = None


class Subscription(Reply, title="subscriptions"):
    """A subscription of a customer."""

    subscription_id: RequiredId
    plan: LenientObject[Plan] = MISSING
    is_active: Flag = MISSING
    auto_renew: Flag = MISSING
    renew_at: MaybeTime = None
    last_renewed_at: MaybeTime = None


class Subscriptions(RootModel[LenientList[Subscription]]):
    """The reply with a customer's subscriptions."""
