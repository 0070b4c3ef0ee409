"""Lists the contents of a storage folder, for people who inspect or clean up the folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from exporter.store.slots import files_of, slots_of
from exporter.store.snapshot import AccountKey

FileKind = Literal["reading", "set aside", "left over"]
"""A reading of an account, an invalid file, or a file whose writing was interrupted."""

_NAME: Final = re.compile(
    r"(?P<vendor>[^+-]+)-(?P<name>[^+]+?)(?P<part>\+.+?)?\.(?P<kind>json|set-aside|json\.new)", re.ASCII
)
_KINDS: Final[dict[str, FileKind]] = {"json": "reading", "set-aside": "set aside", "json.new": "left over"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the storage folder.

    Attributes:
        path: the file's path, without the suffix of a slot.
        account: the vendor and the name of the file's account.
        part: the slice and shard in the file's name; empty if the name states neither.
        kind: whether the file is a reading, an invalid file or an unfinished file.
        slots: the paths of the file's slots.
        size: the size of all slots, in bytes.
        written_at: when the file was last written, Unix time.

    """

    path: Path
    account: AccountKey
    part: str
    kind: FileKind
    slots: tuple[Path, ...]
    size: int
    written_at: float


def inventory(folder: Path) -> Iterator[StoredFile]:
    """Yield the exporter's files in a storage folder, sorted by name.

    Raises:
        OSError: the folder cannot be read.

    """
    for path in files_of(folder.iterdir()):
        name, slots = _NAME.fullmatch(path.name), tuple(one for one in slots_of(path) if one.is_file())
        if name and slots:
            part = (name["part"] or "").removeprefix("+").replace("+", " ")
            account = name["vendor"], name["name"]
            statuses = [slot.stat() for slot in slots]
            size, written_at = sum(one.st_size for one in statuses), max(one.st_mtime for one in statuses)
            yield StoredFile(path, account, part, _KINDS[name["kind"]], slots, size, written_at)


def superfluous(files: Iterable[StoredFile], accounts: Collection[AccountKey]) -> Iterator[StoredFile]:
    """Yield the files that no exporter with these accounts reads.

    These are invalid files, unfinished files, and the files of other accounts.
    """
    yield from (file for file in files if file.kind != "reading" or file.account not in accounts)
