"""The folder of a history, with the plan, the cached answers, and a file per account and day.

A day's file gets its final name only when the file is complete. Until then, its name begins with a dot.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, cast

from exporter.history.plan import Plan, WrongRequest
from exporter.vendors import Account

_PLAN: Final = ".history.json"
_SUFFIX: Final = ".om"


class Folder:
    """The folder of one history."""

    def __init__(self, path: Path, plan: Plan, complete: Iterable[str]) -> None:
        self._path = path
        self._complete = set(complete)
        self.plan = plan

    @classmethod
    def opened(cls, path: Path, plan: Plan) -> Folder:
        """Return a new folder for a plan, or the existing folder with the same plan.

        An existing folder keeps the `asked_at` that it was created with.

        Raises:
            WrongRequest: the folder contains another plan or other files.
            OSError: the folder cannot be read or written.

        """
        if path.exists() and not path.is_dir():
            raise WrongRequest(f"--out {path}: is not a folder")
        known = _read(path / _PLAN)
        if known is None:
            if path.exists() and any(path.iterdir()):
                raise WrongRequest(f"--out {path}: holds other files; choose an empty folder")
            return cls(path, plan, ())
        begun, wanted = known.get("plan"), plan.written()
        if not isinstance(begun, dict) or begun != wanted:
            others = begun if isinstance(begun, dict) else {}
            differing = ", ".join(name for name in wanted if others.get(name) != wanted[name])
            raise WrongRequest(f"--out {path}: holds another history ({differing}); choose an empty folder")
        asked_at = datetime.fromtimestamp(known["asked_at"], UTC)
        return cls(path, replace(plan, asked_at=asked_at), known["complete"])

    def begin(self) -> None:
        """Create the folder, and write the plan into it.

        Raises:
            OSError: the folder cannot be written.

        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._note()

    def is_complete(self, account: Account) -> bool:
        """Whether an account's history is complete."""
        return "/".join(account.key) in self._complete

    def complete(self, account: Account) -> None:
        """Mark an account's history as complete."""
        self._complete.add("/".join(account.key))
        self._note()

    def answers(self, account: Account) -> Path:
        """Return the path of an account's cached answers."""
        return self._path / f".answers-{account.vendor}-{account.name}.sqlite"

    def file(self, account: Account, day: datetime) -> Path:
        """Return the path of an account's file for a day."""
        compressed = ".gz" if self.plan.gzip else ""
        return self._path / f"{account.vendor}-{account.name}-{day:%Y-%m-%d}{_SUFFIX}{compressed}"

    def files(self, account: Account) -> int:
        """Return the number of days for which an account has a file."""
        return sum(self.file(account, day).exists() for day in self.plan.days)

    def write(self, path: Path, text: Iterable[str]) -> bool:
        """Write a file, unless the file exists or the text is empty. Return whether the file exists afterwards.

        Raises:
            OSError: the file cannot be written.

        """
        if path.exists():
            return True
        new = path.with_name(f".{path.name}.new")
        is_empty = True
        with _opened(new, compressed=self.plan.gzip) as file:
            for piece in text:
                file.write(piece.encode())
                is_empty = False
        if is_empty:
            new.unlink()
            return False
        new.rename(path)
        return True

    def _note(self) -> None:
        noted = {
            "plan": self.plan.written(),
            "asked_at": self.plan.asked_at.timestamp(),
            "complete": sorted(self._complete),
        }
        new = self._path / f"{_PLAN}.new"
        with _opened(new, compressed=False) as file:
            file.write(json.dumps(noted, indent=1).encode())
        new.rename(self._path / _PLAN)


def _read(path: Path) -> dict[str, Any] | None:
    """Return the content of a plan file, or None if the file is missing. Invalid content becomes `{"plan": None}`."""
    try:
        known = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        known = None
    return known if isinstance(known, dict) and {"plan", "asked_at", "complete"} <= known.keys() else {"plan": None}


@contextmanager
def _opened(path: Path, *, compressed: bool) -> Iterator[IO[bytes]]:
    """Open a new file for writing. On exit, the file is synced to disk."""
    with path.open("wb") as file:
        if compressed:
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                yield cast("IO[bytes]", packed)
        else:
            yield file
        file.flush()
        os.fsync(file.fileno())
