"""The time from the start of the process to its first page with figures, and the cost of an idle exporter.

The configuration has one account, whose vendor answers in about a millisecond. The peer is a Python process that
imports httpx and pydantic and exits. Another one imports all packages that the exporter needs, the least that a start
can take. Rounds alternate; wall time is what a person waits for, CPU time does not depend on how busy the machine is.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.exporting import SECRET, Account, exporting, serving_vendor, vendor_series
from benchmarks.figures import Bar, Figure
from benchmarks.processes import Ended, as_installed, eventually, free_port, run_to_end, running
from benchmarks.scale import Scale
from benchmarks.scraping import Scraper

_MS: Final = 1000.0
_MB: Final = 1024 * 1024
_ACCOUNT: Final = Account(1, buckets=0)
_IDLE: Final = Account(10, buckets=0, interval="5m", others_interval="5m", accounts=8)
_PEER: Final = "import httpx, pydantic"
_PACKAGES: Final = "the imports of its packages alone"
_LOOK_SECONDS: Final = 0.02


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the time that a start takes, and the CPU use of an idle exporter."""
    with tempfile.TemporaryDirectory() as folder, serving_vendor(_ACCOUNT, Path(folder)) as vendor:
        config = Path(folder) / "config.yaml"
        config.write_text(_ACCOUNT.configuration(vendor.url))
        _start(config)  # writes the bytecode, as an installation does
        peers = ((sys.executable, "-c", _PEER), as_installed("benchmarks.packages"))
        turns = [(_start(config), *map(run_to_end, peers)) for _ in range(2 * scale.rounds)]
    what = "from exec to the first page with figures"
    for name, bar in (("wall", Bar(ratio_at_most=2.0)), ("cpu", Bar(ratio_at_most=2.0))):
        ours, theirs, least = ([_MS * getattr(one, name) for one in some] for some in zip(*turns, strict=True))
        row = f"{what}, {name.replace('cpu', 'CPU')} time"
        yield Figure.of(row, ours, "ms", _PEER, theirs, bar)
        yield Figure.of(row, ours, "ms", _PACKAGES, least)
    yield from _idle(scale)


def _start(config: Path) -> Ended:
    port = free_port()
    command = as_installed("exporter", "run", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}")
    began = time.perf_counter()
    with running(command, config.with_suffix(".log"), SECRET) as program:
        scraper = Scraper(f"http://127.0.0.1:{port}/metrics")
        eventually(lambda: vendor_series(gzip.decompress(scraper.scrape())), _LOOK_SECONDS)
        ended = Ended(time.perf_counter() - began, program.cpu_seconds)
        scraper.close()
    return ended


def _idle(scale: Scale) -> Iterator[Figure]:
    shares = []
    with tempfile.TemporaryDirectory() as folder, exporting(_IDLE, Path(folder)) as exporter:
        exporter.vendor.wait_for(_IDLE.requests)
        exporter.program.wait_until_quiet()
        for _ in range(scale.rounds):
            before = exporter.program.cpu_seconds
            time.sleep(scale.idle_seconds / scale.rounds)
            shares.append(100 * (exporter.program.cpu_seconds - before) * scale.rounds / scale.idle_seconds)
        resident = exporter.program.resident_bytes
    what = f"{_IDLE.accounts} accounts between polls"
    yield Figure.of(f"{what}, of a core", shares, "%", bar=Bar(value_at_most=0.1))
    yield Figure(f"{what}, memory", resident / _MB, "MB")
