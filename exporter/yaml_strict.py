"""YAML as a configuration should be read: plain data, no duplicate keys, no numbers that nobody meant."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

MAX_BYTES: Final = 1024 * 1024
_DEEPEST: Final = 32
_QUOTED: Final = re.compile("'[^']*'|\"[^\"]*\"")
_TAG: Final = "tag:yaml.org,2002:"


class YAMLProblem(Exception):  # noqa: N818 - it is what a person has to mend
    """What keeps a text from being read; says the line."""


class _StrictLoader(yaml.SafeLoader):
    """The safe loader with the scalars of YAML 1.2, and without anchors, merge keys and tags."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own form
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped there
        if isinstance(event, yaml.AliasEvent):
            raise _problem("an alias is not read here; write the value out", event.start_mark)
        if getattr(event, "anchor", None) is not None:
            raise _problem("an anchor is not read here; write each value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _problem("a tag is not read here; write plain values", event.start_mark)
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _problem(f"nested deeper than {_DEEPEST} levels", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _problem("a key must be text", key_node.start_mark)
            if key in seen:
                raise _problem(f"the key {key!r} stands here twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# 0123 and 1_000 and 12:30 and yes are text: what looks like a number or a boolean to everybody is one.
for _kind, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"-?(0|[1-9][0-9]{0,17})", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", list("-0123456789")),
):
    _StrictLoader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_pattern})$"), _first)


def read(path: Path) -> bytes:
    """Return the text of a file for `load`, of one that is too large only enough to tell.

    Raises:
        OSError: it cannot be read.

    """
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def load(text: bytes) -> object:
    """Return the document that a text is.

    Raises:
        YAMLProblem: it is none, or more than plain data.

    """
    if len(text) > MAX_BYTES:
        raise YAMLProblem(f"larger than {MAX_BYTES} bytes")
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader, made stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YAMLProblem(f"{where}{_said(error.problem or 'no YAML')}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        raise YAMLProblem("no YAML in UTF-8") from None


def dump(document: object) -> str:
    """Return the text of a document: keys in their order, text of several lines as it stands."""
    return yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=math.inf)


class _Writer(yaml.SafeDumper):
    """The safe dumper, with lists indented below their key and text of several lines in block style."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - never indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the same of every value
        return True


def _written(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return writer.represent_scalar(f"{_TAG}str", text, style="|" if "\n" in text else None)


_Writer.add_representer(str, _written)


def _said(problem: str) -> str:
    """Say what PyYAML says, without what it found there, and of the two commonest slips as a person would."""
    if "\\t" in problem:
        return "a tab; indent with spaces"
    if problem.startswith("expected <block end>"):
        return "indented in another way than the lines before it"
    return _QUOTED.sub("...", problem) if problem.startswith("found") else problem


def _problem(text: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=mark)
