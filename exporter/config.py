"""From config.yaml to a frozen configuration; or every problem in it at once, each with its path."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from exporter import yaml_strict
from exporter.vendors import VENDORS, Account
from exporter.vendors.settings import Settings

SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong at one place of a configuration, and what would be right. Never shows what was given."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ConfigError(Exception):
    """A configuration that cannot be used, with all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Config(Settings):
    """The whole configuration."""

    accounts: tuple[Account, ...]


def load(path: Path) -> Config:
    """Return the configuration that a file holds; paths within are taken from the file's folder.

    Raises:
        ConfigError: it cannot be used.

    """
    try:
        with path.open("rb") as file:
            text = file.read(yaml_strict.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem("", f"{path} cannot be read: {error.strerror}")]) from None
    return parse(text, path.parent)


def parse(text: bytes, directory: Path) -> Config:
    """Return the configuration that a text is.

    Raises:
        ConfigError: it cannot be used.

    """
    try:
        document = yaml_strict.load(text)
    except yaml_strict.YAMLProblem as problem:
        raise ConfigError([Problem("", str(problem))]) from None
    accounts, problems = _read(document, directory)
    if problems:
        raise ConfigError(problems)
    return Config.model_construct(accounts=tuple(accounts))


def _read(document: object, directory: Path) -> tuple[list[Account], list[Problem]]:
    if not isinstance(document, dict):
        return [], [Problem("", "write a mapping with the key accounts")]
    problems = [Problem(str(key), _unknown(str(key), ["accounts"])) for key in document if key != "accounts"]
    given = document.get("accounts")
    if not isinstance(given, list) or not given:
        return [], [*problems, Problem("accounts", "write a list of at least one account")]
    accounts: list[Account] = []
    for index, entry in enumerate(given):
        found = _account(entry, directory)
        if isinstance(found, Account):
            accounts.append(found)
        else:
            problems += [Problem(_join(f"accounts[{index}]", one.path), one.text) for one in found]
    return accounts, [*problems, *_repeated(given)]


def _account(entry: object, directory: Path) -> Account | list[Problem]:
    if not isinstance(entry, dict):
        return [Problem("", "write a mapping with vendor, name and the vendor's settings")]
    vendor = VENDORS.get(str(entry.get("vendor")))
    if vendor is None:
        return [Problem("vendor", f"write one of {', '.join(VENDORS)}")]
    problems = [Problem(path, text) for path, text in vendor.conflicts(entry)]
    try:
        account = vendor.model_validate(entry, context={"directory": directory})
    except ValidationError as error:
        found = {problem.path: problem for problem in problems}
        found |= {one.path: one for one in map(partial(_problem, vendor), error.errors(include_url=False))}
        return sorted(one for one in found.values() if not _explained(one.path, found))
    return problems or account


def _explained(path: str, found: Iterable[str]) -> bool:
    """Whether something within this place is wrong too, which is what makes it wrong."""
    return bool(path) and any(other.startswith((f"{path}[", f"{path}.")) for other in found)


def _problem(vendor: type[Account], error: Any) -> Problem:
    """Say in our words what pydantic found."""
    path = ""
    for step in error["loc"]:
        path = f"{path}[{step}]" if isinstance(step, int) else _join(path, str(step))
    match error["type"]:
        case "extra_forbidden":
            return Problem(path, _unknown(str(error["loc"][-1]), vendor.model_fields))
        case "missing":
            return Problem(path, "is missing")
        case "string_pattern_mismatch" if path == "name":
            return Problem(path, "write up to 63 letters, digits and ._@- , the first a letter or digit")
        case "too_short":
            return Problem(path, "write at least one")
        case _:
            return Problem(path, str(error["msg"]).removeprefix("Value error, "))


def _unknown(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def _repeated(entries: Iterable[object]) -> Iterator[Problem]:
    seen: dict[tuple[object, object], int] = {}
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            first = seen.setdefault((str(entry.get("vendor")), entry["name"]), index)
            if first != index:
                yield Problem(f"accounts[{index}].name", f"is the name of accounts[{first}] too; unique per vendor")


def _join(path: str, step: str) -> str:
    return f"{path}.{step}" if path and step else path or step


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration, for editors."""
    any_account: Any = Annotated[reduce(or_, VENDORS.values()), Field(discriminator="vendor")]
    account = TypeAdapter(any_account).json_schema()
    definitions: dict[str, Any] = account.pop("$defs", {})
    return {
        "$schema": SCHEMA_ID,
        "title": "usage-exporter configuration",
        "type": "object",
        "additionalProperties": False,
        "required": ["accounts"],
        "properties": {"accounts": {"type": "array", "minItems": 1, "items": account}},
        "$defs": definitions,
    }
