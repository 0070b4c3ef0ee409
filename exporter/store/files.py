"""What outlives the process: each account's last good reading and its counters of quotas, a file an account or slice.

A file is replaced whole or not at all, readable by its owner only, and begins with
a checksum of the rest. It holds figures and labels, and no secret. One that cannot
be used is set aside: it was cut short, is of another version, or is of another
account that had the name before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from exporter.metrics import Sample, figures_of
from exporter.quota import Consumption, Key, Quotas
from exporter.store.reading import READING_FAMILIES, Reading
from exporter.vendors import Account
from exporter.vendors.periods import Span

_VERSION: Final = 2
_ROWS_A_LINE: Final = 1000
_FAMILIES: Final = {family.name: family for family in READING_FAMILIES}
_FILE: Final = re.compile(r"(?P<account>[^+]+)(\+shard(?P<shard>\d+)of\d+)?(\+\d+of\d+)?\.json")
"""No account's name has a plus sign."""
_COUNTED: Final = ("total", "counted", "last", "limit", "seen", "origin", "late")

Rejection = Literal["damaged", "version", "foreign"]
REJECTIONS: Final[tuple[Rejection, ...]] = ("damaged", "version", "foreign")
"""Why a file is set aside."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a poll brought of an account, or of one slice of it.

    Attributes:
        reading: what it brought.
        totals: the quotas that the operator set, of the whole account; None if they are not known yet.
        asked_at: when it was asked for, Unix time.
        read_at: when it was there, Unix time.

    """

    reading: Reading
    totals: Reading | None
    asked_at: float
    read_at: float


class Unusable(Exception):  # noqa: N818 - it says what a file is
    """A file that cannot be used, and was set aside."""

    def __init__(self, reason: Rejection) -> None:
        super().__init__(reason)
        self.reason: Rejection = reason


class Storage:
    """A folder with a file for each account, or for each slice of one."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, and make it if it is not there.

        Raises:
            OSError: it cannot be made, or nothing can be written there.

        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch(mode=0o600)
        probe.unlink(missing_ok=True)  # another shard may use the same
        self._folder = folder
        self._found = _by_account(folder)
        self._locks: dict[Path, threading.Lock] = defaultdict(threading.Lock)

    def write(self, account: Account, number: int, kept: Kept) -> None:
        """Replace the file of a slice of an account.

        Raises:
            OSError: it could not be written; what was there before is there still.

        """
        body = _encoded(account, kept)
        path = self._path(account, number)
        new = path.with_suffix(".new")
        with self._locks[path]:  # a reload may poll an account anew while its last reading is still written
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_checksum(body) + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            _settle(self._folder)

    def read(self, account: Account, number: int) -> Kept | None:
        """Return what the file of a slice of an account holds, or None where there is none.

        What was kept while the account was divided in another way is removed: if that came back, counters would go
        back with it.

        Raises:
            Unusable: it cannot be used, and is set aside.
            OSError: it cannot be read.

        """
        self._remove_outdated(account)
        path = self._path(account, number)
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _kept(account, raw)
        except Unusable:
            path.replace(path.with_suffix(".set-aside"))
            raise
        except (LookupError, TypeError, ValueError):
            path.replace(path.with_suffix(".set-aside"))
            raise Unusable("damaged") from None

    def _path(self, account: Account, number: int) -> Path:
        shard, slices = account.shard, account.slices
        part = f"+shard{shard.number}of{shard.total}" if shard.total > 1 else ""
        part += f"+{number}of{slices}" if slices > 1 else ""
        return self._folder / f"{account.vendor}-{account.name}{part}.json"

    def _remove_outdated(self, account: Account) -> None:
        owned = (f"{account.vendor}-{account.name}", account.shard.number)
        for path in self._found.pop(owned, set()) - {self._path(account, number) for number in range(account.slices)}:
            path.unlink(missing_ok=True)


def _by_account(folder: Path) -> dict[tuple[str, int], set[Path]]:
    """Return the files of a folder by the accounts and the shards whose they are."""
    found: defaultdict[tuple[str, int], set[Path]] = defaultdict(set)
    for path in folder.glob("*.json"):
        if parts := _FILE.fullmatch(path.name):
            found[parts["account"], int(parts["shard"] or 0)].add(path)
    return found


def _settle(folder: Path) -> None:
    """Have the name of a new file outlive a loss of power, too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _owner(account: Account) -> str:
    """Return what is the same for the same account at a vendor: where it is, who signs in, where the secret is."""
    return hashlib.sha256(f"{account.vendor} {account.base_url} {account.auth!r}".encode()).hexdigest()


