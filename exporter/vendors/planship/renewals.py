"""When Planship's subscriptions renew.

Source:   GET /api/v1/customers/{id}/subscriptions
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TypeVar

from exporter.metrics import Sample
from exporter.vendors.planship import families
from exporter.vendors.planship.replies import Subscription, Subscriptions
from exporter.vendors.poll import Poll

_PlaceT = TypeVar("_PlaceT", bound=tuple[str, str])
"""Product and customer."""


def renewal_samples(
    listed: Iterable[tuple[_PlaceT, Subscriptions]], used: Mapping[_PlaceT, Container[str]], poll: Poll
) -> Iterator[Sample]:
    """Say when subscriptions renew.

    The list is asked for by product, which older versions of the API ignore: a
    subscription that came for several is of the one whose levers it has used.

    Args:
        listed: the replies about customers, each asked for by product.
        used: the ids of the subscriptions that used any lever there.
        poll: where it is noted which cannot be told.

    """
    places: dict[tuple[str, str], list[_PlaceT]] = defaultdict(list)
    subscriptions: dict[tuple[str, str], Subscription] = {}
    for place, reply in listed:
        for subscription in reply.root:
            key = (place[1], subscription.subscription_id)
            places[key].append(place)
            subscriptions[key] = subscription
    for key, subscription in subscriptions.items():
        identifier = subscription.subscription_id
        users = [place for place in places[key] if identifier in used.get(place, ())]
        candidates = places[key] if len(places[key]) == 1 else users
        if not candidates:
            poll.skip("ambiguous")
            continue
        product, customer_id = candidates[0]
        yield from families.PLANSHIP_SUBSCRIPTION_RENEW.known(
            subscription.renew_at,
            product=product,
            customer_id=customer_id,
            subscription_id=identifier,
            plan=(subscription.plan.slug if subscription.plan else None) or "",
        )
