"""Looks at counters, from which it is told how fast quotas are used, and the file that keeps them over a restart."""

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

LOOKS_FILE: Final = ".looks"
_VERSION: Final = 1
_ROWS_A_LINE: Final = 1000


class Look(NamedTuple):
    """A counter's value at a Unix time."""

    at: float
    value: float


class Looks(NamedTuple):
    """Two looks at the counter that began at `created`, Unix time."""

    created: float
    earlier: Look
    later: Look


LooksByQuota = Mapping[tuple[AccountKey, QuotaId], Looks]


def encode_looks(looks: LooksByQuota) -> bytes:
    """Return the file's body: a head, and lines of rows. To encode all at once would hold up every other thread."""
    return b"\n".join(json.dumps(line, ensure_ascii=False).encode() for line in _lines(looks))


def _lines(looks: LooksByQuota) -> Iterator[Any]:
    yield {"version": _VERSION}
    rows = ([*key, *quota, one.created, *one.earlier, *one.later] for (key, quota), one in looks.items())
    while some := list(islice(rows, _ROWS_A_LINE)):
        yield some


def read_looks(folder: Path, name: str) -> LooksByQuota:
    """Return what a file of a folder holds. One that is not there or not whole holds nothing: it is no great loss."""
    found: list[tuple[float, LooksByQuota]] = []
    for slot in slots_of(folder / name):
        with suppress(OSError, ValueError, TypeError, LookupError):
            if held := content(read_regular_file(slot, LARGEST_FILE)):
                found.append((read_number(held.stamp["asked_at"]), dict(_decode(held.body))))
    return max(found, key=lambda one: one[0], default=(0.0, {}))[1]


def _decode(body: bytes) -> Iterator[tuple[tuple[AccountKey, QuotaId], Looks]]:
    head, *lines = map(json.loads, body.split(b"\n"))
    if head != {"version": _VERSION}:
        raise ValueError("another version wrote it")
    for vendor, account, name, subject, unit, *numbers in (row for line in lines for row in line):
        created, at, value, later_at, later_value = map(read_number, numbers)
        quota = QuotaId(read_text(name), read_text(subject), read_text(unit))
        yield (
            ((read_text(vendor), read_text(account)), quota),
            Looks(created, Look(at, value), Look(later_at, later_value)),
        )
