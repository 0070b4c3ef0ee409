"""Peak memory while several accounts each receive a reply of megabytes at the same time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.exporting import Account, exporting
from benchmarks.figures import Bar, Figure
from benchmarks.scale import Scale

_MB: Final = 1024 * 1024


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the peak memory of the process, with one such reply and with many."""
    accounts, values = scale.large_replies
    many = [_peak(accounts, values) for _ in range(scale.rounds)]
    one = [_peak(1, values) for _ in range(scale.rounds)]
    what = f"{accounts} replies of {values:,} values at once, memory at its peak"
    yield Figure.of(what, many, "MB", "one such reply", one, Bar(value_at_most=200.0))


def _peak(accounts: int, values: int) -> float:
    account = Account(1, buckets=values - 1, accounts=accounts, max_series=100)
    with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
        exporter.vendor.wait_for(account.requests)
        exporter.program.wait_until_quiet()
        return exporter.program.peak_bytes / _MB
