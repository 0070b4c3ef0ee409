"""Open files between polls, and the connections used by many requests, half of which are answered with 404.

Open files are counted in /proc, minus those of an exporter with almost nothing to read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.exporting import Account, exporting
from benchmarks.figures import Bar, Figure
from benchmarks.processes import Program
from benchmarks.scale import Scale

_FEW: Final = Account(1, buckets=0)
_MANY: Final = Account(50, buckets=0, accounts=8)
_MISSING: Final = Account(200, buckets=0, is_missing=True)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the open files per account, and the connections for two hundred requests."""
    files = [(_open_files(_MANY) - _open_files(_FEW)) / (_MANY.accounts - 1) for _ in range(scale.rounds)]
    what = f"open files between polls, an account of {_MANY.accounts} with {_MANY.customers} customers each"
    yield Figure.of(what, files, "", bar=Bar(value_at_most=2.0))
    made = [_connections() for _ in range(scale.rounds)]
    yield Figure.of("connections for 200 requests, half of them 404", made, "", bar=Bar(value_at_most=12.0))


def _open_files(account: Account) -> int:
    with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
        exporter.vendor.wait_for(account.requests)
        exporter.program.wait_until_quiet()
        return open_files(exporter.program)


def open_files(program: Program) -> int:
    """Return the number of files a program has open, including connections."""
    return len(os.listdir(f"/proc/{program.pid}/fd"))  # noqa: PTH208 - no path is needed


def _connections() -> int:
    with tempfile.TemporaryDirectory() as folder, exporting(_MISSING, Path(folder)) as exporter:
        exporter.vendor.wait_for(_MISSING.requests)
        return exporter.vendor.connections
