"""Persistence: each account's last good reading and its quota counters, one file per account or slice.

A file is replaced atomically (see `slots`), is readable only by its owner, and has a checksum. A file holds figures and
labels, but no secrets. An invalid file is set aside. A counter belongs to the members of its quota, not to the slice or
shard that reads these members. So counters are also taken from files written with another number of slices or shards.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from exporter.quota import Fragment, merge, renamed
from exporter.sharding import Shard
from exporter.store.account_files import (
    ShardFile,
    StoredAccount,
    files_by_account,
    read_file,
    set_aside,
    shard_suffix,
    stem_of,
)
from exporter.store.observations import OBSERVATIONS_FILE, ObservationsByQuota, encode_observations, read_observations
from exporter.store.slots import Content, Written, put, slots_of
from exporter.store.stored_reading import StoredReading, encode
from exporter.store.writer import Writer
from exporter.vendors import Account

_FORGOTTEN_AFTER_SECONDS: Final = 35 * 86_400.0
"""How long a file written with another number of shards is kept. After this time, its content is no longer needed."""


class FolderInUse(OSError):  # noqa: N818 - it says what the folder is
    """Another process is writing to the folder."""


class Storage:
    """A folder with a file per account, or per slice of an account."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, creating it if necessary.

        Raises:
            OSError: the folder cannot be created or written.

        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink(missing_ok=True)
        self._folder = folder
        self._found = files_by_account(folder)
        self._opened = _open_folder(folder)
        self._locks: dict[Shard, int] = {}
        self._written: dict[str, Written] = {}
        self._writer = Writer()

    def close(self) -> None:
        """Release the folder, so that other processes can write to it. Nothing can be stored afterwards."""
        for file in (self._opened, *self._locks.values()):
            os.close(file)
        self._locks.clear()

    @property
    def warning(self) -> str:
        """A warning about the folder's permissions. Empty if only the exporter's user can change what is stored."""
        status = os.fstat(self._opened)
        if status.st_uid not in (os.geteuid(), 0):
            return "the storage folder belongs to another user, who can change what is stored"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
            return "others than its owner can write to the storage folder"
        return ""

    async def store(self, account: Account, number: int, stored: StoredReading, *, is_complete: bool = False) -> None:
        """Call `write` in the writer thread. If every slice has been read (`is_complete`), also remove obsolete files.

        Raises:
            OSError: the file could not be written, or was not written in time.

        """
        await self._writer.run(partial(self._store, account, number, stored, is_complete=is_complete))

    def _store(self, account: Account, number: int, stored: StoredReading, *, is_complete: bool) -> None:
        self.write(account, number, stored)
        if is_complete:
            self._remove_outdated(account)

    def write(self, account: Account, number: int, stored: StoredReading) -> None:
        """Replace the file of an account's slice.

        Raises:
            OSError: the file could not be written. The previous content remains.

        """
        body, stamp = encode(account, number, stored)
        path = self._path(account, number)
        self._put(account.shard, path.name, Content(body, stamp))
        files = self._found[stem_of(account)]
        if all(one.path != path for one in files):
            files.append(ShardFile(path, account.shard))

    def _put(self, shard: Shard, name: str, content: Content) -> None:
        try:
            self._lock(shard)
            self._written[name] = put(self._opened, name, *content, self._written.get(name))
        except FileNotFoundError:  # the folder or the file is gone, or the folder was replaced
            self._reopen()
            self._lock(shard)
            self._written[name] = put(self._opened, name, *content, None)

    async def store_observations(self, shard: Shard, observations: ObservationsByQuota, at: float) -> None:
        """Store a shard's observations of counters, which were made at the Unix time `at`.

        Raises:
            OSError: the observations could not be written, or were not written in time.

        """
        name = f"{OBSERVATIONS_FILE}{shard_suffix(shard)}"
        await self._writer.run(
            lambda: self._put(shard, name, Content(encode_observations(observations), {"asked_at": at}))
        )

    def observations(self, shard: Shard) -> ObservationsByQuota:
        """Return a shard's stored observations of counters. Missing or unusable observations count as empty."""
        return read_observations(self._folder, f"{OBSERVATIONS_FILE}{shard_suffix(shard)}")

    def read(self, account: Account) -> StoredAccount:
        """Return the stored state of an account, and set invalid files aside.

        For a renamed account, the files under its previous name are read, too.
        """
        account_files, fragments = StoredAccount(), list[Fragment]()
        for path, number in self._own(account).items():
            stored, invalid = read_file(path, account, account_files.errors)
            if stored:
                account_files.readings[number] = stored
                fragments.append(Fragment(stored.asked_at, stored.ledger))
            elif invalid:
                account_files.invalid.append(invalid[0])
                set_aside(path)
        for path in self._others(account):
            stored, _ = read_file(path, account, account_files.errors)
            if stored:
                fragments.append(Fragment(stored.asked_at, stored.ledger.unclaimed()))
        if former := account.former:
            fragments += self._read_former(account, former, account_files)
        account_files.ledger = merge(fragments)
        return account_files

    def _read_former(self, account: Account, former: Account, account_files: StoredAccount) -> Iterator[Fragment]:
        """Yield the counters stored under the former name. Slices without a reading get a reading stored under it.

        With several shards, only the counters are used. The account's name decides which shard reads a customer, so a
        shard's readings under the former name belong to other customers.
        """
        own = self._own(former) if former.shard.total == 1 else {}
        for path, _ in tuple(self._found.get(stem_of(former), ())):
            stored, invalid = read_file(path, former, account_files.errors)
            if stored is None:
                account_files.refused += invalid[:1]
                continue
            number = own.get(path)
            if number is not None and account_files.readings.setdefault(number, stored) is stored:
                yield Fragment(stored.asked_at, renamed(account, stored.ledger))
            else:
                yield Fragment(stored.asked_at, renamed(account, stored.ledger).unclaimed())

    def _lock(self, shard: Shard) -> None:
        """Become the only writer for this shard, until the process ends.

        Raises:
            FolderInUse: another process holds the lock.

        """
        if shard in self._locks:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(f".lock{shard_suffix(shard)}", flags, 0o600, dir_fd=self._opened)
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
        part = shard_suffix(account.shard) + (f"+{number}of{account.slice_count}" if account.slice_count > 1 else "")
        return self._folder / f"{stem_of(account)}{part}.json"

    def _own(self, account: Account) -> dict[Path, int]:
        """Map the path of each of the account's own slice files to its slice number."""
        return {self._path(account, number): number for number in range(account.slice_count)}

    def _others(self, account: Account) -> Iterator[Path]:
        """Yield the account's files that were written with another number of slices or shards."""
        own = self._own(account)
        for path, shard in tuple(self._found.get(stem_of(account), ())):
            if path not in own and (shard.total != account.shard.total or shard == account.shard):
                yield path

    def _remove_outdated(self, account: Account) -> None:
        for path in list(self._others(account)):
            is_own = f"{stem_of(account)}{shard_suffix(account.shard)}" in (path.stem, path.stem.rpartition("+")[0])
            self._remove(account, path, at_once=is_own)
        if former := account.former:
            for path, shard in tuple(self._found.get(stem_of(former), ())):
                stored, _ = read_file(path, former, [])
                if stored:  # other shards may not have read it yet
                    self._remove(former, path, at_once=shard.total == account.shard.total == 1)
                else:
                    self._forget(former, path)

    def _remove(self, account: Account, path: Path, *, at_once: bool) -> None:
        with suppress(FileNotFoundError, ValueError):
            written_at = max(one.stat().st_mtime for one in slots_of(path))
            if at_once or time.time() - written_at > _FORGOTTEN_AFTER_SECONDS:
                for one in slots_of(path):
                    one.unlink()
                self._forget(account, path)

    def _forget(self, account: Account, path: Path) -> None:
        self._found[stem_of(account)] = [one for one in self._found[stem_of(account)] if one.path != path]
        self._written.pop(path.name, None)


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
