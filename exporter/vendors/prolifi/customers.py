"""The list of Prolifi's customers.

Source:   GET /customers
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from exporter.errors import Malformed
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi.replies import Customer, Customers, Pagination

PAGE: Final = 100
"""Customers asked for at once: the most the vendor gives."""
_SHORTEST_FULL_PAGE: Final = 20
"""What the vendor gives where nobody asks for more; a page shorter than that is the last."""
MOST_LISTED: Final = 200_000
"""Customers read from the list, wanted or not, at least: well beyond, it is taken for one that has no end."""


async def pages(poll: Poll, most: int) -> AsyncGenerator[list[Customer]]:
    """Yield the customers of each page of the list, each customer once.

    Pages shift while they are read, and may repeat: a page without news is the last.

    Raises:
        PollError: the list cannot be read, or has more than `most` customers.

    """
    seen: set[str] = set()
    offset = 0
    while True:
        page = await poll.get(Customers, "/customers", {"limit": str(PAGE), "offset": str(offset)})
        news = {one.id: one for one in page.data if one.id not in seen}
        seen.update(news)
        if len(seen) > most:
            raise Malformed(f"a list without end: more than {most} customers", asked="GET /customers")
        yield list(news.values())
        offset += page.received
        if not news or not _more(page, offset):
            return


def _more(page: Customers, read: int) -> bool:
    """Whether there are customers after the `read` ones, this page's included, as far as it says; else by its rows."""
    place = page.pagination or Pagination.model_construct(total=None, limit=None, has_more=None)
    if place.has_more is not None:
        return place.has_more
    if place.total is not None:
        return read < place.total
    return page.received >= min(place.limit or _SHORTEST_FULL_PAGE, _SHORTEST_FULL_PAGE)
