"""Observations of counters, from which paces are derived. A file keeps the observations across restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from exporter.files import read_regular_file
from exporter.quota import QuotaId
from exporter.store.checks import read_number, read_text
from exporter.store.slots import LARGEST_FILE, content, slots_of
from exporter.store.snapshot import AccountKey

OBSERVATIONS_FILE: Final = ".observations"
_VERSION: Final = 1
_ROWS_A_LINE: Final = 1000


class Observation(NamedTuple):
    """A counter's value at a Unix time."""

    at: float
    value: float


class Observations(NamedTuple):
    """Two observations of one counter. The counter started at the Unix time `created`."""

    created: float
    earlier: Observation
    later: Observation


ObservationsByQuota = Mapping[tuple[AccountKey, QuotaId], Observations]


def encode_observations(observations: ObservationsByQuota) -> bytes:
    """Return the body of a file: a head, then lines of many rows.

    Encoding all rows in one call would block all other threads.
    """
    return b"\n".join(json.dumps(line, ensure_ascii=False).encode() for line in _lines(observations))


def _lines(observations: ObservationsByQuota) -> Iterator[Any]:
    yield {"version": _VERSION}
    rows = ([*key, *quota, one.created, *one.earlier, *one.later] for (key, quota), one in observations.items())
    while some := list(islice(rows, _ROWS_A_LINE)):
        yield some


def read_observations(folder: Path, name: str) -> ObservationsByQuota:
    """Return the observations in a file. A missing or damaged file counts as empty."""
    found: list[tuple[float, ObservationsByQuota]] = []
    for slot in slots_of(folder / name):
        with suppress(OSError, ValueError, TypeError, LookupError):
            if held := content(read_regular_file(slot, LARGEST_FILE)):
                found.append((read_number(held.stamp["asked_at"]), dict(_decode(held.body))))
    return max(found, key=lambda one: one[0], default=(0.0, {}))[1]


def _decode(body: bytes) -> Iterator[tuple[tuple[AccountKey, QuotaId], Observations]]:
    head, *lines = map(json.loads, body.split(b"\n"))
    if head != {"version": _VERSION}:
        raise ValueError("another version wrote it")
    for vendor, account, name, subject, unit, *numbers in (row for line in lines for row in line):
        created, at, value, later_at, later_value = map(read_number, numbers)
        quota = QuotaId(read_text(name), read_text(subject), read_text(unit))
        yield (
            ((read_text(vendor), read_text(account)), quota),
            Observations(created, Observation(at, value), Observation(later_at, later_value)),
        )
