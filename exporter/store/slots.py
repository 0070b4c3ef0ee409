"""Replaces a file with a single fsync: each file has two slots, and writes go to the slot that is not current.

If the body is unchanged, it is not written again. Instead, a stamp with the new times is appended to the current slot.
After a kill or a power loss at any point, one of the slots is intact.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

SLOTS: Final = ("", ".other")
"""The suffixes of the two slots' file names."""
LARGEST_FILE: Final = 256 * 1024 * 1024
_MOST_STAMPS: Final = 1000
_SEPARATOR: Final = b"\n\n"

Stamp = Mapping[str, Any]
"""The part of a reading that changes with every poll, such as its times."""


class Content(NamedTuple):
    """The content of a slot: the body and the last intact stamp. The body has no empty line."""

    body: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Written:
    """A file's state after a write: the written slot's suffix, the checksum of its body, and its number of stamps."""

    slot: str
    digest: bytes
    stamps: int


def checksum(body: bytes) -> bytes:
    """Return the checksum that precedes a body or a stamp."""
    return hashlib.sha256(body).hexdigest().encode()


def stamp_line(stamp: Stamp) -> bytes:
    """Return the bytes of a stamp, to be appended to a slot. They can be read even if the stamp before them is torn."""
    text = json.dumps(stamp, separators=(",", ":")).encode()
    return b"\n" + checksum(text) + b" " + text


def whole(body: bytes, stamp: Stamp) -> bytes:
    """Return the bytes of a slot with this body and stamp."""
    return checksum(body) + b"\n" + body + b"\n" + stamp_line(stamp)


def content(raw: bytes) -> Content | None:
    """Return the content of a slot, or None if the body is damaged. A torn last stamp is ignored."""
    stated, _, rest = raw.partition(b"\n")
    body, _, stamps = rest.partition(_SEPARATOR)
    if stated != checksum(body):
        return None
    return Content(body, next(_stamps(stamps), {}))


def _stamps(lines: bytes) -> Iterator[Stamp]:
    """Yield the intact stamps, from the last to the first."""
    for line in reversed(lines.split(b"\n")):
        stated, _, text = line.partition(b" ")
        if stated == checksum(text):
            yield json.loads(text)


def files_of(slots: Iterable[Path]) -> list[Path]:
    """Return the files to which slots belong, sorted by name."""
    return sorted({slot.with_name(slot.name.removesuffix(SLOTS[1])) for slot in slots})


def slots_of(path: Path) -> list[Path]:
    """Return the paths of a file's existing slots."""
    return [one for slot in SLOTS if (one := path.with_name(path.name + slot)).exists()]


def put(folder: int, name: str, body: bytes, stamp: Stamp, before: Written | None) -> Written:
    """Write a body and its stamp to a file, and return the file's new state.

    Args:
        folder: the descriptor of the file's folder.
        name: the file's name.
        body: the body.
        stamp: the body's stamp.
        before: the file's state after this process last wrote to the file; None if the process has not written yet.

    Raises:
        OSError: the file could not be written. The previous content remains.

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
        os.fsync(folder)  # so that the slot's name survives a power loss, too
    return Written(slot, digest, 1)


def _found(folder: int, name: str) -> Written | None:
    """Return a file's state as an earlier process left it, or None if no slot is intact."""
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
    """Remove the file with this name, unless it is a private file of ours. Return whether the name is free now."""
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
