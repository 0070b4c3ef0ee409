"""Strict YAML for configurations: plain data, no duplicate keys, no accidental numbers or booleans."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.files import read_regular_file

MAX_BYTES: Final = 8 * 1024 * 1024
"""The size of the largest accepted text: enough for a list of a hundred thousand customers."""
_DEEPEST: Final = 32
_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'(?!')|"(?:[^"\\]|\\.)*\"""")
_QUOTE: Final = re.compile(r"""(?:^\s*|- +|: +|[\[{,] *)["']""")
_AFTER_QUOTE: Final = re.compile(rf"\s*(?:- +)?[\w.-]+: +(?:{_QUOTED.pattern}) *[^\s#]")
_OPENED: Final[Mapping[str, str]] = {"while parsing a flow sequence": "[", "while parsing a flow mapping": "{"}
_TEXT: Final = re.compile(r"\s*[^\s#]")
_SECOND_COLON: Final = re.compile(r"\s*(?:- +)?[^\s\"'#][^#]*: .*:$")
_NO_BLANK: Final = re.compile(r"\s*(?:- +)?[A-Za-z_]\w*:[^\s:/]")
_SLIPS_ABOVE: Final = (
    (re.compile(r"\s*-[^\s-]"), "write a space after the dash"),
    (re.compile(r"\s*[\u2013\u2014\u2022*] "), "a list item begins with a plain dash, -"),
    (_NO_BLANK, "write a space after the colon"),
)
_TAG: Final = "tag:yaml.org,2002:"
# 0123, 1_000, 12:30 and yes are text: only unmistakable numbers and booleans are read as such.
_WORDS: Final[Mapping[str, bool | None]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER: Final = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(\.[0-9]{1,18})?")
_PURE: Final = yaml.BaseLoader
_FAST: Final = getattr(yaml, "CBaseLoader", _PURE)
"""libyaml's parser if PyYAML was built with it, or else PyYAML's own parser, which takes seven times as long."""
_LENIENT: Final = re.compile(rb"[\t!?|>\xfe\xff]|\xef\xbb\xbf")
"""Bytes of constructs that libyaml and PyYAML may read differently: tabs, tags, `?`, block texts, byte order marks."""

_Events = Iterator[Any]


class YAMLProblem(Exception):  # noqa: N818 - it is what a person has to fix
    """The reason why a text cannot be read, and the line of the problem, if known."""


def read(path: Path) -> bytes:
    """Return the text of a file. If the file is too large for `load`, return only the beginning.

    Pipes are read only if their path is below /dev, as with /dev/stdin.

    Raises:
        OSError: the file cannot be read.

    """
    if not path.is_relative_to("/dev"):
        return read_regular_file(path, MAX_BYTES + 1)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def load(text: bytes) -> object:
    """Return the document in a text.

    Raises:
        YAMLProblem: the text is not valid YAML, or contains more than plain data.

    """
    if len(text) > MAX_BYTES:
        raise YAMLProblem(f"larger than {MAX_BYTES} bytes")
    try:
        return _loaded(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if slip := _slip(text, error):
            raise YAMLProblem(slip) from None
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YAMLProblem(f"{where}{_translate(error.problem or 'no YAML')}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        raise YAMLProblem("not YAML in UTF-8") from None


def _loaded(text: bytes) -> object:
    """Parse a text with the fast parser. If the fast parser fails, parse the text again with PyYAML's own parser."""
    if _FAST is not _PURE and not _LENIENT.search(text):
        with suppress(yaml.YAMLError, ValueError):
            return _document(yaml.parse(text, _FAST))
    return _document(yaml.parse(text, _PURE))


def _document(events: _Events) -> object:
    """Return the only document in a stream of events. Return None if the stream has no document."""
    next(events)
    if isinstance(next(events), yaml.StreamEndEvent):
        return None
    document = _value(next(events), events, depth=1)
    next(events)
    if isinstance(after := next(events), yaml.DocumentStartEvent):
        raise _problem("but found another document", after.start_mark)
    return document


def _value(event: Any, events: _Events, depth: int) -> object:
    """Return the data that starts at an event. Anchors, aliases and tags are refused."""
    if isinstance(event, yaml.AliasEvent):
        raise _problem("aliases are not supported; write the value out", event.start_mark)
    if event.anchor is not None:
        raise _problem("anchors are not supported; write each value out", event.start_mark)
    if event.tag is not None:
        raise _problem("tags are not supported; write plain values", event.start_mark)
    if depth > _DEEPEST:
        raise _problem(f"nested deeper than {_DEEPEST} levels", event.start_mark)
    if isinstance(event, yaml.ScalarEvent):
        plain, _ = event.implicit
        return _scalar(event.value) if plain else event.value
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_value(item, events, depth + 1))
        return items
    return _mapping(events, depth)


def _mapping(events: _Events, depth: int) -> dict[str, object]:
    entries: dict[str, object] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _value(event, events, depth + 1)
        if not isinstance(key, str):
            raise _problem("a key must be text", event.start_mark)
        if key in entries:
            raise _problem(f"the key {key!r} occurs twice here", event.start_mark)
        entries[key] = _value(next(events), events, depth + 1)
    return entries


def _scalar(text: str) -> str | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if number := _NUMBER.fullmatch(text):
        return float(text) if number[2] else int(text)
    return text


def lines(text: bytes) -> dict[str, int]:
    """Return the line number of each path in a document that `load` accepts. Paths look like `a.b[0].c`.

    The first line has the number 1.
    """
    found: dict[str, int] = {}

    def walk(node: Any, path: str, line: int) -> None:
        found[path] = line
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, f"{path}[{index}]", item.start_mark.line + 1)
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(value, f"{path}.{key.value}" if path else key.value, key.start_mark.line + 1)

    walk(yaml.compose(text, _PURE), "", 1)
    return found


def dump(document: object) -> str:
    """Return a document as YAML text. Keys keep their order, and multi-line texts are in block style."""
    return yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=math.inf)


