"""Prolifi's past: for the end of each day, each customer's events in the account's window.

Source:   GET /customers/{id}/usage?start_date&end_date, one request per customer and day. Both dates are inclusive
Limits:   deleted customers have no past. Entitlements have no dates
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from typing import ClassVar

from exporter.metrics import Item, Sample, Unreadable
from exporter.vendors.history import Past
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi import families
from exporter.vendors.prolifi.account import Prolifi, window_start
from exporter.vendors.prolifi.customers import PAGE
from exporter.vendors.prolifi.items import event_items
from exporter.vendors.prolifi.replies import Usage


class ProlifiPast(Past[Prolifi]):
    """The past of an account at Prolifi."""

    families: ClassVar = (
        families.PROLIFI_EVENT_COUNT,
        families.PROLIFI_EVENT_LAST_REPORTED,
        families.PROLIFI_WINDOW_START,
    )

    @property
    def requests(self) -> int:
        """The approximate number of requests: one per customer and day, and one per page of the list of customers."""
        customers = self.account.max_customer_count
        return len(self.days) * customers + self.account.discover * math.ceil(customers / PAGE)

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return each customer's events in the window that ends on the day that contains `poll.now`."""
        start = window_start(self.account.window, poll.now)
        window = {"start_date": f"{start:%Y-%m-%d}"} if start else {}
        window["end_date"] = f"{poll.now:%Y-%m-%d}"

        async def usage_of(customer: str) -> Usage:
            return await poll.get(Usage, f"/customers/{segment(customer)}/usage", window)

        def hidden(customer: str) -> list[Unreadable]:
            return [families.PROLIFI_EVENT_COUNT.unreadable(customer_id=customer)]

        usage = await poll.gather(await self.account.customers_of(poll), usage_of, hides=hidden)
        whole = families.PROLIFI_WINDOW_START.known(start) if poll.slice.is_first else ()
        events = chain.from_iterable(event_items(customer, one, poll) for customer, one in usage)
        latest = poll.now.timestamp()
        return (one for one in chain(events, whole) if not _is_later(one, latest))


def _is_later(item: Item, latest: float) -> bool:
    """Whether an item is an event's time, and later than the Unix time `latest`.

    The newest event that the vendor reports may be later than the end of the window.
    """
    is_time = isinstance(item, Sample) and item.family is families.PROLIFI_EVENT_LAST_REPORTED
    return is_time and isinstance(item, Sample) and item.value > latest + 1
