"""Planship's subscriptions: each subscription's product, and the start and the end of the subscription's period.

Source:   GET /api/v1/customers/{id}/subscriptions
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from exporter.metrics import Item
from exporter.vendors.planship import families
from exporter.vendors.planship.replies import Subscription
from exporter.vendors.planship.visits import Place, Visit
from exporter.vendors.poll import Poll


def active_subscriptions(visits: Iterable[Visit], poll: Poll) -> Mapping[Place, list[Subscription]]:
    """Return the active subscriptions of each customer and product.

    A subscription does not name its product. Each list of subscriptions is requested for one product, but older
    versions of the API answer with the subscriptions to all products. So a subscription is assigned to the product
    whose levers it has used. An unused subscription is assigned to a product if it is the only active subscription in
    that product's list, if it appears in no other product's list, and if no other subscription has used the product's
    levers. In all other cases, the product is unknown, and the subscription is skipped and counted.
    """
    listed: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    subscriptions: dict[tuple[str, str], Subscription] = {}
    for visit in visits:
        for one in _active(visit):
            key = (visit.place.customer_id, one.subscription_id)
            listed[key].append(visit)
            subscriptions[key] = one
    found: dict[Place, list[Subscription]] = defaultdict(list)
    for key, subscription in subscriptions.items():
        if place := _place_of(subscription, listed[key]):
            found[place].append(subscription)
        else:
            poll.skip("ambiguous")
    return found


def _active(visit: Visit) -> list[Subscription]:
    return [one for one in visit.subscriptions if one.is_active is not False]


def _place_of(subscription: Subscription, visits: list[Visit]) -> Place | None:
    """Return the customer and the product of a subscription, or None if the product is unknown.

    Args:
        subscription: the subscription.
        visits: the customer's visits whose lists contain the subscription.

    """
    identifier = subscription.subscription_id
    if users := [visit for visit in visits if identifier in visit.used_subscriptions]:
        return users[0].place
    first = visits[0]
    is_only = len(visits) == len(_active(first)) == 1 and not first.used_subscriptions
    return first.place if is_only else None


def period_items(place: Place, subscriptions: Collection[Subscription]) -> Iterator[Item]:
    """Yield the start of each active subscription's period. If the subscription renews, also yield the renewal time."""
    for one in subscriptions:
        labels = {
            **place._asdict(),
            "subscription_id": one.subscription_id,
            "plan": (one.plan.slug if one.plan else None) or "",
        }
        yield from families.PLANSHIP_SUBSCRIPTION_LAST_RENEWED.known(one.last_renewed_at, **labels)
        if one.auto_renew is not False:
            yield from families.PLANSHIP_SUBSCRIPTION_RENEW.known(one.renew_at, **labels)
