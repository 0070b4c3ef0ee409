"""A peer: bare httpx, which requests each customer from the benchmarks' vendor in a loop, ten at a time.

`python -m benchmarks.bare_httpx URL CUSTOMERS`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from itertools import cycle

import httpx

IN_FLIGHT = 10


async def ask(client: httpx.AsyncClient, paths: Iterator[str]) -> None:
    """Request one customer after another, and read each answer."""
    for path in paths:
        await client.get(path)


async def run(url: str, customers: int) -> None:
    """Send requests in an endless loop."""
    place = "products/analytics/levers/monthly-events/usage"
    paths = cycle([f"/api/v1/customers/customer-{number:06}/{place}" for number in range(customers)])
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client, asyncio.TaskGroup() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.create_task(ask(client, paths))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
