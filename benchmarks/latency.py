"""The latency of scrapes while the account is polled continuously, with a vendor a tenth of a second away.

Wall time at the client, from the request to the last byte of the page, compressed as Prometheus requests it. Between
two scrapes, some customers' figures arrive. The peer is nginx with the same bytes, scraped in alternation with the
exporter: it shows the noise of the machine. The exporter's own CPU time is free of that noise: it is everything the
exporter did from the request to the last byte, both the scrape's work and whatever delayed it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.exporting import Account, Exporter, exporting
from benchmarks.figures import NO_BAR, Bar, Figure
from benchmarks.peers import NGINX, Peer, nginx
from benchmarks.scale import Scale

_MS: Final = 1000.0
_P99: Final = Bar(value_at_most=25.0)
_RANKS: Final = (("median", 0.5, NO_BAR), ("99th percentile", 0.99, _P99), ("longest", 1.0, NO_BAR))


class Times(NamedTuple):
    """The times of all scrapes, in seconds: wall time, the exporter's CPU, and nginx's wall time if it is installed."""

    wall: list[float]
    cpu: list[float]
    nginx: list[float]


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the median, the 99th percentile and the maximum of many scrapes."""
    buckets = scale.latency_series // scale.customers - 1
    account = Account(scale.customers, buckets, delay=scale.delay, interval="1s")
    with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
        exporter.vendor.wait_for(account.customers + account.customers // 10)
        page = exporter.scraper.scrape()
        with nginx(page, page, Path(folder)) as peer:
            times = _measured(exporter, peer, scale)
    what = f"{account.series:,} series, {account.customers:,} customers polled continuously, a scrape"
    for name, rank, bar in _RANKS:
        peer_value = _MS * percentile(times.nginx, rank) if times.nginx else None
        yield Figure(
            f"{what}, {name}", _MS * percentile(times.wall, rank), "ms", NGINX if times.nginx else "", peer_value, bar
        )
    for name, rank, bar in _RANKS:
        yield Figure(f"{what}, the exporter's CPU meanwhile, {name}", _MS * percentile(times.cpu, rank), "ms", bar=bar)


def _measured(exporter: Exporter, peer: Peer | None, scale: Scale) -> Times:
    times = Times([], [], [])
    for _ in range(scale.scrapes):
        time.sleep(scale.scrape_pause)
        cpu = exporter.program.cpu_seconds
        times.wall.append(_timed(exporter.scraper.scrape))
        times.cpu.append(exporter.program.cpu_seconds - cpu)
        if peer:
            times.nginx.append(_timed(peer.scraper.scrape))
    return times


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(times: Sequence[float], rank: float) -> float:
    """Return the percentile of times at `rank`, a fraction from 0 to 1."""
    return sorted(times)[min(len(times) - 1, int(rank * len(times)))]
