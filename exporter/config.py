"""From config.yaml to a frozen configuration; or every problem in it at once, each with its path."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from exporter import strict_yaml
from exporter.sharding import Shard
from exporter.vendors import VENDORS, Account
from exporter.vendors.account import Credential
from exporter.vendors.declared.files import declared_vendors, vendor_files
from exporter.vendors.problems import Problem, SchemaGenerator, join, settings_problems, unknown_key
from exporter.vendors.settings import Settings, description_of

__all__ = ["Config", "ConfigError", "Problem", "digest", "load", "parse", "schema", "unknown_key"]

SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"
_KEYS: Final = ("accounts", "vendor_files")

Vendors = Mapping[str, type[Account]]
"""By name."""


class ConfigError(Exception):
    """A configuration that cannot be used, with all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Config(Settings):
    """The whole configuration, or the part of it that is a shard's.

    Attributes:
        accounts: those that are polled.
        vendors: those that an account can be at: built in, and declared by `vendor_files`.

    """

    accounts: tuple[Account, ...]
    vendors: Mapping[str, type[Account]] = Field(default_factory=lambda: VENDORS)
    shard: Shard = Shard()

    def shard_part(self, shard: Shard) -> Config:
        """Return what of a whole configuration is a shard's: accounts, or some of their customers, and of each rate."""
        users: dict[Credential, set[int]] = {}
        for one in self.accounts:
            users.setdefault(one.credential, set()).update(one.shard_numbers(shard.total))
        parts = (one.with_rate_share(1 / len(users[one.credential])).shard_part(shard) for one in self.accounts)
        own = tuple(part for part in parts if part is not None)
        return Config.model_construct(accounts=own, vendors=self.vendors, shard=shard)


def load(path: Path) -> Config:
    """Return the whole configuration that a file holds; paths within are taken from the file's folder.

    Raises:
        ConfigError: it cannot be used.

    """
    return parse(_read_text(path), path.parent)


def load_vendors(path: Path) -> Vendors:
    """Return the vendors that accounts of a configuration can be at; the accounts themselves are not looked at.

    Raises:
        ConfigError: a vendor file of it cannot be used.

    """
    vendors, problems = _vendors(_document(_read_text(path)), path.parent)
    if problems:
        raise ConfigError(problems)
    return vendors


def _read_text(path: Path) -> bytes:
    try:
        return strict_yaml.read(path)
    except OSError as error:
        raise ConfigError([Problem("", f"{path} cannot be read: {error.strerror}")]) from None


def digest(path: Path) -> str:
    """Return what changes when a configuration does, its vendor files included; empty while it cannot be read."""
    try:
        text = strict_yaml.read(path)
        found = hashlib.sha256(text)
        for file in _vendor_files(text, path.parent):
            found.update(f"\0{file}\0".encode() + strict_yaml.read(file))
    except OSError:
        return ""
    return found.hexdigest()


def _vendor_files(text: bytes, directory: Path) -> list[Path]:
    """Return the vendor files that a text names; none where it cannot be read. A large one without is not parsed."""
    if b"vendor_files" not in text:
        return []
    try:
        document = strict_yaml.load(text)
    except strict_yaml.YAMLProblem:
        return []
    return vendor_files(document.get("vendor_files"), directory)[0] if isinstance(document, dict) else []


def parse(text: bytes, directory: Path) -> Config:
    """Return the configuration that a text is.

    Raises:
        ConfigError: it cannot be used.

    """
    document = _document(text)
    vendors, vendor_problems = _vendors(document, directory)
    accounts, problems = _read(document, directory, vendors, are_all=not vendor_problems)
    if problems or vendor_problems:
        raise ConfigError([*vendor_problems, *problems])
    return Config.model_construct(accounts=tuple(accounts), vendors=vendors)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = strict_yaml.load(text)
    except strict_yaml.YAMLProblem as problem:
        raise ConfigError([Problem("", str(problem))]) from None
    if not isinstance(document, dict):
        raise ConfigError([Problem("", "write a mapping with the key accounts")])
    return document


