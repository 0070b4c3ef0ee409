"""The used and the remaining amount of each Planship lever. Reported usage is added to the world's figures."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from exporter.sandbox.periods import DAY, RENEWAL_DAYS, Period, renewal
from exporter.sandbox.planship.catalogue import Customer, Lever
from exporter.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Report:
    """Usage that a client reported. The time `at` is in the simulated world, where time may pass faster."""

    at: float
    usage: int
    bucket: str | None


class Usage:
    """The usage of every customer's levers.

    The only state is the reports that clients have added. Everything else is computed from the seed and the time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._reports: defaultdict[tuple[str, str, str], list[Report]] = defaultdict(list)

    def add(self, customer: Customer, product: str, metering_id: str, report: Report) -> None:
        """Add a report to the usage of a metering id's levers. Drop earlier reports that are too old to matter."""
        oldest = min(self.period(customer, product).start, report.at - DAY)
        key = (customer.id, product, metering_id)
        self._reports[key] = [*(known for known in self._reports[key] if known.at >= oldest), report]

    def left(self, customer: Customer, product: str, lever: Lever) -> int | dict[str, int]:
        """Return the remaining amount of a lever, at least 0. If the lever has buckets, return each bucket's amount."""
        left = {bucket: max(0, lever.limit - usage) for bucket, usage in self._used(customer, product, lever).items()}
        return {_key(bucket): rest for bucket, rest in left.items()} if lever.per_bucket else left[None]

    def of_lever(self, customer: Customer, product: str, lever: Lever) -> dict[str, Any]:
        """Return the usage of a lever, in Planship's format."""
        used = self._used(customer, product, lever)
        rows = [{"usage": usage, "bucket": bucket} for bucket, usage in used.items()]
        return {
            "total": sum(used.values()),
            "by_bucket": {_key(bucket): usage for bucket, usage in used.items()},
            "by_subscription": {customer.subscription(product): rows},
        }

    def period(self, customer: Customer, product: str) -> Period:
        """Return the current period of a customer's subscription to a product."""
        anchor = round(self._world.between(0, RENEWAL_DAYS, f"planship/{customer.id}/{product}/anchor")) * DAY
        return renewal(self._world.now(), anchor)

    def _used(self, customer: Customer, product: str, lever: Lever) -> dict[str | None, int]:
        """Return the usage of a lever in each bucket."""
        now = self._world.now()
        since = now - lever.rolling if lever.rolling else self.period(customer, product).start
        figures = self._world.used if lever.rolling else self._world.billed
        owner = f"planship/{customer.id}/{product}"
        a_day = lever.a_day * self._world.between(0.5, 1.5, f"{owner}/size")
        used = {
            bucket: int(figures(f"{owner}/{lever.metering_id}/{bucket}", since, now) * a_day)
            for bucket in lever.buckets
        }
        for report in self._reports.get((customer.id, product, lever.metering_id), ()):
            if since <= report.at <= now:
                bucket = report.bucket if lever.per_bucket else None
                used[bucket] = used.get(bucket, 0) + report.usage
        return used


def _key(bucket: str | None) -> str:
    return "null" if bucket is None else bucket
