"""From config.yaml to a frozen configuration; or every problem in it at once, each with its path."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from exporter import strict_yaml
from exporter.durations import write_duration
from exporter.problems import ConfigError, Problem, join, located
from exporter.sharding import Shard
from exporter.vendors import VENDORS, Account
from exporter.vendors.account import Credential
from exporter.vendors.secrets import secret_settings, unusable_secrets
from exporter.vendors.settings import Settings, description_of
from exporter.vendors.slips import slips

SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"

_IN_OUR_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "bool_type": "write true or false, in small letters and without quotes",
    "int_type": "write a whole number in digits only, such as 50000",
    "float_type": "write a number in digits only, such as 50000 or 0.5",
    "finite_number": "write a number that is finite",
    "greater_than": "write a number greater than {gt}",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than_equal": "write a number of at most {le}",
    "literal_error": "write {expected}",
    "string_type": "write text; in quotes where it could be a number, true, false or null",
    "string_unicode": "write text in Unicode",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "write up to 63 letters, digits and ._@- , the first a letter or digit",
    "tuple_type": "write a list",
    "too_short": "write at least one",
    "model_type": "write a mapping",
    "dict_type": "write a mapping",
}
"""What pydantic finds by its kinds of error; names are the one kind of setting with a pattern."""


class Config(Settings):
    """The whole configuration, or the part of it that is a shard's."""

    accounts: tuple[Account, ...]
    shard: Shard = Shard()

    def shard_part(self, shard: Shard) -> Config:
        """Return what of a whole configuration is a shard's: accounts, or some of their customers, and of each rate."""
        users: dict[Credential, set[int]] = {}
        for one in self.accounts:
            users.setdefault(one.credential, set()).update(one.shard_numbers(shard.total))
        parts = (one.with_rate_share(1 / len(users[one.credential])).shard_part(shard) for one in self.accounts)
        return Config.model_construct(accounts=tuple(part for part in parts if part is not None), shard=shard)


def load(path: Path) -> Config:
    """Return the whole configuration that a file holds; paths within are taken from the file's folder.

    Raises:
        ConfigError: it cannot be used.

    """
    try:
        text = strict_yaml.read(path)
    except OSError as error:
        raise ConfigError([Problem("", f"{path} cannot be read: {error.strerror}")]) from None
    try:
        return parse(text, path.parent)
    except ConfigError as error:
        raise ConfigError(located(error.problems, text, path, VENDORS)) from None


def digest(path: Path) -> str:
    """Return what changes when the content of a configuration file does; empty while it cannot be read."""
    try:
        return hashlib.sha256(strict_yaml.read(path)).hexdigest()
    except OSError:
        return ""


def parse(text: bytes, directory: Path) -> Config:
    """Return the configuration that a text is.

    Raises:
        ConfigError: it cannot be used.

    """
    try:
        document = strict_yaml.load(text)
    except strict_yaml.YAMLProblem as problem:
        raise ConfigError([Problem("", str(problem))]) from None
    accounts, problems = _read(document, directory)
    if problems:
        raise ConfigError(problems)
    return Config.model_construct(accounts=tuple(accounts))


def _read(document: object, directory: Path) -> tuple[list[Account], list[Problem]]:
    if not isinstance(document, dict):
        return [], [Problem("", "write a mapping with the key accounts")]
    problems = [Problem(join("", str(key)), _unknown_at_top(str(key))) for key in document if key != "accounts"]
    given = document.get("accounts")
    if not isinstance(given, list) or not given:
        return [], [*problems, Problem("accounts", "write a list of at least one account")]
    accounts: list[Account] = []
    for index, entry in enumerate(given):
        found = _account(entry, directory)
        if isinstance(found, Account):
            accounts.append(found)
        else:
            problems += [Problem(join(f"accounts[{index}]", one.path), one.text) for one in found]
    return accounts, [*problems, *_repeated(given)]


def _unknown_at_top(key: str) -> str:
    if key in Account.model_fields or key in ("defaults", "global"):
        return "unknown key; each account has its own settings"
    return unknown_key(key, ["accounts"])


def _account(entry: object, directory: Path) -> Account | list[Problem]:
    if not isinstance(entry, dict):
        return [Problem("", "write a mapping with vendor, name and the vendor's settings")]
    vendor = VENDORS.get(str(entry.get("vendor")))
    if vendor is None:
        return [_no_vendor(entry)]
    conflicts = {path: Problem(path, text) for path, text in vendor.find_conflicts(entry)}
    odd = {path: Problem(path, text) for path, text in slips(entry, secret_settings(vendor))}
    try:
        account = vendor.model_validate(entry, context={"directory": directory})
    except ValidationError as error:
        found = conflicts | _found(vendor, error) | odd
        return sorted(one for one in found.values() if not _explained(one.path, found))
    if not conflicts and not odd:
        odd = {path: Problem(path, text) for path, text in unusable_secrets(account)}
    return list((conflicts | odd).values()) or account


