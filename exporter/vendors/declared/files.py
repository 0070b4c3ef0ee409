"""Reads, checks and compiles the files that declare vendors. Files with the same content are compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from exporter import strict_yaml
from exporter.files import read_regular_file
from exporter.problems import Problem
from exporter.vendors.account import Account
from exporter.vendors.declared.account import DeclaredAccount
from exporter.vendors.declared.compiled import compiled
from exporter.vendors.declared.conflicts import problems
from exporter.vendors.declared.document import Document
from exporter.vendors.declared.matching import MOST_FILES, vendor_files
from exporter.vendors.settings.problems import SchemaGenerator, settings_problems

_MAX_BYTES: Final = 1024 * 1024
_SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"


class DeclarationError(Exception):
    """A file is not a valid declaration. The list `problems` has all problems with the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def declared_vendors(
    patterns: object, directory: Path, taken: Mapping[str, type[Account]]
) -> tuple[dict[str, type[Account]], list[Problem]]:
    """Return the vendors that files declare, by name, and every problem with the files.

    Args:
        patterns: the value of `vendor_files` in the configuration.
        directory: the folder that relative patterns start from.
        taken: the vendors that do not come from files, by name.

    """
    files, found = vendor_files(patterns, directory)
    vendors: dict[str, type[Account]] = {}
    families = {family.name: name for name, vendor in taken.items() for family in vendor.reported}
    for file in files:
        try:
            name, vendor = read_vendor(file)
        except DeclarationError as error:
            found += error.problems
            continue
        if name in taken or name in vendors:
            found.append(
                Problem(str(file), f"the vendor {name} is {'built in' if name in taken else 'declared twice'}")
            )
            continue
        for family in vendor.reported:
            if (other := families.setdefault(family.name, name)) != name:
                found.append(Problem(str(file), f"{family.name} is a metric of the vendor {other} too"))
        vendors[name] = vendor
    return vendors, found


def read_vendor(file: Path) -> tuple[str, type[DeclaredAccount]]:
    """Return the name and the account class of the vendor that a file declares.

    Raises:
        DeclarationError: the file is not a valid declaration.

    """
    try:
        text = read_regular_file(file, _MAX_BYTES + 1)
    except OSError as error:
        raise DeclarationError([Problem(str(file), f"cannot be read: {error.strerror}")]) from None
    if len(text) > _MAX_BYTES:
        raise DeclarationError([Problem(str(file), f"larger than {_MAX_BYTES} bytes")])
    try:
        return _vendor(text)
    except strict_yaml.YAMLProblem as problem:
        raise DeclarationError([Problem(str(file), str(problem))]) from None
    except DeclarationError as error:
        raise DeclarationError([Problem(f"{file}:{one.path}", one.text) for one in error.problems]) from None


@lru_cache(maxsize=MOST_FILES)
def _vendor(text: bytes) -> tuple[str, type[DeclaredAccount]]:
    """Return a vendor's name and class. The same text gives the same class, so accounts stay equal across a reload."""
    given = strict_yaml.load(text)
    if not isinstance(given, dict):
        raise DeclarationError([Problem("1", "write a mapping with vendor, title, base_url, auth and requests")])
    try:
        document = Document.model_validate(given)
    except ValidationError as error:
        raise DeclarationError(list(_with_lines(text, settings_problems(Document, error, {})))) from None
    if found := [Problem(path, text) for path, text in problems(document)]:
        raise DeclarationError(list(_with_lines(text, sorted(found))))
    return document.vendor, compiled(document)


def _with_lines(text: bytes, found: list[Problem]) -> Iterator[Problem]:
    """Yield problems with line numbers, sorted by line. A missing key has the line of the enclosing key."""
    lines = strict_yaml.lines(text)

    def line_of(path: str) -> int:
        while path and path not in lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return lines.get(path, 1)

    for line, one in sorted((line_of(one.path), one) for one in found):
        yield Problem(f"{line}: {one.path}" if one.path else f"{line}", one.text)


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema of vendors' files, for use in editors."""
    schema = TypeAdapter(Document).json_schema(schema_generator=SchemaGenerator)
    return {"$schema": _SCHEMA_ID, "title": "usage-exporter vendor", **schema}
