"""A visit: a customer's usage, entitlements and subscriptions, requested in sequence.

Usage and the remaining amount add up to a limit only if both amounts apply to the same time and the same subscription.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.errors import PollError
from exporter.metrics import Item
from exporter.vendors.paths import segment
from exporter.vendors.planship import families
from exporter.vendors.planship.replies import Entitlements, LeverUsage, Subscription
from exporter.vendors.reply import is_partial
from exporter.vendors.values import read_number

_UNLIMITED: Final = -1
_NO_BUCKET: Final = "null"


class Place(NamedTuple):
    """A product and one of its customers, as named in the configuration."""

    product: str
    customer_id: str

    @property
    def customer_path(self) -> str:
        """The path of the customer."""
        return f"/api/v1/customers/{segment(self.customer_id)}"

    @property
    def path(self) -> str:
        """The path of the product, below the customer's path."""
        return f"{self.customer_path}/products/{segment(self.product)}"


@dataclass(frozen=True, slots=True)
class Visit:
    """The answers of one visit.

    Attributes:
        place: the customer and the product.
        usage: the usage, by lever.
        entitlements: the remaining amount of each lever; None if not requested or unavailable.
        subscriptions: the customer's subscriptions, which may include subscriptions to other products.
        failure: the error if no usage could be read; otherwise None.

    """

    place: Place
    usage: Mapping[str, LeverUsage] = field(default_factory=dict)
    entitlements: Entitlements | None = None
    subscriptions: Collection[Subscription] = ()
    failure: PollError | None = None

    @property
    def used_subscriptions(self) -> frozenset[str]:
        """The ids of subscriptions that have used at least one lever. Such subscriptions belong to this product."""
        return frozenset(one for usage in self.usage.values() for one in usage.by_subscription or ())


def usage_items(visit: Visit, *, buckets: bool, subscriptions: bool) -> Iterator[Item]:
    """Yield the usage of each lever. If requested, also yield the usage by bucket and by subscription."""
    for lever, used in visit.usage.items():
        labels = {**visit.place._asdict(), "lever": lever}
        yield from families.PLANSHIP_LEVER_USAGE.expected(used.total, **labels)
        if buckets:
            yield from _bucket_items(used, labels)
        if subscriptions:
            yield from _subscription_items(used, labels)


def _bucket_items(used: LeverUsage, labels: Mapping[str, str]) -> Iterator[Item]:
    for bucket, value in (used.by_bucket or {}).items():
        yield from families.PLANSHIP_LEVER_BUCKET_USAGE.expected(value, **labels, bucket=bucket)
    if used.by_bucket is None:
        yield families.PLANSHIP_LEVER_BUCKET_USAGE.unreadable(**labels)


def _subscription_items(used: LeverUsage, labels: Mapping[str, str]) -> Iterator[Item]:
    for subscription, rows in (used.by_subscription or {}).items():
        values = [row.usage for row in rows if row.usage is not None]
        if rows:
            total = sum(values) if len(values) == len(rows) else None
            yield from families.PLANSHIP_LEVER_SUBSCRIPTION_USAGE.expected(
                total, **labels, subscription_id=subscription
            )
    if is_partial(used.by_subscription):
        yield families.PLANSHIP_LEVER_SUBSCRIPTION_USAGE.unreadable(**labels)


def entitlement_items(visit: Visit, active_subscriptions: int) -> Iterator[Item]:
    """Yield the remaining amount of each metered lever. Other entitlements (flags, lists, plain limits) are ignored.

    Args:
        visit: the visit.
        active_subscriptions: the known number of the customer's active subscriptions to the product.

    """
    entitlements = visit.entitlements.root if visit.entitlements else {}
    for lever, used in visit.usage.items():
        labels = {**visit.place._asdict(), "lever": lever}
        try:
            remaining = read_number(entitlements.get(lever))
        except ValueError:
            continue
        if remaining != _UNLIMITED:
            yield families.PLANSHIP_ENTITLEMENT_REMAINING(remaining, **labels)
        is_comparable = _is_undivided(used) and active_subscriptions <= 1
        yield families.PLANSHIP_LEVER_USAGE.rest(remaining if is_comparable else None, **labels)


def _is_undivided(used: LeverUsage) -> bool:
    """Whether all usage belongs to one subscription and to no bucket.

    If not, the usage and the remaining amount do not match: the vendor reports the remaining amount of the most
    generous subscription, or a remaining amount for each bucket.
    """
    by_bucket, by_subscription = used.by_bucket, used.by_subscription
    if by_bucket is None or by_subscription is None or is_partial(by_subscription):
        return False
    return by_bucket.keys() <= {_NO_BUCKET} and len(by_subscription) <= 1
