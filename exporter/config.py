"""Reads config.yaml into a frozen configuration, or reports every problem and the problem's place."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from exporter import strict_yaml
from exporter.config_includes import (
    ALL,
    Defaults,
    Source,
    included_sources,
    matching_files,
    name_problems,
    vendors_named,
)
from exporter.problems import ConfigError, Problem, join, load_document, located, unknown_key
from exporter.sharding import Shard
from exporter.vendors import VENDORS, Account
from exporter.vendors.account import Credential
from exporter.vendors.declared.matching import vendor_files
from exporter.vendors.settings.entry import read_account
from exporter.vendors.settings.schema import account_schema
from exporter.vendors.settings.types import Settings
from exporter.vendors.settings.warnings import account_warnings
from exporter.vendors.wheels import wheel_vendors

SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"
_KEYS: Final = ("accounts", "defaults", "include", "vendor_files")
_SHARED: Final = frozenset(Account.model_fields) - {"vendor", "name", "was", "base_url", "quotas", "thresholds"}
"""The settings that are allowed in `defaults.all`."""

Vendors = Mapping[str, type[Account]]
"""Vendors, by the vendor's name."""


class Config(Settings):
    """The whole configuration, or the part that one shard polls.

    Attributes:
        accounts: the accounts to poll.
        vendors: the vendors that accounts may name: built in, declared in `vendor_files`, or from an installed wheel.

    """

    accounts: tuple[Account, ...]
    vendors: Mapping[str, type[Account]] = Field(default_factory=lambda: VENDORS)
    shard: Shard = Shard()

    def read_warnings(self) -> Mapping[tuple[str, str], list[str]]:
        """Return the warnings about each account, by vendor and name. Secret files are read on the first call only."""
        return self._warnings

    @cached_property
    def _warnings(self) -> Mapping[tuple[str, str], list[str]]:
        return {account.key: list(account_warnings(account)) for account in self.accounts}

    def shard_part(self, shard: Shard) -> Config:
        """Return the part of the configuration that a shard polls. Rate limits are reduced to the shard's share."""
        users: dict[Credential, set[int]] = {}
        for one in self.accounts:
            users.setdefault(one.credential, set()).update(one.shard_numbers(shard.total))
        parts = (one.with_rate_share(1 / len(users[one.credential])).shard_part(shard) for one in self.accounts)
        own = tuple(part for part in parts if part is not None)
        return Config.model_construct(accounts=own, vendors=self.vendors, shard=shard)


def load(path: Path, plugins: Collection[str] = ()) -> Config:
    """Return the whole configuration in a file. Relative paths in the file start at the file's folder.

    Args:
        path: the file.
        plugins: the names of vendors whose code may be taken from installed wheels.

    Raises:
        ConfigError: the configuration cannot be used.

    """
    text = _read_text(path)
    try:
        return parse(text, path.parent, plugins)
    except ConfigError as error:
        raise ConfigError(located(error.problems, text, path, {*VENDORS, *plugins})) from None


def load_vendors(path: Path, plugins: Collection[str] = ()) -> Vendors:
    """Return the vendors that a configuration's accounts may name. The accounts are not validated.

    Raises:
        ConfigError: a vendor file or a plugin cannot be used.

    """
    vendors, problems = _vendors(_document(_read_text(path)), path.parent)
    wheels, refused = wheel_vendors(plugins, plugins, vendors)
    vendors = {**vendors, **wheels}
    problems += [Problem("", f"{name}: {text}") for name, text in refused.items()]
    if problems:
        raise ConfigError(problems)
    return vendors


def _read_text(path: Path) -> bytes:
    try:
        return strict_yaml.read(path)
    except OSError as error:
        raise ConfigError([Problem("", f"{path} cannot be read: {error.strerror}")]) from None


def digest(path: Path) -> str:
    """Return a digest of a configuration with its included and vendor files. Empty if a file is unreadable."""
    try:
        text = strict_yaml.read(path)
        found = hashlib.sha256(text)
        for file in _other_files(text, path.parent):
            found.update(f"\0{file}\0".encode() + strict_yaml.read(file))
    except OSError:
        return ""
    return found.hexdigest()


def _other_files(text: bytes, directory: Path) -> list[Path]:
    """Return the vendor files and included files that a configuration names. Empty if the configuration is invalid."""
    if b"vendor_files" not in text and b"include" not in text:  # most name none, and need not be parsed
        return []
    try:
        document = strict_yaml.load(text)
    except strict_yaml.YAMLProblem:
        return []
    if not isinstance(document, dict):
        return []
    vendors, _ = vendor_files(document.get("vendor_files"), directory)
    return [*vendors, *matching_files(document.get("include"), directory)[0]]


