"""The names and contents of accounts' files."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from exporter.files import read_regular_file
from exporter.quota import Ledger
from exporter.sharding import Shard
from exporter.store.decode import decode
from exporter.store.slots import LARGEST_FILE, file_name, slots_of
from exporter.store.stored_reading import InvalidFile, InvalidReason, StoredReading
from exporter.vendors import Account

_FILE: Final = re.compile(r"(?P<account>[^+]+)(\+shard(?P<shard>\d+)of(?P<total>\d+))?(\+\d+of\d+)?\.json")
"""The name of an account's file. It is unambiguous, because no account name contains a plus sign."""


class ShardFile(NamedTuple):
    """A stored file, and the shard that wrote it."""

    path: Path
    shard: Shard


@dataclass(slots=True)
class StoredAccount:
    """The stored state of an account.

    Attributes:
        readings: the last reading of each slice, by slice number; none from files with another number of slices.
        ledger: the account's counters, also from files written with another number of slices or shards.
        invalid: the reasons why files were set aside.
        refused: the reasons why files under the account's previous name were not taken over.
        errors: the errors of files that could not be read.

    """

    readings: dict[int, StoredReading] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    invalid: list[InvalidReason] = field(default_factory=list)
    refused: list[InvalidReason] = field(default_factory=list)
    errors: list[OSError] = field(default_factory=list)


def stem_of(account: Account) -> str:
    """Return the text with which the names of an account's files begin."""
    return f"{account.vendor}-{account.name}"


def shard_suffix(shard: Shard) -> str:
    """Return the part of a file's name that identifies the shard; empty if there is only one."""
    return f"+shard{shard.number}of{shard.total}" if shard.total > 1 else ""


def read_file(path: Path, account: Account, errors: list[OSError]) -> tuple[StoredReading | None, list[InvalidReason]]:
    """Return the content of a file's newest valid slot, or None, and the reasons why other slots are invalid.

    A damaged slot beside an intact one is normal: it was being written when the process ended. If a slot cannot be
    read, the error is added to `errors`, and no content is returned.
    """
    found, invalid = list[StoredReading](), list[InvalidReason]()
    for slot in slots_of(path):
        try:
            found.append(decode(account, read_regular_file(slot, LARGEST_FILE))[1])
        except FileNotFoundError:
            continue
        except OSError as error:
            errors.append(error)
            return None, []  # this slot may be the newer one, and a counter must not fall, except to 0
        except InvalidFile as error:
            invalid.append(error.reason)
    return max(found, key=lambda one: one.asked_at, default=None), invalid


def set_aside(path: Path) -> None:
    """Rename an unusable file, so that it is not read again."""
    for slot in slots_of(path):
        with suppress(OSError):
            slot.replace(slot.with_name(f"{path.stem}.set-aside{slot.name.removeprefix(path.name)}"))


def files_by_account(folder: Path) -> defaultdict[str, list[ShardFile]]:
    """Return the account files in a folder, grouped by account."""
    found: defaultdict[str, list[ShardFile]] = defaultdict(list)
    for path in sorted({one.with_name(file_name(one.name)) for one in folder.glob("*.json*")}):
        if parts := _FILE.fullmatch(path.name):
            with suppress(ValueError):  # an impossible shard: not the exporter's file
                shard = Shard(int(parts["shard"] or 0), int(parts["total"] or 1))
                found[parts["account"]].append(ShardFile(path, shard))
    return found
