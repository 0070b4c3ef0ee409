"""The list of Prolifi's customers.

Source:   GET /customers
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from exporter.errors import Malformed
from exporter.vendors.paging import ByOffset, PageInfo, Pages, Question
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi.replies import Customer, Customers, Pagination
from exporter.vendors.reply import is_partial

PAGE: Final = 100
"""The page size to request: the vendor's maximum."""
_SHORTEST_FULL_PAGE: Final = 20
"""The vendor's default page size. A shorter page is the last page."""
MOST_LISTED: Final = 200_000
"""A list counts as endless if it has more customers than this, and more than twice the configured maximum."""
_FIRST: Final = Question("/customers", {"limit": str(PAGE), "offset": "0"})
_MOST_PASSES: Final = 2
_COUNT_AGAIN: Final = timedelta(days=1)
"""How long the number of wanted customers is cached, if it can be counted only by reading the whole list."""
LAST, NUMBER = "listed customers", "number of customers"
"""The names under which the ids of the last list, and the number of wanted customers, are cached for later polls."""


class Listed(NamedTuple):
    """The wanted customers in the vendor's list.

    Attributes:
        ids: the ids of the customers to ask about.
        number: the number of wanted customers, including customers beyond the maximum.
        companies: the names of customers that are companies, by customer id.
        is_partial: whether the list has customers without a readable id.

    """

    ids: tuple[str, ...]
    number: int
    companies: Mapping[str, str]
    is_partial: bool


class _Page(NamedTuple):
    """A page of the list, and the number of customers up to the end of the page."""

    customers: Customers
    read: int


async def listed_customers(poll: Poll, wants: Callable[[Customer], bool] | None, most: int) -> Listed:
    """Return the wanted customers in the list, up to a maximum. If `wants` is None, all customers are wanted.

    A customer that has disappeared from the list since the last poll is returned once more. The customer may only have
    been overlooked: if another customer is deleted while pages are being read, rows move up.

    Raises:
        PollError: the list cannot be read.

    """
    ids: list[str] = []
    companies: dict[str, str] = {}
    has_gaps = False
    counted_at, number = poll.cache.get(NUMBER, (poll.now, 0))
    is_counted = number > 0 and poll.now - counted_at < _COUNT_AGAIN
    async with aclosing(_pages(poll, max(MOST_LISTED, 2 * most))) as pages:
        async for page, total, is_whole in pages:
            has_gaps = has_gaps or not is_whole
            wanted = [one for one in page if wants is None or wants(one)]
            ids += [one.id for one in wanted]
            companies |= {one.id: one.company for one in wanted if one.company}
            if len(ids) > most:
                known = total if wants is None and total is not None else number if is_counted else None
                if known is not None:
                    return Listed(tuple(ids[:most]), max(known, len(ids)), companies, has_gaps)
    if len(ids) > most:
        poll.cache[NUMBER] = poll.now, len(ids)  # known only after the whole list has been read
        return Listed(tuple(ids[:most]), len(ids), companies, has_gaps)
    last: tuple[str, ...] = poll.cache.get(LAST, (poll.now, ()))[1]
    poll.cache[LAST] = poll.now, tuple(ids)
    missing = dict.fromkeys(last).keys() - set(ids)
    ids += [one for one in last if one in missing][: most - len(ids)]
    return Listed(tuple(ids), len(ids), companies, has_gaps)


async def _pages(poll: Poll, most: int) -> AsyncGenerator[tuple[list[Customer], int | None, bool]]:
    """Yield each page's new customers, the total that the vendor states, and whether all rows of the page are readable.

    A total that changes between pages means that rows have moved. The list is then read once more.
    """
    seen: set[str] = set()
    for _ in range(_MOST_PASSES):
        totals: set[float] = set()
        # There cannot be more pages than customers: each page has new customers, or is the last page.
        paged = Pages(ByOffset("offset", overlap=0), most=most + 1).read(
            _FIRST, partial(_ask, poll), lambda asked: [one.id for one in asked.customers.data], _page_info
        )
        async with aclosing(paged) as pages:
            async for page, _ in pages:
                news = {one.id: one for one in page.data if one.id not in seen}
                seen.update(news)
                if len(seen) > most:
                    raise Malformed(f"an endless list: more than {most} customers", asked="GET /customers")
                total = page.pagination.total if page.pagination else None
                totals |= set() if total is None else {total}
                yield list(news.values()), None if total is None else int(total), not is_partial(page.data)
        if len(totals) <= 1:
            return


async def _ask(poll: Poll, question: Question) -> _Page:
    page = await poll.get(Customers, question.path, question.params)
    return _Page(page, int(question.params["offset"]) + page.received)


def _page_info(asked: _Page) -> PageInfo:
    """Return what a page says about the next page. A page without readable customers counts as the last page."""
    return PageInfo(asked.customers.received, more=bool(asked.customers.data) and _more(*asked))


def _more(page: Customers, read: int) -> bool:
    """Whether there are customers after this page. If the page does not say, the page's length decides.

    The number `read` counts the customers up to the end of the page.
    """
    place = page.pagination or Pagination.model_construct(total=None, limit=None, has_more=None)
    if place.has_more is not None:
        return place.has_more
    if place.total is not None:
        return read < place.total
    return page.received >= min(place.limit or _SHORTEST_FULL_PAGE, _SHORTEST_FULL_PAGE)
