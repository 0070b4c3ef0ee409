"""A peer: the quick script for the same figures, with httpx, labelled Gauges and prometheus_client's server.

`python -m benchmarks.plain_exporter VENDOR PORT ACCOUNTS CUSTOMERS SECONDS` requests each customer of each account,
ten at a time, every SECONDS.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial

import httpx
from prometheus_client import Gauge, start_http_server

IN_FLIGHT = 10
LABELS = ["account", "product", "customer_id", "lever"]
USAGE = Gauge("planship_lever_usage", "What a customer has used of a lever.", LABELS)
BUCKET_USAGE = Gauge("planship_lever_bucket_usage", "The same by bucket.", [*LABELS, "bucket"])


async def ask(client: httpx.AsyncClient, free: asyncio.Semaphore, account: str, customer: str) -> None:
    """Request one customer, and set its Gauges."""
    async with free:
        answer = (
            await client.get(f"/api/v1/customers/{customer}/products/analytics/levers/monthly-events/usage")
        ).json()
    labels = (account, "analytics", customer, "monthly-events")
    USAGE.labels(*labels).set(answer["total"])
    for bucket, value in answer["by_bucket"].items():
        BUCKET_USAGE.labels(*labels, bucket).set(value)


async def run(vendor: str, accounts: int, customers: int, seconds: float) -> None:
    """Poll in an endless loop."""
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=vendor, trust_env=False) as client:
        free, due = asyncio.Semaphore(IN_FLIGHT), loop.time()
        while True:
            for account in range(accounts):
                names = [f"customer-{number:06}" for number in range(customers)]
                await asyncio.gather(*map(partial(ask, client, free, f"account-{account}"), names))
            due += seconds
            await asyncio.sleep(max(0.0, due - loop.time()))


if __name__ == "__main__":
    start_http_server(int(sys.argv[2]), "127.0.0.1")
    asyncio.run(run(sys.argv[1], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