def parse(text: bytes, directory: Path, plugins: Collection[str] = ()) -> Config:
    """Return the configuration in a text. Relative paths in the text start at `directory`. For `plugins`, see `load`.

    Raises:
        ConfigError: the configuration cannot be used.

    """
    document = _document(text)
    vendors, vendor_problems = _vendors(document, directory)
    sources, source_problems = _sources(document, text, directory, {*vendors, *plugins})
    wheels, refused = wheel_vendors(vendors_named(document, sources), plugins, vendors)
    vendors = {**vendors, **wheels}
    defaults = Defaults(
        document.get("defaults"), {name: one.model_fields for name, one in vendors.items()}, _SHARED, refused
    )
    problems = [Problem(join("", str(key)), _unknown_at_top(str(key))) for key in document if key not in _KEYS]
    accounts, found = _read(sources, defaults, vendors, refused, are_all=not vendor_problems)
    problems = list(dict.fromkeys([*problems, *defaults.problems, *source_problems, *found]))
    if problems or vendor_problems:
        raise ConfigError([*vendor_problems, *problems])
    return Config.model_construct(accounts=tuple(accounts), vendors=vendors)


def _document(text: bytes) -> dict[str, Any]:
    document = load_document(text)
    if not isinstance(document, dict):
        raise ConfigError([Problem("", "write a mapping with the key accounts")])
    return document


def _vendors(document: Mapping[str, Any], directory: Path) -> tuple[Vendors, list[Problem]]:
    """Return the built-in and declared vendors, and the problems of the files that declare vendors."""
    if document.get("vendor_files") is None:
        return VENDORS, []
    from exporter.vendors.declared.files import declared_vendors  # noqa: PLC0415 - slow to import, and few declare any

    declared, problems = declared_vendors(document["vendor_files"], directory, VENDORS)
    return {**VENDORS, **declared}, problems


def _sources(
    document: Mapping[str, Any], text: bytes, directory: Path, names: Collection[str]
) -> tuple[list[Source], list[Problem]]:
    """Return the files that contain accounts, the configuration itself first, and the problems in reading the files."""
    files, problems = matching_files(document.get("include"), directory)
    sources, found = included_sources(files, names)
    problems += found
    given = document.get("accounts", [] if sources else None)
    if not isinstance(given, list) or not (given or sources):
        return [], [*problems, Problem("accounts", "write a list of at least one account")]
    return [Source(None, directory, text, given), *sources], problems


def _read(
    sources: list[Source], defaults: Defaults, vendors: Vendors, refused: Mapping[str, str], *, are_all: bool
) -> tuple[list[Account], list[Problem]]:
    """Return the accounts and their problems. Unknown vendor names are reported only if every vendor was loaded."""
    problems: list[Problem] = []
    accounts: list[Account] = []
    for source in sources:
        found: list[Problem] = []
        for index, entry in enumerate(source.entries):
            if not are_all and isinstance(entry, dict) and str(entry.get("vendor")) not in vendors:
                continue
            settings = defaults.applied(entry) if isinstance(entry, dict) else entry
            account = read_account(settings, source.directory, vendors, refused)
            if isinstance(account, Account):
                accounts.append(account)
                continue
            for one in account:
                if place := defaults.origin(entry, one.path) if isinstance(entry, dict) else "":
                    problems.append(Problem(place, one.text))
                else:
                    found.append(Problem(join(f"accounts[{index}]", one.path), one.text))
        problems += source.located(found, vendors)
    return accounts, [*problems, *name_problems(sources, vendors)]


def _unknown_at_top(key: str) -> str:
    if key in Account.model_fields or key == "global":
        return "unknown key; write it in an account, or below defaults.all for every account"
    return unknown_key(key, _KEYS)


def schema(vendors: Vendors = VENDORS) -> dict[str, Any]:
    """Return the JSON Schema of a configuration with these vendors, for use in editors."""
    account, definitions = account_schema(vendors)
    return {
        "$schema": SCHEMA_ID,
        "title": "usage-exporter configuration",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["accounts"]}, {"required": ["include"]}],
        "properties": {
            "defaults": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: {"type": "object"} for name in (ALL, *vendors)},
                "description": "Settings that accounts have unless they say otherwise: for all, and for a vendor.",
            },
            "include": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Files with more accounts, as patterns such as config.d/*.yaml.",
            },
            "accounts": {"type": "array", "minItems": 1, "items": account},
            "vendor_files": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Files that declare vendors, as patterns such as vendors/*.yaml.",
            },
        },
        "$defs": definitions,
    }


def as_yaml(config: Config) -> str:
    """Return a configuration as YAML, with every default filled in. Of each secret, only the location is shown."""
    accounts = [account.model_dump(mode="json", exclude_none=True) for account in config.accounts]
    return strict_yaml.dump({"accounts": accounts})