class _Writer(yaml.SafeDumper):
    """PyYAML's safe dumper, but lists are indented below their key, and nothing is written as an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - never indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the same for every value
        return True


def _written(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return writer.represent_scalar(f"{_TAG}str", text, style="|" if "\n" in text else None)


_Writer.add_representer(str, _written)


def _translate(problem: str) -> str:
    """Return PyYAML's message without quoted text. For the two most common mistakes, return plainer words."""
    if "\\t" in problem:
        return "a tab; indent with spaces"
    if problem.startswith("expected <block end>"):
        return "indented differently from the lines before it"
    return _QUOTED.sub("...", problem) if problem.startswith("found") else problem


def _slip(text: bytes, error: yaml.MarkedYAMLError) -> str:
    """Return the likely mistake in the lines up to the line where the parser stopped. Empty if none is obvious."""
    mark, began, message = error.problem_mark or error.context_mark, error.context_mark, error.problem or ""
    if mark is None:
        return ""
    lines = text.decode(errors="replace").splitlines()[: mark.line + 1]
    for number, line in enumerate(lines, 1):
        if "\u00a0" in line.partition("#")[0]:
            return f"line {number}: a no-break space; write a plain one"
        if _has_open_quote(line):
            return f"line {number}: the quote is not closed"
    if began and (bracket := _OPENED.get(error.context or "")):
        return f"line {began.line + 1}: the {bracket} is not closed, or a comma is missing in it"
    if message.startswith("mapping values are not allowed"):
        return _unexpected_value(lines, mark)
    found = ""
    if message.startswith("could not find expected ':'"):
        missing = (number for number in range(len(lines), 0, -1) if _NO_BLANK.match(lines[number - 1]))
        found = next((f"line {number}: write a space after the colon" for number in missing), "")
    elif lines and _AFTER_QUOTE.match(lines[-1]):
        found = f"line {len(lines)}: text after the closing quote; put all of it between the quotes"
    return found


def _has_open_quote(line: str) -> bool:
    """Whether a value in a line begins with a quote that is not closed in that line."""
    end = 0
    while begun := _QUOTE.search(line, end):
        quoted = _QUOTED.match(line, begun.end() - 1)
        if not quoted:
            return True
        end = quoted.end()
    return False


def _unexpected_value(lines: list[str], mark: yaml.Mark) -> str:
    """Return the likely reason why a key is not allowed at the mark: a mistake in this line or in the line before."""
    here = lines[mark.line] if mark.line < len(lines) else ""
    if _SECOND_COLON.match(here[: mark.column + 1]):
        return f"line {mark.line + 1}: a second colon; put the whole value in quotes"
    above = [(number, line) for number, line in enumerate(lines[: mark.line], 1) if _TEXT.match(line)]
    for number, line in above[-1:]:
        for pattern, advice in _SLIPS_ABOVE:
            if pattern.match(line):
                return f"line {number}: {advice}"
        return f"line {mark.line + 1}: indented deeper than the line before it, which already has a value"
    return ""


def _problem(text: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=mark)
