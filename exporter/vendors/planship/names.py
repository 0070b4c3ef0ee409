"""What Planship's products and levers are called. Customers are not named: theirs may be names of people.

Source:   GET /api/v1/products/{product}, GET /api/v1/products/{product}/levers, each once a day
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from exporter.errors import PollError
from exporter.metrics import Item
from exporter.vendors.paths import segment
from exporter.vendors.planship import families
from exporter.vendors.planship.replies import Levers, Named
from exporter.vendors.poll import Poll

_DAY_SECONDS: Final = 86_400.0


async def read_names(poll: Poll, products: Iterable[str]) -> list[Item]:
    """Return what products and their levers are called. Names cost a poll nothing but themselves."""
    items: list[Item] = []
    for product in products:
        path = f"/api/v1/products/{segment(product)}"

        async def named(path: str = path) -> list[Named]:
            return [await poll.get(Named, path)]

        async def levers(path: str = path) -> list[Named]:
            return (await poll.get(Levers, f"{path}/levers")).root

        for one in await _kept(poll, f"name of {product}", named):
            items += families.PLANSHIP_PRODUCT_INFO.known(1, product=product, name=one.name) if one.name else ()
        for one in await _kept(poll, f"levers of {product}", levers):
            lever = {"product": product, "lever": one.slug}
            items += families.PLANSHIP_LEVER_INFO.known(1, **lever, name=one.name) if one.name else ()
    return items


async def _kept(poll: Poll, name: str, read: Callable[[], Awaitable[list[Named]]]) -> list[Named]:
    """Return what is read once a day; while it cannot be read, the last answer stands."""
    try:
        return await poll.cached(_DAY_SECONDS, name, read)
    except PollError as error:
        poll.leave_out("refused", str(error))
        last: list[Named] = poll.cache[name][1] if name in poll.cache else []
        return last
