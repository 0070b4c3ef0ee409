"""Limits on the resources that clients of the pages may use."""

from __future__ import annotations

import resource
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_NETWORKS_TO_FILL_IT: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on clients. Times are in seconds."""

    handshake_seconds: float = 5.0
    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    body_bytes: int = 64 * 1024
    body_seconds: float = 10.0
    idle_seconds: float = 120.0
    """Longer than the time between two scrapes, so that Prometheus can reuse its connection."""
    answer_seconds: float = 60.0
    """The time for a whole answer. It is longer than any scrape waits, and limits clients that read slowly."""
    connections: int = 512
    connections_per_network: int = 128
    """The maximum number of connections from one IPv4 address, or from one /64 network of IPv6 addresses."""
    grace_seconds: float = 5.0


DEFAULT_LIMITS: Final = Limits()


def raise_file_limit() -> None:
    """Increase the process's soft limit on open files, which is often as low as 1,024, to the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def affordable_limits() -> Limits:
    """Return limits that let connections use at most half of the process's open files. Polls need the other half."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DEFAULT_LIMITS.connections
    connections = most if files == resource.RLIM_INFINITY else min(most, max(1, files // 2))
    return Limits(connections=connections, connections_per_network=max(1, connections // _NETWORKS_TO_FILL_IT))
