"""What Planship answers, as far as it is read: what may be absent is None."""

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
    """What a subscription used in one bucket."""

    usage: Number = MISSING


class LeverUsage(Reply):
    """What one customer uses of one lever: the same figure whole, by bucket, and by subscription."""

    total: Number = MISSING
    by_bucket: LenientObject[dict[str, Number]] = MISSING
    by_subscription: LenientObject[LenientMap[list[BucketUsage]]] = MISSING


class Named(Reply, title="named"):
    """A product, or a lever."""

    slug: RequiredId
    name: Text = MISSING


class Levers(RootModel[LenientList[Named]]):
    """The reply about a product's levers."""


class LeversUsage(RootModel[LenientMap[LeverUsage]]):
    """The reply about a metering id: each of its levers."""


class Entitlements(RootModel[dict[str, object]]):
    """The reply about a customer's entitlements; a metered lever's is the number that is left."""


class Plan(Reply, title="plan"):
    """The plan of a subscription."""

    slug: MaybeText = None


class Subscription(Reply, title="subscriptions"):
    """A subscription of a customer's."""

    subscription_id: RequiredId
    plan: LenientObject[Plan] = MISSING
    is_active: Flag = MISSING
    auto_renew: Flag = MISSING
    renew_at: MaybeTime = None
    last_renewed_at: MaybeTime = None


class Subscriptions(RootModel[LenientList[Subscription]]):
    """The reply about a customer's subscriptions."""
