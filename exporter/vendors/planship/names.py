"""The display names of Planship's products and levers. Customers' names may be personal, and are not read.

Source:   GET /api/v1/products/{product}, GET /api/v1/products/{product}/levers, each once a day
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from exporter.metrics import Item
from exporter.vendors.paths import segment
from exporter.vendors.planship import families
from exporter.vendors.planship.replies import Levers, Named
from exporter.vendors.poll import Poll

_DAY_SECONDS: Final = 86_400.0


async def read_names(poll: Poll, products: Iterable[str]) -> list[Item]:
    """Return the names of products and of the products' levers.

    Raises:
        PollError: a request for the names failed transiently.

    """
    items: list[Item] = []
    for product in products:
        path = f"/api/v1/products/{segment(product)}"

        async def named(path: str = path) -> list[Named]:
            return [await poll.get(Named, path)]

        async def levers(path: str = path) -> list[Named]:
            return (await poll.get(Levers, f"{path}/levers")).root

        items += [
            families.PLANSHIP_PRODUCT_INFO(1, product=product, name=one.name)
            for one in await _daily(poll, f"name of {product}", named)
            if one.name
        ]
        items += [
            families.PLANSHIP_LEVER_INFO(1, product=product, lever=one.slug, name=one.name)
            for one in _once(await _daily(poll, f"levers of {product}", levers))
            if one.name
        ]
    return items


async def _daily(poll: Poll, name: str, read: Callable[[], Awaitable[list[Named]]]) -> list[Named]:
    """Return the result of the function `read`, cached for a day. If there is no result, return an empty list."""
    return await poll.optional(name, lambda: poll.cached(_DAY_SECONDS, name, read)) or []


def _once(levers: Iterable[Named]) -> Iterable[Named]:
    """Return each lever once. If a lever is listed several times, the first entry is used."""
    return {one.slug: one for one in reversed(list(levers))}.values()
