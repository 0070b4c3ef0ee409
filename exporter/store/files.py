"""Persistence: each account's last good reading and its quota counters, one file per account or slice.

A file is replaced whole or not at all (see `slots`), readable by its owner only, and has a checksum. It holds
figures and labels, and no secret. One that cannot be used is set aside. Counters are the members', whatever slice or
shard reads them now: they are taken from files of other divisions too.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from exporter.quota import Fragment, Ledger, merge
from exporter.sharding import Shard
from exporter.store.decode import decode
from exporter.store.looks import LOOKS_FILE, LooksByQuota, encode_looks, read_looks
from exporter.store.slots import LARGEST_FILE, Content, Written, put, slots_of
from exporter.store.stored_reading import InvalidFile, InvalidReason, StoredReading, encode
from exporter.store.writer import Writer
from exporter.vendors import Account

_FORGOTTEN_AFTER_SECONDS: Final = 35 * 86_400.0
"""Files of another number of shards are removed when nothing in them counts any more."""
_FILE: Final = re.compile(r"(?P<account>[^+]+)(\+shard(?P<shard>\d+)of(?P<total>\d+))?(\+\d+of\d+)?\.json")
"""No account's name has a plus sign."""


class FolderInUse(OSError):  # noqa: N818 - it says what the folder is
    """Another process writes to the folder."""


class _Path(NamedTuple):
    """A stored file, and the shard that wrote it."""

    path: Path
    shard: Shard


@dataclass(slots=True)
class StoredAccount:
    """What is stored of an account.

    Attributes:
        readings: the last one of each slice, as the account is divided now.
        ledger: its counters, whatever the division was when they were stored.
        invalid: why files were set aside.
        errors: why files could not be read.

    """

    readings: dict[int, StoredReading] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    invalid: list[InvalidReason] = field(default_factory=list)
    errors: list[OSError] = field(default_factory=list)