def _vendors(document: Mapping[str, Any], directory: Path) -> tuple[Vendors, list[Problem]]:
    """Return the vendors that there are, and what is wrong with files that declare others."""
    declared, problems = declared_vendors(document.get("vendor_files"), directory, VENDORS)
    return {**VENDORS, **declared}, problems


def _read(
    document: Mapping[str, Any], directory: Path, vendors: Vendors, *, are_all: bool
) -> tuple[list[Account], list[Problem]]:
    """Return the accounts, and what is wrong with them; of vendors that are not known nothing, if some are missing."""
    problems = [Problem(join("", str(key)), unknown_key(str(key), _KEYS)) for key in document if key not in _KEYS]
    given = document.get("accounts")
    if not isinstance(given, list) or not given:
        return [], [*problems, Problem("accounts", "write a list of at least one account")]
    accounts: list[Account] = []
    for index, entry in enumerate(given):
        if not are_all and isinstance(entry, dict) and str(entry.get("vendor")) not in vendors:
            continue
        found = _account(entry, directory, vendors)
        if isinstance(found, Account):
            accounts.append(found)
        else:
            problems += [Problem(join(f"accounts[{index}]", one.path), one.text) for one in found]
    return accounts, [*problems, *_repeated(given)]


def _account(entry: object, directory: Path, vendors: Vendors) -> Account | list[Problem]:
    if not isinstance(entry, dict):
        return [Problem("", "write a mapping with vendor, name and the vendor's settings")]
    vendor = vendors.get(str(entry.get("vendor")))
    if vendor is None:
        return [_no_vendor(entry, vendors)]
    conflicts = {path: Problem(path, text) for path, text in vendor.find_conflicts(entry)}
    try:
        account = vendor.model_validate(entry, context={"directory": directory})
    except ValidationError as error:
        return settings_problems(vendor, error, conflicts)
    return list(conflicts.values()) or account


def _no_vendor(entry: Mapping[str, object], vendors: Vendors) -> Problem:
    near_keys = difflib.get_close_matches("vendor", entry, n=1)
    if "vendor" not in entry and near_keys:
        return Problem(near_keys[0], unknown_key(near_keys[0], ["vendor"]))
    near = difflib.get_close_matches(str(entry.get("vendor")), vendors, n=1)
    return Problem("vendor", f"write one of {', '.join(vendors)}" + (f"; did you mean {near[0]}?" if near else ""))


def _repeated(entries: Iterable[object]) -> Iterator[Problem]:
    seen: dict[tuple[object, object], int] = {}
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            first = seen.setdefault((str(entry.get("vendor")), entry["name"]), index)
            if first != index:
                yield Problem(f"accounts[{index}].name", f"is the name of accounts[{first}] too; unique per vendor")


def schema(vendors: Vendors = VENDORS) -> dict[str, Any]:
    """Return the JSON Schema of a configuration with accounts at these vendors, for editors."""
    any_account: Any = Annotated[reduce(or_, vendors.values()), Field(discriminator="vendor")]
    account = TypeAdapter(any_account).json_schema(schema_generator=SchemaGenerator)
    definitions: dict[str, Any] = account.pop("$defs", {})
    for vendor in vendors.values():
        for name, shown in definitions[vendor.__name__]["properties"].items():
            shown.setdefault("description", description_of(vendor, name))
    return {
        "$schema": SCHEMA_ID,
        "title": "usage-exporter configuration",
        "type": "object",
        "additionalProperties": False,
        "required": ["accounts"],
        "properties": {
            "accounts": {"type": "array", "minItems": 1, "items": account},
            "vendor_files": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Files that declare vendors, as patterns such as vendors/*.yaml.",
            },
        },
        "$defs": definitions,
    }
