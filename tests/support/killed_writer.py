"""Kills, a hundred times, a process that does nothing but write an account's file, and reads what is left each time.

Run by itself, as a process of one thread, so that it may fork: `python killed_writer.py FOLDER`.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from exporter.metrics import figures_of
from exporter.secret import EnvironmentSecret
from exporter.store.files import Storage
from exporter.store.stored_reading import StoredReading
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.netnut.families import NETNUT_GB_USED

TIMES = 100
SERIES = 300
ACCOUNT = NetNut.model_construct(
    vendor="netnut", name="main", base_url="https://example.com", token=EnvironmentSecret("TOKEN")
)


def write_for_ever(storage: Storage, number: float, progress: int) -> NoReturn:
    """Write one reading after another, and a byte to a pipe after each."""
    while True:
        number += 1
        figures = figures_of(NETNUT_GB_USED(number, plan_id=str(plan), product_type="") for plan in range(SERIES))
        storage.write(ACCOUNT, 0, StoredReading(number, number, figures))
        os.write(progress, b".")


def left(storage: Storage) -> float:
    """The one number that all of the file's figures are, and its times."""
    kept = storage.read(ACCOUNT).readings.get(0)
    if kept is None:
        return 0.0
    (values,) = kept.figures.values()
    assert len(values) == SERIES
    (number,) = {*values.values(), kept.asked_at, kept.read_at}
    return number


def main(folder: Path) -> None:
    storage, moments = Storage(folder), random.Random(1)  # noqa: S311 - no secret
    number = 0.0
    for _ in range(TIMES):
        written, progress = os.pipe()
        child = os.fork()
        if child == 0:
            write_for_ever(storage, number, progress)
        os.read(written, 1)
        time.sleep(moments.random() / 50)  # so that it is at any point of its next writes
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(written)
        os.close(progress)
        after = left(storage)
        assert after > number
        number = after
    sys.stdout.write(f"{number:.0f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
