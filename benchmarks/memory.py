"""Memory per series: the resident memory of the process, minus that of one with almost no series.

No garbage collection and no release of memory is forced. The account is read as often as the row says, and scraped as
Prometheus does. The peer is a process of prometheus_client with the same series as labelled Gauges, scraped as often,
minus one without series.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.exporting import Account, exporting
from benchmarks.figures import Bar, Figure
from benchmarks.peers import CLIENT_LIBRARY, client_library
from benchmarks.processes import Program
from benchmarks.scale import Scale

_MB: Final = 1024 * 1024
_LARGE: Final = 1_000_000
_BAR: Final = Bar(value_at_most=300.0)
_LARGE_BAR: Final = Bar(value_at_most=200.0)
_SCRAPES: Final = 3


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the bytes per series, at each size, and the peak memory of the process."""
    empty, empty_peer, _ = _measured(Account(1, 0), 1)
    for customers, each, reads, rounds in scale.held:
        account = Account(customers, each - 1)
        measured = [_measured(account, reads) for _ in range(rounds)]
        ours = [per_series(resident, empty, account.series) for resident, _, _ in measured]
        theirs = [per_series(resident, empty_peer, account.series) for _, resident, _ in measured]
        what = f"{account.series:,} series of {customers:,} customers, read {reads} times"
        bar = _LARGE_BAR if account.series >= _LARGE else _BAR
        yield Figure.of(f"{what}: resident, a series", ours, "B", CLIENT_LIBRARY, theirs, bar)
        yield Figure.of(f"{what}: the process at its peak", [peak / _MB for _, _, peak in measured], "MB")


def per_series(process: int, empty: int, series: int) -> float:
    """Return the bytes per series of a process, minus those of an empty one."""
    return (process - empty) / series


def _measured(account: Account, reads: int) -> tuple[int, int, int]:
    """Return the resident memory of the exporter and of prometheus_client, and the exporter's peak."""
    with tempfile.TemporaryDirectory() as folder:
        with exporting(account, Path(folder)) as exporter:
            exporter.wait_until_read()
            for _ in range(reads - 1):
                exporter.poll_again()
            for _ in range(_SCRAPES):
                exporter.scraper.scrape()
            ours, peak = _resident(exporter.program), exporter.program.peak_bytes
            page = exporter.page()
        with client_library(page if account.buckets else b"", Path(folder)) as peer:
            for _ in range(_SCRAPES if account.series < _LARGE else 1):
                peer.scraper.scrape()
            return ours, _resident(peer.program), peak


def _resident(program: Program) -> int:
    program.wait_until_quiet()
    return program.resident_bytes
