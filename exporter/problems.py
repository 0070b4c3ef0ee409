"""Problems of a configuration. Each problem states its place in the document, and the file and line, if known."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from exporter import strict_yaml

_ACCOUNT: Final = re.compile(r"accounts\[(\d+)\](?:\.(.*)|$)", re.DOTALL)
_LINE: Final = re.compile(r"line (\d+)(?:, column (\d+))?: (.*)", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem at one place of a configuration, and how to fix the problem. The configured value is never shown.

    Attributes:
        path: the place in the document. If `where` names an account, the place in the account.
        text: the error message, which says what is wrong or how to fix the problem.
        where: the file, the line, and the account's name, as far as they are known; empty if there is no file.

    """

    path: str
    text: str
    where: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.text) if part)


class ConfigError(Exception):
    """A configuration cannot be used. The error has all problems of the configuration."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def read_document(path: Path) -> object:
    """Return the document of a YAML file.

    Raises:
        ConfigError: the file cannot be read, or is not valid.

    """
    try:
        return load_document(strict_yaml.read(path))
    except OSError as error:
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}")]) from None


def load_document(text: bytes) -> object:
    """Return the document of a YAML text.

    Raises:
        ConfigError: the text is not valid.

    """
    try:
        return strict_yaml.load(text)
    except strict_yaml.YAMLProblem as problem:
        raise ConfigError([Problem("", str(problem))]) from None


def join(path: str, step: str) -> str:
    """Return the path of a key: the path of the mapping that contains the key, then the key `step`."""
    shown = step if step.isprintable() else ascii(step)
    return f"{path}.{shown}" if path and shown else path or shown


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return the message for an unknown key. If a known key has a similar name, the message suggests this key."""
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def located(problems: Iterable[Problem], text: bytes, file: Path, vendors: Collection[str]) -> list[Problem]:
    """Return problems with the file's line numbers, sorted by line. Problems of other files come last.

    Args:
        problems: the problems. Each has a path from the document's root, or a text that begins with a line number.
        text: the file's content.
        file: the file's path, as the user gave it.
        vendors: the known vendors. An account's name is shown only if its vendor is known.

    """
    found = list(problems)
    lines = _lines(text) if any(problem.path for problem in found) else {}
    names = _names(text, vendors) if lines else {}
    placed = [_located(problem, lines, names, file) for problem in found]
    return [problem for _, problem in sorted(placed, key=lambda one: one[0])]


def _located(problem: Problem, lines: Mapping[str, int], names: Mapping[int, str], file: Path) -> tuple[int, Problem]:
    if problem.where:
        return sys.maxsize, problem
    if not problem.path and (match := _LINE.fullmatch(problem.text)):
        column = f":{match[2]}" if match[2] else ""
        return int(match[1]), Problem("", match[3], f"{file}:{match[1]}{column}")
    path, line = problem.path, 0
    while path and not line:
        line = lines.get(path, 0)
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    where = f"{file}:{line}" if line else str(file)
    if not line and problem.path and not problem.path.startswith(("accounts", "defaults", "include")):
        return line, problem
    account = _ACCOUNT.fullmatch(problem.path)
    if account and (name := names.get(int(account[1]))):
        return line, Problem(account[2] or "", problem.text, f"{where} ({name})")
    return line, replace(problem, where=where)


def _lines(text: bytes) -> Mapping[str, int]:
    """Return the line number of each path in a document. If the text is not valid, the result is empty."""
    try:
        strict_yaml.load(text)
    except strict_yaml.YAMLProblem:
        return {}
    return strict_yaml.lines(text)


def _names(text: bytes, vendors: Collection[str]) -> dict[int, str]:
    """Return the vendor and name of each account with a known vendor and a valid name, by the account's index."""
    document = strict_yaml.load(text)
    accounts = document.get("accounts") if isinstance(document, dict) else None
    return {
        number: f"{one['vendor']}/{one['name']}"
        for number, one in enumerate(accounts if isinstance(accounts, list) else ())
        if isinstance(one, dict) and _is_named(one, vendors)
    }


def _is_named(account: Mapping[str, object], vendors: Collection[str]) -> bool:
    vendor, name = account.get("vendor"), account.get("name")
    return isinstance(vendor, str) and vendor in vendors and isinstance(name, str) and bool(_NAME.fullmatch(name))
