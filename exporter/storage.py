"""What outlives the process: each account's last good reading and its counters of quotas, a file an account.

A file is replaced whole or not at all, readable by its owner only, and begins with
a checksum of the rest. It holds figures and labels, and no secret. One that cannot
be used is set aside: it was cut short, is of another version, or is of another
account that had the name before.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from exporter.metrics import READING_FAMILIES, Sample
from exporter.quota import Consumption, Key, Quotas
from exporter.store import Reading
from exporter.vendors import Account
from exporter.vendors.periods import Span

_VERSION: Final = 1
_FAMILIES: Final = {family.name: family for family in READING_FAMILIES}
_COUNTED: Final = ("total", "counted", "last", "limit", "seen", "origin", "late")

Rejection = Literal["damaged", "version", "foreign"]
REJECTIONS: Final[tuple[Rejection, ...]] = ("damaged", "version", "foreign")
"""Why a file is set aside."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A reading, when it was asked for and when it was there, Unix time."""

    reading: Reading
    asked_at: float
    read_at: float


class Unusable(Exception):  # noqa: N818 - it says what a file is
    """A file that cannot be used, and was set aside."""

    def __init__(self, reason: Rejection) -> None:
        super().__init__(reason)
        self.reason: Rejection = reason


class Storage:
    """A folder with a file for each account."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, and make it if it is not there.

        Raises:
            OSError: it cannot be made, or nothing can be written there.

        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch(mode=0o600)
        probe.unlink()
        self._folder = folder
        self._locks: dict[Path, threading.Lock] = defaultdict(threading.Lock)

    def write(self, account: Account, kept: Kept) -> None:
        """Replace an account's file.

        Raises:
            OSError: it could not be written; what was there before is there still.

        """
        body = json.dumps(_document(account, kept), ensure_ascii=False, separators=(",", ":")).encode()
        path = self._path(account)
        new = path.with_suffix(".new")
        with self._locks[path]:  # a reload may poll an account anew while its last reading is still written
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_checksum(body) + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            _settle(self._folder)

    def read(self, account: Account) -> Kept | None:
        """Return what an account's file holds, or None where there is none.

        Raises:
            Unusable: it cannot be used, and is set aside.
            OSError: it cannot be read.

        """
        path = self._path(account)
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

    def _path(self, account: Account) -> Path:
        return self._folder / f"{account.vendor}-{account.name}.json"


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


def _document(account: Account, kept: Kept) -> dict[str, Any]:
    reading = kept.reading
    return {
        "version": _VERSION,
        "owner": _owner(account),
        "asked_at": kept.asked_at,
        "read_at": kept.read_at,
        "as_of": reading.as_of,
        "dropped": reading.dropped,
        "samples": [[one.family.name, one.labels, one.value] for one in reading.samples],
        "matched": reading.quotas.matched,
        "since": reading.quotas.since,
        "consumed": [
            [astuple(key), *(getattr(one, name) for name in _COUNTED), one.span.start, one.span.end]
            for key, one in reading.quotas.consumed.items()
        ],
    }


def _kept(account: Account, raw: bytes) -> Kept:
    checksum, _, body = raw.partition(b"\n")
    if checksum != _checksum(body):
        raise Unusable("damaged")
    document = json.loads(body)
    if document["version"] != _VERSION:
        raise Unusable("version")
    if document["owner"] != _owner(account):
        raise Unusable("foreign")
    quotas = Quotas(matched=document["matched"], consumed=dict(_consumed(document)), since=document["since"])
    reading = Reading(tuple(_samples(document)), dropped=document["dropped"], as_of=document["as_of"], quotas=quotas)
    return Kept(reading, document["asked_at"], document["read_at"])


def _samples(document: Mapping[str, Any]) -> Iterator[Sample]:
    """Yield the samples; a family that is not known, or has other labels now, is of another version."""
    for name, labels, value in document["samples"]:
        family = _FAMILIES.get(name)
        if family is None or len(labels) != len(family.labels):
            raise Unusable("version")
        yield Sample(family, tuple(labels), value)


def _consumed(document: Mapping[str, Any]) -> Iterator[tuple[Key, Consumption]]:
    for key, *counted, start, end in document["consumed"]:
        yield Key(*key), Consumption(**dict(zip(_COUNTED, counted, strict=True)), span=Span(start, end))
