"""Polling many customers: CPU per request, and requests per second, while an account is polled continuously.

The exporter's figure includes everything it does with an answer: reading it, and storing and rendering its series. The
peer sends the same requests, ten in flight, and discards the answers. The figures do not include start-up: they are
for a stretch of requests in the middle, as many as there are customers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.exporting import Account, Vendor, exporting, serving_vendor
from benchmarks.figures import Bar, Figure
from benchmarks.processes import Program, as_installed, running
from benchmarks.scale import Scale

_PEER: Final = "bare httpx, with sniffio"
_IN_FLIGHT: Final = 10


class Pace(NamedTuple):
    """The pace of requests: CPU seconds per request, and requests per second."""

    cpu: float
    rate: float


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the cost of polling a nearby vendor, and the speed of polling a distant one."""
    near, far = scale.polled_requests
    next_door = Account(scale.customers, buckets=0, interval="1s")
    ours, theirs = _both(next_door, near, scale.rounds)
    what = f"{scale.customers:,} customers, a vendor next door"
    cpu, peer = ([1e6 * pace.cpu for pace in paces] for paces in (ours, theirs))
    yield Figure.of(f"{what}, CPU of a request", cpu, "µs", _PEER, peer, Bar(ratio_at_most=1.1))
    rates, peer = ([pace.rate for pace in paces] for paces in (ours, theirs))
    yield Figure.of(f"{what}, requests", rates, "a second", _PEER, peer)
    ours, theirs = _both(replace(next_door, delay=scale.delay), far, scale.rounds)
    what = f"{scale.customers:,} customers, a vendor {1000 * scale.delay:.0f} ms away"
    rates, peer = ([pace.rate for pace in paces] for paces in (ours, theirs))
    bar = Bar(ratio_at_least=0.96)
    yield Figure.of(f"{what}, requests", rates, "a second", "what ten in flight allow", [_IN_FLIGHT / scale.delay], bar)
    yield Figure.of(f"{what}, requests", rates, "a second", _PEER, peer)


def _both(account: Account, requests: int, rounds: int) -> tuple[list[Pace], list[Pace]]:
    """Return the paces of the exporter and of bare httpx, measured in alternation."""
    ours, theirs = list[Pace](), list[Pace]()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
            ours.append(_pace(exporter.program, exporter.vendor, requests))
        theirs.append(bare_pace(account, requests))
    return ours, theirs


def bare_pace(account: Account, requests: int) -> Pace:
    """Return the pace at which bare httpx requests an account's customers, measured over some requests."""
    with tempfile.TemporaryDirectory() as folder, serving_vendor(account, Path(folder)) as vendor:
        command = as_installed("benchmarks.bare_httpx", vendor.url, account.customers)
        with running(command, Path(folder) / "httpx.log") as program:
            return _pace(program, vendor, requests)


def _pace(program: Program, vendor: Vendor, requests: int) -> Pace:
    vendor.wait_for(requests // 10)
    first, began, cpu = vendor.answered, time.perf_counter(), program.cpu_seconds
    vendor.wait_for(first + requests)
    made, took, used = vendor.answered - first, time.perf_counter() - began, program.cpu_seconds - cpu
    return Pace(used / made, made / took)