class Storage:
    """A folder with a file for each account, or for each slice of one."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, and make it if it is not there.

        Raises:
            OSError: it cannot be made, or nothing can be written there.

        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink(missing_ok=True)
        self._folder = folder
        self._found = _by_account(folder)
        self._opened = _open_folder(folder)
        self._locks: dict[Shard, int] = {}
        self._written: dict[str, Written] = {}
        self._writer = Writer()

    def close(self) -> None:
        """Let another process write to the folder; nothing is written here any more."""
        for file in (self._opened, *self._locks.values()):
            os.close(file)
        self._locks.clear()

    @property
    def warning(self) -> str:
        """A warning about the folder's permissions; empty if they are fine."""
        status = os.fstat(self._opened)
        if status.st_uid not in (os.geteuid(), 0):
            return "the storage folder belongs to another user, who can change what is stored"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
            return "others than its owner can write to the storage folder"
        return ""

    async def store(self, account: Account, number: int, stored: StoredReading, *, is_complete: bool = False) -> None:
        """Write as `write` does, in a thread that nothing waits for; then remove what a complete account outdates.

        Raises:
            OSError: it could not be written, or not in time.

        """
        await self._writer.run(partial(self._store, account, number, stored, is_complete=is_complete))

    def _store(self, account: Account, number: int, stored: StoredReading, *, is_complete: bool) -> None:
        self.write(account, number, stored)
        if is_complete:
            self._remove_outdated(account)

    def write(self, account: Account, number: int, stored: StoredReading) -> None:
        """Replace the file of a slice of an account.

        Raises:
            OSError: it could not be written; what was there before is there still.

        """
        body, stamp = encode(account, number, stored)
        name = self._path(account, number).name
        self._put(account.shard, name, Content(body, stamp))

    def _put(self, shard: Shard, name: str, content: Content) -> None:
        try:
            self._lock(shard)
            self._written[name] = put(self._opened, name, *content, self._written.get(name))
        except FileNotFoundError:  # the folder or the file is not there any more, or it is another folder
            self._reopen()
            self._lock(shard)
            self._written[name] = put(self._opened, name, *content, None)

    async def store_looks(self, shard: Shard, looks: LooksByQuota, at: float) -> None:
        """Store the looks at a shard's counters as of `at`, Unix time.

        Raises:
            OSError: they could not be written, or not in time.

        """
        name = f"{LOOKS_FILE}{_shard_suffix(shard)}"
        await self._writer.run(lambda: self._put(shard, name, Content(encode_looks(looks), {"asked_at": at})))

    def looks(self, shard: Shard) -> LooksByQuota:
        """Return the looks at a shard's counters that were stored last; none where there are none that can be used."""
        return read_looks(self._folder, f"{LOOKS_FILE}{_shard_suffix(shard)}")

    def read(self, account: Account) -> StoredAccount:
        """Return what is stored of an account; files that cannot be used are set aside."""
        account_files, fragments = StoredAccount(), list[Fragment]()
        own = {self._path(account, number): number for number in range(account.slice_count)}
        for path, number in own.items():
            if stored := _read(path, account, account_files, is_own=True):
                account_files.readings[number] = stored
                fragments.append(Fragment(stored.asked_at, stored.ledger))
        for path in self._others(account):
            if stored := _read(path, account, account_files, is_own=False):
                fragments.append(Fragment(stored.asked_at, stored.ledger.unclaimed()))
        account_files.ledger = merge(fragments)
        return account_files

    def _lock(self, shard: Shard) -> None:
        """Be the one process that writes for a shard. The lock ends with the process.

        Raises:
            FolderInUse: another process is.

        """
        if shard in self._locks:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(f".lock{_shard_suffix(shard)}", flags, 0o600, dir_fd=self._opened)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise FolderInUse(0, "another process writes to the folder") from None
        except OSError:
            pass  # a file system without locks
        self._locks[shard] = file

    def _reopen(self) -> None:
        opened = _open_folder(self._folder)
        for file in (self._opened, *self._locks.values()):
            os.close(file)
        self._opened = opened
        self._locks.clear()
        self._written.clear()

    def _path(self, account: Account, number: int) -> Path:
        part = _shard_suffix(account.shard) + (f"+{number}of{account.slice_count}" if account.slice_count > 1 else "")
        return self._folder / f"{account.vendor}-{account.name}{part}.json"

    def _others(self, account: Account) -> Iterator[Path]:
        """Yield the files of the account that were written while it was divided in another way."""
        own = {self._path(account, number) for number in range(account.slice_count)}
        for path, shard in self._found.get(f"{account.vendor}-{account.name}", ()):
            if path not in own and (shard.total != account.shard.total or shard == account.shard):
                yield path

    def _remove_outdated(self, account: Account) -> None:
        name = f"{account.vendor}-{account.name}"
        for path in list(self._others(account)):
            is_own = f"{name}{_shard_suffix(account.shard)}" in (path.stem, path.stem.rpartition("+")[0])
            with suppress(FileNotFoundError):
                written_at = max(one.stat().st_mtime for one in slots_of(path))
                if is_own or time.time() - written_at > _FORGOTTEN_AFTER_SECONDS:
                    for one in slots_of(path):
                        one.unlink()
                    self._found[name] = [one for one in self._found[name] if one.path != path]


def _shard_suffix(shard: Shard) -> str:
    return f"+shard{shard.number}of{shard.total}" if shard.total > 1 else ""


def _read(path: Path, account: Account, account_files: StoredAccount, *, is_own: bool) -> StoredReading | None:
    """Read a file's newest slot that can be used; note why none can, and set them aside if they are the account's own.

    A slot that is damaged beside one that is not was being written when a process ended.
    """
    found, invalid = list[StoredReading](), list[InvalidReason]()
    for slot in slots_of(path):
        try:
            with slot.open("rb") as file:
                found.append(decode(account, file.read(LARGEST_FILE))[1])
        except FileNotFoundError:
            continue
        except OSError as error:
            account_files.errors.append(error)
            return None  # it may be the newer one, and a counter never falls but to 0
        except InvalidFile as error:
            invalid.append(error.reason)
    if invalid and not found and is_own:
        account_files.invalid.append(invalid[0])
        for slot in slots_of(path):
            with suppress(OSError):
                slot.replace(slot.with_name(f"{path.stem}.set-aside{slot.name.removeprefix(path.name)}"))
    return max(found, key=lambda one: one.asked_at, default=None)


def _by_account(folder: Path) -> dict[str, list[_Path]]:
    """Return the files of a folder by the accounts whose they are."""
    found: defaultdict[str, list[_Path]] = defaultdict(list)
    for path in folder.glob("*.json"):
        if parts := _FILE.fullmatch(path.name):
            with suppress(ValueError):  # no such shard: the file is somebody else's
                shard = Shard(int(parts["shard"] or 0), int(parts["total"] or 1))
                found[parts["account"]].append(_Path(path, shard))
    return found


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