def _encoded(account: Account, kept: Kept) -> bytes:
    """Return a file's lines: its head, then samples and counters of quotas, so many a line.

    To encode all at once would hold up every other thread.
    """
    readings = {"reading": kept.reading} | ({"totals": kept.totals} if kept.totals else {})
    head = {
        "version": _VERSION,
        "owner": _owner(account),
        "asked_at": kept.asked_at,
        "read_at": kept.read_at,
        **{name: _head(reading) for name, reading in readings.items()},
    }
    lines = [head, *(line for name, reading in readings.items() for line in _bulk(name, reading))]
    return b"\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() for line in lines)


def _head(reading: Reading) -> dict[str, Any]:
    quotas = reading.quotas
    return {
        "as_of": reading.as_of,
        "dropped": reading.dropped,
        "matched": quotas.matched,
        "since": quotas.since,
    }


def _bulk(name: str, reading: Reading) -> Iterator[dict[str, Any]]:
    samples = [[one.family.name, one.labels, one.value] for one in reading.samples]
    consumed = [
        [astuple(key), *(getattr(one, name) for name in _COUNTED), one.span.start, one.span.end]
        for key, one in reading.quotas.consumed.items()
    ]
    for kind, rows in (("samples", samples), ("consumed", consumed)):
        for start in range(0, len(rows), _ROWS_A_LINE):
            yield {"of": name, kind: rows[start : start + _ROWS_A_LINE]}


def _kept(account: Account, raw: bytes) -> Kept:
    checksum, _, body = raw.partition(b"\n")
    if checksum != _checksum(body):
        raise Unusable("damaged")
    head, *bulk = map(json.loads, body.split(b"\n"))
    if head["version"] != _VERSION:
        raise Unusable("version")
    if head["owner"] != _owner(account):
        raise Unusable("foreign")
    totals = _reading(head["totals"], "totals", bulk) if "totals" in head else None
    return Kept(_reading(head["reading"], "reading", bulk), totals, head["asked_at"], head["read_at"])


def _reading(head: Mapping[str, Any], name: str, bulk: Iterable[Mapping[str, Any]]) -> Reading:
    own = [line for line in bulk if line["of"] == name]
    consumed = dict(_consumed(row for line in own for row in line.get("consumed", ())))
    figures = figures_of(_samples(row for line in own for row in line.get("samples", ())))
    quotas = Quotas(matched=head["matched"], consumed=consumed, since=head["since"])
    return Reading(figures, dropped=head["dropped"], as_of=head["as_of"], quotas=quotas)


def _samples(rows: Iterable[Any]) -> Iterator[Sample]:
    """Yield the samples; a family that is not known, or has other labels now, is of another version."""
    for name, labels, value in rows:
        family = _FAMILIES.get(name)
        if family is None or len(labels) != len(family.labels):
            raise Unusable("version")
        yield Sample(family, tuple(labels), value)


def _consumed(rows: Iterable[Any]) -> Iterator[tuple[Key, Consumption]]:
    for key, *counted, start, end in rows:
        yield Key(*key), Consumption(**dict(zip(_COUNTED, counted, strict=True)), span=Span(start, end))
