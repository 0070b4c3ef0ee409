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
from exporter.store.slots import LARGEST_FILE, files_of, slots_of
from exporter.store.stored_reading import InvalidFile, InvalidReason, StoredReading
from exporter.vendors import Account

_FILE: Final = re.compile(r"(?P<account>[^+]+)(\+shard(?P<shard>\d+)of(?P<total>\d+))?(\+\d+of\d+)?\.json")
"""Matches the name of an account's file. The match is unambiguous, because no account name contains a plus sign."""


class ShardFile(NamedTuple):
    """A stored file, and the shard that wrote it."""

    path: Path
    shard: Shard


@dataclass(slots=True)
class StoredAccount:
    """The stored state of an account.

    Attributes:
        readings: the last reading of each slice, by slice number. Files written with another number of slices or
            shards are ignored here.
        ledger: the account's counters, including those from files written with another number of slices or shards.
        invalid: for each file that was set aside, the reason.
        refused: for each invalid file that was found under the account's previous name, the reason.
        errors: the errors that occurred when files were read.

    """

    readings: dict[int, StoredReading] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    invalid: list[InvalidReason] = field(default_factory=list)
    refused: list[InvalidReason] = field(default_factory=list)
    errors: list[OSError] = field(default_factory=list)


def stem_of(account: Account) -> str:
    """Return the beginning of the names of an account's files."""
    return f"{account.vendor}-{account.name}"


def shard_suffix(shard: Shard) -> str:
    """Return the part of a file's name that identifies the shard. If there is only one shard, the part is empty."""
    return f"+shard{shard.number}of{shard.total}" if shard.total > 1 else ""


def read_file(path: Path, account: Account, errors: list[OSError]) -> tuple[StoredReading | None, list[InvalidReason]]:
    """Return the content of a file's newest valid slot, and the reasons why slots are invalid.

    The content is None if no slot is valid. A damaged slot beside an intact slot is normal: the damaged slot was being
    written when the process ended. If a slot cannot be read, the error is added to `errors`, and no content is
    returned.
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
    """Rename an unusable file, so that the file is not read again."""
    for slot in slots_of(path):
        with suppress(OSError):
            slot.replace(slot.with_name(f"{path.stem}.set-aside{slot.name.removeprefix(path.name)}"))


def files_by_account(folder: Path) -> defaultdict[str, list[ShardFile]]:
    """Return the account files in a folder, by the beginning of their names (see `stem_of`)."""
    found: defaultdict[str, list[ShardFile]] = defaultdict(list)
    for path in files_of(folder.glob("*.json*")):
        if parts := _FILE.fullmatch(path.name):
            with suppress(ValueError):  # an impossible shard: not the exporter's file
                shard = Shard(int(parts["shard"] or 0), int(parts["total"] or 1))
                found[parts["account"]].append(ShardFile(path, shard))
    return found
