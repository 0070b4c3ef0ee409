"""The cost of a page for a real Prometheus, and of the same page with half of its series hidden by `families:`.

CPU of the Prometheus process per scrape of one target; its other work is included in both figures.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.exporting import Account, exporting
from benchmarks.figures import Bar, Figure
from benchmarks.million import values_of, watching
from benchmarks.peers import installed
from benchmarks.processes import eventually
from benchmarks.scale import Scale

_MS: Final = 1000.0
_SCRAPES_A_ROUND: Final = 5
_SECONDS: Final = 1
_LEFT_OUT: Final = ("planship_lever_bucket_usage",)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield Prometheus' cost per scrape with all families, and with one left out."""
    if not (program := installed("prometheus")):
        return
    whole = Account(scale.chosen, buckets=1)
    half, full = (_costs(program, account, scale) for account in (replace(whole, leave_out=_LEFT_OUT), whole))
    what = f"{whole.series // 2:,} of {whole.series:,} series left out by families, Prometheus' CPU of a scrape"
    yield Figure.of(what, half, "ms", "all series", full, Bar(ratio_at_most=0.65))


def _costs(program: str, account: Account, scale: Scale) -> list[float]:
    """Return the CPU milliseconds of scrapes, without the first ones, which create every series."""
    costs = []
    with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
        exporter.wait_until_read()
        with watching(program, exporter, _SECONDS, Path(folder)) as (url, prometheus):
            eventually(lambda: values_of(url, "scrape_duration_seconds", 2), pause=0.2)
            for _ in range(scale.rounds):
                before, began = prometheus.cpu_seconds, len(values_of(url, "scrape_duration_seconds", 1))
                time.sleep(_SCRAPES_A_ROUND * _SECONDS)
                made = len(values_of(url, "scrape_duration_seconds", 1)) - began
                costs.append(_MS * (prometheus.cpu_seconds - before) / max(1, made))
    return costs