def _no_vendor(entry: Mapping[str, object]) -> Problem:
    near_keys = difflib.get_close_matches("vendor", entry, n=1)
    if "vendor" not in entry and near_keys:
        return Problem(near_keys[0], unknown_key(near_keys[0], ["vendor"]))
    near = difflib.get_close_matches(str(entry.get("vendor")), VENDORS, n=1)
    return Problem("vendor", f"write one of {', '.join(VENDORS)}" + (f"; did you mean {near[0]}?" if near else ""))


def _explained(path: str, found: Iterable[str]) -> bool:
    """Whether something within this place is wrong too, which is what makes it wrong."""
    return bool(path) and any(other.startswith((f"{path}[", f"{path}.")) for other in found)


def _found(vendor: type[Account], error: ValidationError) -> dict[str, Problem]:
    """Say in our words what pydantic found; where a value may be of several kinds, what it says of each is one."""
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        path, fields = _place(vendor, detail["loc"])
        unknown = detail["type"] == "extra_forbidden"
        text = _unknown(vendor, str(detail["loc"][-1]), fields) if unknown else _said(detail)
        found[path] = Problem(path, f"{found[path].text}, or {text}" if path in found else text)
    return found


def _unknown(vendor: type[Settings], key: str, known: Iterable[str]) -> str:
    """Say that a key is not known there, and where it is if it stands one level deeper."""
    parts = {name: part for name in vendor.model_fields if (part := _part(vendor, name)) and name != "quotas"}
    below = next((name for name, part in parts.items() if key in part.model_fields), None)
    return f"unknown key; write it below {below}" if below else unknown_key(key, known)


def _place(vendor: type[Settings], steps: Iterable[int | str]) -> tuple[str, Iterable[str]]:
    """Return the path of a place, and the keys known there. Below a plain value pydantic names kinds, not places."""
    path = ""
    known: Iterable[str] = ()
    within: type[Settings] | None = vendor
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif within is not None:
            path, known, within = join(path, step), within.model_fields, _part(within, step)
    return path, known


def _part(settings: type[Settings], name: str) -> type[Settings] | None:
    """Return the settings that one of these holds, itself or in a list."""
    field = settings.model_fields.get(name)
    kinds = (field.annotation, *get_args(field.annotation)) if field else ()
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Settings)), None)


def _said(detail: Any) -> str:
    text = _IN_OUR_WORDS.get(detail["type"])
    if text is None:
        return str(detail["msg"]).removeprefix("Value error, ")
    return text.format_map(detail.get("ctx", {})).replace("'", "")


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Say that a key is not known, and which of the known ones it is near to."""
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def _repeated(entries: Iterable[object]) -> Iterator[Problem]:
    seen: dict[tuple[object, object], int] = {}
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            first = seen.setdefault((str(entry.get("vendor")), entry["name"]), index)
            if first != index:
                yield Problem(f"accounts[{index}].name", f"is the name of accounts[{first}] too; unique per vendor")


def as_yaml(config: Config) -> str:
    """Return a configuration as YAML with every default filled in; of a secret it says where it is."""
    accounts = [account.model_dump(mode="json", exclude_none=True) for account in config.accounts]
    return strict_yaml.dump({"accounts": accounts})


class _SchemaGenerator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - none says more than its key
        return False

    def encode_default(self, dft: object) -> Any:
        return write_duration(dft) if isinstance(dft, float) else super().encode_default(dft)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration, for editors."""
    any_account: Any = Annotated[reduce(or_, VENDORS.values()), Field(discriminator="vendor")]
    account = TypeAdapter(any_account).json_schema(schema_generator=_SchemaGenerator)
    definitions: dict[str, Any] = account.pop("$defs", {})
    for vendor in VENDORS.values():
        for name, shown in definitions[vendor.__name__]["properties"].items():
            shown.setdefault("description", description_of(vendor, name))
    return {
        "$schema": SCHEMA_ID,
        "title": "usage-exporter configuration",
        "type": "object",
        "additionalProperties": False,
        "required": ["accounts"],
        "properties": {"accounts": {"type": "array", "minItems": 1, "items": account}},
        "$defs": definitions,
    }
