"""The bytes that a poll writes to the storage path, and the number of times it waits for the disk.

The exporter's own storage code runs in this process, on a file system of this machine; its calls are counted.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.exporting import SECRET, Account
from benchmarks.figures import Bar, Figure
from benchmarks.render import cpu_seconds, places_of, samples_of
from benchmarks.scale import Scale
from exporter.config import parse
from exporter.metrics import figures_of
from exporter.store.files import Storage
from exporter.store.stored_reading import StoredReading

_KB: Final = 1000
_MS: Final = 1000.0
_CHANGED: Final = "the same reading with every figure changed"


@dataclass(slots=True)
class Disk:
    """The writes and flushes so far."""

    written: int = 0
    flushes: int = 0


@contextmanager
def counted() -> Iterator[Disk]:
    """Count writes and flushes within the context."""
    disk, write, fsync = Disk(), os.write, os.fsync

    def counting_write(file: int, data: Any) -> int:
        done = write(file, data)
        disk.written += done
        return done

    def counting_fsync(file: int) -> None:
        disk.flushes += 1
        fsync(file)

    os.write, os.fsync = counting_write, counting_fsync  # type: ignore[assignment]  # the name that the storage calls
    try:
        yield disk
    finally:
        os.write, os.fsync = write, fsync


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the writes of a poll that changes nothing, and of one that changes all figures."""
    os.environ.update(SECRET)
    (account,) = parse(Account(1).configuration("http://127.0.0.1").encode(), Path()).accounts
    places = places_of(0, scale.stored)

    def stored(value: float, at: float) -> StoredReading:
        return StoredReading(at, at + 1, figures_of(samples_of(places, value)))

    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(Path(folder))
        for number in range(2):
            storage.write(account, 0, stored(number, number))  # creates the files
        last = 1 + scale.rounds
        changed = [_one(partial(storage.write, account, 0, stored(one, one))) for one in range(2, last + 1)]
        same = [_one(partial(storage.write, account, 0, stored(last, 100 + one))) for one in range(scale.rounds)]
    what = f"a poll of {scale.stored:,} series, none changed"
    written, peer = ([one.written / _KB for one, _ in some] for some in (same, changed))
    yield Figure.of(
        f"{what}: written", written, "kB", _CHANGED, peer, Bar(ratio_at_most=max(1 / 1000, 1 / scale.stored))
    )
    flushes = [one.flushes for one, _ in (*same, *changed)]
    yield Figure.of("flushes of a poll, changed or not", flushes, "", bar=Bar(value_at_most=1.0))
    yield Figure.of(f"{what}: CPU", [_MS * cpu for _, cpu in same], "ms", _CHANGED, [_MS * cpu for _, cpu in changed])
    assert median(written) > 0  # noqa: S101 - or nothing was counted


def _one(write: Callable[[], None]) -> tuple[Disk, float]:
    with counted() as disk:
        cpu = cpu_seconds(write)
    return disk, cpu
