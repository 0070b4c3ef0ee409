"""Memory of a series that is held: what the process has more than one that holds next to nothing, by series.

Resident memory as the kernel counts it, after the account was read twice and scraped as Prometheus does, so what the
allocator keeps for the next poll is in it. Nothing is collected or trimmed for the occasion. The peer is a process of
prometheus_client with the same series as labelled Gauges, over one without them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.exporting import Account, account_of, exporting
from benchmarks.figures import NO_BAR, Bar, Figure
from benchmarks.peers import CLIENT_LIBRARY, client_library
from benchmarks.scale import Scale
from benchmarks.scraping import Ask

_MB: Final = 1024 * 1024
_BAR_SERIES: Final = 100_000
_BAR: Final = Bar(value_at_most=250.0)
_SCRAPES: Final = 3


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the bytes that a series takes, at each size."""
    empty, empty_peer, _ = _resident(Account(1, 0))
    for series in scale.held:
        held, peer, peak = _resident(account_of(series))
        bar = _BAR if series == _BAR_SERIES else NO_BAR
        per_series, per_peer = ((one - none) / series for one, none in ((held, empty), (peer, empty_peer)))
        yield Figure(f"{series:,} series, a series", per_series, "B", CLIENT_LIBRARY, per_peer, bar)
        yield Figure(f"{series:,} series, the process", held / _MB, "MB", CLIENT_LIBRARY, peer / _MB)
        yield Figure(f"{series:,} series, the process at its peak", peak / _MB, "MB")


def _resident(account: Account) -> tuple[int, int, int]:
    """Return the memory of the exporter, of prometheus_client with the same series, and of the exporter at its peak."""
    with tempfile.TemporaryDirectory() as folder:
        with exporting(account, Path(folder)) as exporter:
            exporter.vendor.wait_for(account.customers)
            exporter.program.wait_until_quiet()
            exporter.poll_again()
            for _ in range(_SCRAPES):
                exporter.scraper.scrape()
            exporter.program.wait_until_quiet()
            held, peak = exporter.program.resident_bytes, exporter.program.peak_bytes
            page = exporter.scraper.scrape(Ask.TEXT_PLAIN)
        with client_library(page if account.buckets else b"", Path(folder)) as peer:
            for _ in range(_SCRAPES - 1):
                peer.scraper.scrape()
            return held, peer.program.resident_bytes, peak
