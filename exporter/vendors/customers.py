"""Accounts that are polled customer by customer. The customers can be divided into slices and among shards."""

from __future__ import annotations

import math
import zlib
from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from exporter.sharding import Shard
from exporter.vendors.account import Account
from exporter.vendors.estimate import PollEstimate
from exporter.vendors.poll import Poll

_SLICE: Final = 1000
"""The approximate number of customers in a slice."""
_LABEL: Final = "customer_id"
"""The label that identifies a customer."""


class CustomersAccount(Account):
    """The base class of accounts that send separate requests for each customer."""

    if TYPE_CHECKING:  # each vendor declares this setting with a description of its own
        customers: tuple[str, ...]

    @property
    @abstractmethod
    def max_customer_count(self) -> int:
        """The maximum number of customers that the shard polls."""

    @property
    def estimate(self) -> PollEstimate:
        """An estimate of how long a full reading takes. The estimate is exact if the settings list the customers."""
        return replace(super().estimate, is_exact=bool(self.customers))

    @property
    def is_divisible(self) -> bool:
        """Whether shards may divide the customers. A quota that adds up customers needs all customers in one shard."""
        return all(_LABEL in quota.by for quota in self.quotas)

    @property
    def slice_count(self) -> int:
        """The number of slices into which the account's customers are divided. Each slice is polled separately."""
        return max(1, math.ceil(self.max_customer_count / _SLICE))

    @property
    def has_account_metrics(self) -> bool:
        """Whether there are account-wide series besides the series of single customers."""
        return False

    def mine(self, customers: Iterable[str]) -> tuple[str, ...]:
        """Return those of the customers that the shard polls."""
        shard, key = self.shard, self.key
        divided = shard.total > 1 and self.is_divisible
        return tuple(customer for customer in customers if not divided or shard.owns(*key, customer))

    def shard_numbers(self, total: int) -> Collection[int]:
        """Of `total` shards, return the numbers of those that may poll a part of the account."""
        return range(total) if self.is_divisible else super().shard_numbers(total)

    def shard_part(self, shard: Shard) -> Self | None:
        """Return the part of the account that a shard polls. Returns None if the shard polls no part of the account.

        If the vendor lists the customers, every shard reads the whole list and picks its own customers.
        """
        if not self.is_divisible:
            return super().shard_part(shard)
        part = self.for_shard(shard)
        customers = part.mine(self.customers)
        wanted = customers or not self.customers or (self.has_account_metrics and part.owns_account_metrics)
        return self.for_shard(shard, customers=customers) if wanted else None

    async def customers_of(self, poll: Poll) -> Sequence[str]:
        """Return the customers of the slice being polled."""
        if poll.slice.total == 1:
            return self.customers

        async def listed() -> Sequence[Sequence[str]]:
            return split_by_slice(self.customers, poll.slice.total)

        return (await poll.cached(math.inf, "customers", listed))[poll.slice.number]


def split_by_slice(customers: Iterable[str], total: int) -> Sequence[Sequence[str]]:
    """Return the customers divided into `total` slices."""
    slices: list[list[str]] = [[] for _ in range(total)]
    for customer in customers:
        slices[zlib.crc32(customer.encode()) % total].append(customer)
    return slices
