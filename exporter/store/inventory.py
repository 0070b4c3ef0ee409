"""What lies in a storage folder, for a person who looks at it or cleans it up."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from exporter.store.snapshot import AccountKey

FileKind = Literal["reading", "set aside", "left over"]
"""A reading of an account; one that could not be used; one that was never finished."""

_NAME: Final = re.compile(
    r"(?P<vendor>[^+-]+)-(?P<name>[^+]+?)(?P<part>\+.+?)?\.(?P<kind>json|set-aside|json\.new)", re.ASCII
)
_KINDS: Final[dict[str, FileKind]] = {"json": "reading", "set-aside": "set aside", "json.new": "left over"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the storage.

    Attributes:
        path: where it is.
        account: vendor and name of the account whose it is.
        part: the slice and the shard, as they stand in its name; empty where there is one.
        kind: what it is.
        size: in bytes.
        written_at: Unix time.

    """

    path: Path
    account: AccountKey
    part: str
    kind: FileKind
    size: int
    written_at: float


def inventory(folder: Path) -> Iterator[StoredFile]:
    """Yield the files of a storage folder by name; what is not the exporter's is left out.

    Raises:
        OSError: the folder cannot be read.

    """
    for path in sorted(folder.iterdir()):
        name = _NAME.fullmatch(path.name)
        if name and path.is_file():
            status = path.stat()
            part = (name["part"] or "").removeprefix("+").replace("+", " ")
            account = name["vendor"], name["name"]
            yield StoredFile(path, account, part, _KINDS[name["kind"]], status.st_size, status.st_mtime)


def superfluous(files: Iterable[StoredFile], accounts: Collection[AccountKey]) -> Iterator[StoredFile]:
    """Yield the files that no exporter with these accounts reads: others', set aside ones, and ones never finished."""
    yield from (file for file in files if file.kind != "reading" or file.account not in accounts)
