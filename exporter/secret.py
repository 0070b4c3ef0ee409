"""Secrets from the environment or from files. A secret is read again for each use, and is never printed.

A configuration holds a secret's location, not the secret's value. Values are remembered for two reasons: so that
`redact` can remove them from everything that is written, and because a secret's file may be unreadable during a
rotation.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import threading
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, quote_plus

from exporter.errors import SecretUnreadable
from exporter.files import read_regular_file

REDACTED: Final = "<secret>"
MAX_SECRET_BYTES: Final = 64 * 1024

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Control characters, and surrogates: Python's stand-ins for bytes in a variable that are not UTF-8.
_INVALID: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ASSIGNMENT: Final = re.compile(r"[A-Z][A-Z0-9_]{2,}=.")
_BYTE_ORDER_MARK: Final = "\ufeff"
_SHORTEST_REDACTED: Final = 4
_MOST_FORMS: Final = 4096
_MAX_OF_A_PLACE: Final = 8


class Secret(Protocol):
    """A secret's location. Secrets are equal if their locations are equal."""

    @abstractmethod
    def read(self) -> str:
        """Return the secret's current value.

        Raises:
            SecretUnreadable: the secret is missing, empty, or contains control characters.

        """

    @abstractmethod
    def doubts(self) -> Iterator[str]:
        """Yield likely mistakes in the secret's value. The texts do not reveal any part of the value."""


@dataclass(frozen=True, slots=True)
class EnvironmentSecret:
    """The secret in an environment variable."""

    variable: str

    def __str__(self) -> str:
        return f"${{{self.variable}}}"

    def read(self) -> str:
        """Return the variable's value."""
        value = os.environ.get(self.variable)
        if value is None:
            raise SecretUnreadable(f"the environment variable {self.variable} is not set")
        return _checked(value, f"the environment variable {self.variable}", self)

    def doubts(self) -> Iterator[str]:
        """Yield likely mistakes in the variable's value."""
        yield from _doubts(os.environ.get(self.variable, ""))


@dataclass(frozen=True, slots=True)
class FileSecret:
    """The secret in a file. A line break at the end of the file is not part of the secret."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> str:
        """Return the file's content. If the file is unreadable or unusable, return the last usable content.

        A file may be unreadable or unusable during a rotation.
        """
        try:
            raw = read_regular_file(self.path, MAX_SECRET_BYTES + 1)
            value = _checked(_without_line_end(raw), f"the file {self.path}", self)
        except OSError as error:
            return self._last(SecretUnreadable(f"the file {self.path} cannot be read ({error.strerror})"))
        except SecretUnreadable as error:
            return self._last(error)
        _last_read[self.path] = value
        return value

    def doubts(self) -> Iterator[str]:
        """Yield likely mistakes in the file's content."""
        with suppress(SecretUnreadable):
            yield from _doubts(self.read())

    def stamp(self) -> tuple[int, ...]:
        """Return a value that changes when the file is written or replaced. Empty while the file cannot be found."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def others_can_read(self) -> bool:
        """Whether anyone but the owner can read the file.

        Access by the file's group is ignored if the exporter itself reads the file as a member of that group.
        """
        try:
            status = self.path.stat()
        except OSError:
            return False
        ours_by_group = status.st_uid != os.geteuid() and status.st_gid in {os.getegid(), *os.getgroups()}
        return bool(status.st_mode & (stat.S_IROTH if ours_by_group else stat.S_IRGRP | stat.S_IROTH))

    def _last(self, error: SecretUnreadable) -> str:
        try:
            return _last_read[self.path]
        except KeyError:
            raise error from None


_last_read: Final[dict[Path, str]] = {}
_redacted_forms: Final[dict[str, None]] = {}
_configured: Final[dict[object, dict[str, tuple[str, ...]]]] = {}
_lock: Final = threading.Lock()


def secret_reference(text: str) -> EnvironmentSecret | None:
    """Return the secret to which a text such as `${NAME}` refers. Return None if the text is not a reference."""
    match = _REFERENCE.fullmatch(text)
    return EnvironmentSecret(match[1]) if match else None


def register(value: str, place: object = None) -> str:
    """Make `redact` replace a secret's value, in all usual encodings, from now on. Return the value.

    Args:
        value: the secret's value. Very short values are not replaced.
        place: where the secret is configured; None for a secret that comes from elsewhere, such as a vendor's token.
            The newest few values of each place are remembered. If there are too many values without a place, the oldest
            are forgotten.

    """
    if len(value) < _SHORTEST_REDACTED:
        return value
    with _lock:
        if place is not None:
            known = _configured.setdefault(place, {})
            known[value] = known.pop(value) if value in known else _forms_of(value)
            while len(known) > _MAX_OF_A_PLACE:
                del known[next(iter(known))]
            return value
        for form in _forms_of(value):
            _redacted_forms.pop(form, None)
            _redacted_forms[form] = None
        while len(_redacted_forms) > _MOST_FORMS:
            del _redacted_forms[next(iter(_redacted_forms))]
    return value


def _forms_of(value: str) -> tuple[str, ...]:
    encoded = base64.b64encode(value.encode()).decode()
    escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    forms = (value, quote(value), quote(value, safe=""), quote_plus(value), encoded, *escaped)
    return tuple({*forms, *(form.rstrip("=") for form in forms)})


def redact(text: str) -> str:
    """Return the text with every registered secret replaced by `REDACTED`."""
    with _lock:
        configured = {form for known in _configured.values() for forms in known.values() for form in forms}
        forms = sorted(configured.union(_redacted_forms), key=len, reverse=True)
    for form in forms:
        if form in text:
            text = text.replace(form, REDACTED)
    return text


def _without_line_end(raw: bytes) -> str:
    if len(raw) > MAX_SECRET_BYTES:
        raise SecretUnreadable(f"a secret may have at most {MAX_SECRET_BYTES} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise SecretUnreadable("a secret file must be UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def _doubts(value: str) -> Iterator[str]:
    if value[:1] in ("'", '"'):
        yield "begins with a quote, which becomes part of it"
    if value != value.strip():
        yield "begins or ends with a space, which becomes part of it"
    if _ASSIGNMENT.match(value):
        yield "looks like NAME=value; only the value belongs there"


def _checked(value: str, where: str, place: object) -> str:
    if not value:
        raise SecretUnreadable(f"{where} is empty")
    if value.startswith(_BYTE_ORDER_MARK):
        raise SecretUnreadable(f"{where} begins with a byte order mark; save it as UTF-8 without one")
    if _INVALID.search(value):
        raise SecretUnreadable(f"{where} contains a control character, such as a line break, or is not UTF-8")
    return register(value, place)
