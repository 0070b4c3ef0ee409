"""Memory of a series: what the process has more than one that shows next to nothing, by series.

Measured after the account was read twice and scraped as Prometheus does. What is resident has in it what the
allocator keeps for the next poll; what is held is resident after a garbage collection and glibc's malloc_trim. The
peer is a process of prometheus_client with the same series as labelled Gauges, scraped as often, over one without.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.exporting import Account, exporting
from benchmarks.figures import NO_BAR, Bar, Figure
from benchmarks.peers import CLIENT_LIBRARY, client_library
from benchmarks.processes import Program
from benchmarks.scale import Scale

_MB: Final = 1024 * 1024
_BAR_SERIES: Final = 100_000
_BAR: Final = Bar(value_at_most=250.0)
_SCRAPES: Final = 3


class Memory(NamedTuple):
    """Of a process, in bytes: what was resident, what it holds, and the most that ever was resident."""

    resident: int
    held: int
    peak: int

    @classmethod
    def of(cls, program: Program) -> Memory:
        """Measure a program."""
        program.wait_until_quiet()
        resident, peak = program.resident_bytes, program.peak_bytes
        program.trim()
        return cls(resident, program.resident_bytes, peak)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the bytes that a series takes, at each size."""
    empty, empty_peer = _measured(Account(1, 0))
    for customers, each in scale.held:
        account = Account(customers, each - 1)
        ours, theirs = _measured(account)
        series, what = account.series, f"memory, {account.series:,} series of {customers:,} customers"
        bar = _BAR if series == _BAR_SERIES else NO_BAR
        for name, figure_bar in (("held", bar), ("resident", NO_BAR)):
            value, peer_value = per_series(ours, empty, series, name), per_series(theirs, empty_peer, series, name)
            yield Figure(f"{what}, a series, {name}", value, "B", CLIENT_LIBRARY, peer_value, figure_bar)
        for name, amount, peer_amount in zip(Memory._fields, ours, theirs, strict=True):
            yield Figure(f"{what}, the process, {name}", amount / _MB, "MB", CLIENT_LIBRARY, peer_amount / _MB)


def per_series(process: Memory, empty: Memory, series: int, name: str) -> float:
    """Return the bytes that a series takes in a process, over those of one without."""
    return float(getattr(process, name) - getattr(empty, name)) / series


def _measured(account: Account) -> tuple[Memory, Memory]:
    """Return the memory of the exporter with an account, and of prometheus_client with the same series."""
    with tempfile.TemporaryDirectory() as folder:
        with exporting(account, Path(folder)) as exporter:
            exporter.wait_until_read()
            exporter.poll_again()
            for _ in range(_SCRAPES):
                exporter.scraper.scrape()
            ours = Memory.of(exporter.program)
            page = exporter.page()
        with client_library(page if account.buckets else b"", Path(folder)) as peer:
            for _ in range(_SCRAPES):
                peer.scraper.scrape()
            return ours, Memory.of(peer.program)
