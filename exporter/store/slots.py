"""How a file is replaced with one flush to the disk: it has two slots, and the one that does not count is written.

What is the same as before is not written again: a line that says of when it is now is added to the slot that counts.
After a kill or a loss of power at any point, one of the slots is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

SLOTS: Final = ("", ".other")
"""What follows the name of a file."""
LARGEST_FILE: Final = 256 * 1024 * 1024
_MOST_STAMPS: Final = 1000
_SEPARATOR: Final = b"\n\n"

Stamp = Mapping[str, Any]
"""What a reading says besides what it has in common with the one before: above all its times."""


class Content(NamedTuple):
    """What a slot holds: the body, without an empty line, and the last stamp that is whole."""

    body: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Written:
    """What was written last of a file: to which slot, the checksum of its body, and how many stamps there are."""

    slot: str
    digest: bytes
    stamps: int


def checksum(body: bytes) -> bytes:
    """Return the checksum that a slot, and each stamp, begins with."""
    return hashlib.sha256(body).hexdigest().encode()


def stamp_line(stamp: Stamp) -> bytes:
    """Return a stamp as it follows a body or another stamp, whether or not that is whole."""
    text = json.dumps(stamp, separators=(",", ":")).encode()
    return b"\n" + checksum(text) + b" " + text


def whole(body: bytes, stamp: Stamp) -> bytes:
    """Return what a slot holds."""
    return checksum(body) + b"\n" + body + b"\n" + stamp_line(stamp)


def content(raw: bytes) -> Content | None:
    """Return what a slot holds; None if it is not what was written, but for the end of its last stamp."""
    stated, _, rest = raw.partition(b"\n")
    body, _, stamps = rest.partition(_SEPARATOR)
    if stated != checksum(body):
        return None
    return Content(body, next(_stamps(stamps), {}))


def _stamps(lines: bytes) -> Iterator[Stamp]:
    """Yield the stamps that are whole, the last one first."""
    for line in reversed(lines.split(b"\n")):
        stated, _, text = line.partition(b" ")
        if stated == checksum(text):
            yield json.loads(text)


def slots_of(path: Path) -> list[Path]:
    """Return a file's slots that are there."""
    return [one for slot in SLOTS if (one := path.with_name(path.name + slot)).exists()]


def put(folder: int, name: str, body: bytes, stamp: Stamp, before: Written | None) -> Written:
    """Store a body and its stamp in the folder that is open as `folder`, and return what is written then.

    Raises:
        OSError: it could not be written; what was there before is there still.

    """
    before = before or _found(folder, name)
    digest = checksum(body)
    if before and before.digest == digest and before.stamps < _MOST_STAMPS:
        _write(folder, name + before.slot, stamp_line(stamp), os.O_APPEND)
        return Written(before.slot, digest, before.stamps + 1)
    slot = SLOTS[before.slot == SLOTS[0]] if before else SLOTS[0]
    is_new = _prepare(folder, name + slot)
    _write(folder, name + slot, whole(body, stamp), os.O_CREAT | os.O_TRUNC)
    if is_new:
        os.fsync(folder)  # the slot's name outlives a loss of power, too
    return Written(slot, digest, 1)


def _found(folder: int, name: str) -> Written | None:
    """Return what an earlier process wrote last."""
    found: list[tuple[float, Written]] = []
    for slot in SLOTS:
        with suppress(OSError, ValueError, TypeError, LookupError):
            file = os.open(name + slot, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with os.fdopen(file, "rb") as opened:
                held = content(opened.read(LARGEST_FILE))
            if held:
                found.append((float(held.stamp.get("asked_at", 0.0)), Written(slot, checksum(held.body), _MOST_STAMPS)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _prepare(folder: int, name: str) -> bool:
    """Remove what is no file of ours alone, such as a link; return whether there is none then."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and stat.S_IMODE(status.st_mode) == 0o600:  # noqa: PLR2004 - rw
        return False
    os.unlink(name, dir_fd=folder)
    return True


def _write(folder: int, name: str, data: bytes, how: int) -> None:
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | how
    file = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
