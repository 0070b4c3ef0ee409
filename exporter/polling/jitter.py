"""Jitter, which keeps accounts from being polled in lockstep."""

from __future__ import annotations

import hashlib

from exporter.sharding import Shard
from exporter.store.snapshot import AccountKey


def jitter(key: AccountKey, shard: Shard = Shard()) -> float:  # noqa: B008 - it is frozen
    """Return a number from 0 to 1. The number depends only on the account and the shard, not on restarts."""
    names = (*key, str(shard.number)) if shard.total > 1 else key
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
