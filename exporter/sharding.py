"""Decides which shard owns an account or a customer when the exporter is split into independent processes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

_MULTIPLIER: Final = 2_862_933_555_777_941_757
_64_BITS: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Shard:
    """One of the processes into which the exporter is split. By default, the exporter is a single process.

    Attributes:
        number: the shard's number, from 0.
        total: the number of shards.

    Raises:
        ValueError: a shard with this number and total cannot exist.

    """

    number: int = 0
    total: int = 1

    def __post_init__(self) -> None:
        if self.total < 1:
            raise ValueError("must be at least 1")
        if not 0 <= self.number < self.total:
            raise ValueError(f"counted from 0, the last of {self.total} shards is {self.total - 1}")

    @property
    def share(self) -> float:
        """The approximate share of all customers that this shard owns."""
        return 1 / self.total

    def owns(self, *names: str) -> bool:
        """Whether this shard owns the account or customer that these names identify."""
        return shard_of(self.total, *names) == self.number

    def __str__(self) -> str:
        return f"{self.number} of {self.total}"


def shard_of(total: int, *names: str) -> int:
    """Return the number of the shard, out of `total` shards, that owns the account or customer with these names."""
    if total == 1:
        return 0
    return jump_hash(int.from_bytes(hashlib.sha256("\x00".join(names).encode()).digest()[:8]), total)


def jump_hash(key: int, total: int) -> int:
    """Return the shard of a 64-bit key by jump consistent hashing (Lamping and Veach, 2014).

    When a shard is added, keys move only to the new shard, never between the other shards.
    """
    number, following = 0, 0
    while following < total:
        number = following
        key = (key * _MULTIPLIER + 1) & _64_BITS
        following = int((number + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return number
