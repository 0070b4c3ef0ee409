from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporter import strict_yaml
from exporter.strict_yaml import MAX_BYTES, YAMLProblem, load


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0123456", "0123456"),
        ("0x1f", "0x1f"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("+5", "+5"),
        ("9" * 19, "9" * 19),
        ("9" * 5000, "9" * 5000),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("=", "="),
        ("'5'", "5"),
        ('"true"', "true"),
        ("true", True),
        ("false", False),
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_scalar_is_what_it_looks_like_to_everybody(written: str, value: object) -> None:
    document: Any = load(f"key: {written}\n".encode())

    assert document == {"key": value}
    assert type(document["key"]) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' occurs twice here"),
        ("a:\n  - {b: 1, b: 2}\n", "line 2, column 12: the key 'b' occurs twice here"),
        ('a: 1\n"\\x61": 2\n', "line 2, column 1: the key 'a' occurs twice here"),
        ("a: &x 1\nb: *x\n", "line 1, column 4: anchors are not supported; write each value out"),
        ("a: &x [*x]\n", "line 1, column 4: anchors are not supported; write each value out"),
        ("a: *x\n", "line 1, column 4: aliases are not supported; write the value out"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1, column 4: tags are not supported; write plain values"),
        ("a: !!str 5\n", "line 1, column 4: tags are not supported; write plain values"),
        ("!thing {a: 1}\n", "line 1, column 1: tags are not supported; write plain values"),
        ("5: a\n", "line 1, column 1: a key must be text"),
        ("true: a\n", "line 1, column 1: a key must be text"),
        ("? [a]\n: b\n", "line 1, column 3: a key must be text"),
        ("a: " + "[" * 100_000, "line 1, column 35: nested deeper than 32 levels"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: but found another document"),
        ("a: [1\n", "line 1: the [ is not closed, or a comma is missing in it"),
        ("a:\n  b: [1\n  c: 2\n", "line 2: the [ is not closed, or a comma is missing in it"),
        ("a: {b: 1\nc: 2\n", "line 1: the { is not closed, or a comma is missing in it"),
        ("a: {b: 1 c: 2}\n", "line 1: the { is not closed, or a comma is missing in it"),
        ("a: b: c\n", "line 1: a second colon; put the whole value in quotes"),
        ("- a: b\n- c: d e: f\n", "line 2: a second colon; put the whole value in quotes"),
        ("a:\n  -b: 1\n    c: 2\n", "line 2: write a space after the dash"),
        ("a:\n  \u2013 b\n    c: 2\n", "line 2: a list item begins with a plain dash, -"),
        ("a:\n  - b:1\n    c: 2\n", "line 2: write a space after the colon"),
        ("a:\n  - b: 1\n      c: 2\n", "line 3: indented deeper than the line before it, which already has a value"),
        ("a: 'b' c\nd: 1\n", "line 1: text after the closing quote; put all of it between the quotes"),
        ("a: {b: 'c}\nd: 1\n", "line 1: the quote is not closed"),
        ("a: ['b', \"c]\nd: 1\n", "line 1: the quote is not closed"),
        ("a: 'it''s\nb: 'c'\n", "line 1: the quote is not closed"),
        ('a: "b\\"\nb: "c"\n', "line 1: the quote is not closed"),
        ("a: it's\nb: [1\n", "line 2: the [ is not closed, or a comma is missing in it"),
        ("\ta: 1\n", "line 1, column 1: a tab; indent with spaces"),
        (" " * (MAX_BYTES + 1), "larger than 8388608 bytes"),
    ],
)
def test_what_is_more_than_plain_data_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(YAMLProblem) as raised:
        load(text.encode())

    assert str(raised.value) == problem


@pytest.mark.parametrize(
    "text", ["password: !S3cret!word", "password: %S3cret", 'password: "\\S3cret"', "password: @S3cret"]
)
def test_what_stands_where_a_problem_is_is_not_said(text: str) -> None:
    with pytest.raises(YAMLProblem) as raised:
        load(text.encode())

    assert "S3" not in str(raised.value)
    assert str(raised.value).startswith("line 1, column ")


@pytest.mark.parametrize("text", [b"a: \xff\n", b"a: \x00\n", b"\xff\xfea", b"a: \x1b[31m\n"])
def test_bytes_that_are_no_text_are_refused(text: bytes) -> None:
    with pytest.raises(YAMLProblem, match=r"\Anot YAML in UTF-8\Z"):
        load(text)


def test_a_merge_key_is_a_key_like_others() -> None:
    assert load(b"<<: {a: 1}\nb: 2\n") == {"<<": {"a": 1}, "b": 2}


def test_the_largest_text_is_read() -> None:
    assert load(b"a: 1\n" + b"#" * (MAX_BYTES - 5)) == {"a": 1}


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1), inner, max_size=4),
    max_leaves=10,
)


@given(_PLAIN)
def test_plain_data_comes_back_as_it_was_written(document: object) -> None:
    quoted = yaml.dump(document, Dumper=_Plain, default_style=None, allow_unicode=False)

    assert load(quoted.encode()) == document


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the same of every value
        return True


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"%YAML 1.1\n---\na: 1\n")
@example(b"- - - - ? - :")
@example(b'"\\ud800"')
def test_any_bytes_are_a_document_or_a_problem(text: bytes) -> None:
    read: Any
    try:
        read = load(text)
    except YAMLProblem as problem:
        read = str(problem)
        problem_shown = read.isprintable()
    else:
        problem_shown = True

    assert problem_shown
    assert isinstance(read, str | int | float | bool | list | dict | None)


def outcome(text: bytes) -> str:
    try:
        return repr(load(text))
    except YAMLProblem as problem:
        return str(problem)


_PIECES = (
    *("a", "b", "5", "-0", "1.5", "true", "null", "~", ": ", ":", "- ", "-", "? ", "?", ", ", "[", "]", "{", "}"),
    *(" ", "  ", "\n", "\n  ", "\r\n", "\t", "#", " # ", "'", '"', "\\", "\\x41", "|", ">", "|2", "|-\n", "%", "---\n"),
    *("...\n", "!", "!x ", "&a ", "*a", "<<", "=", "@", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600", "é"),
    *("a: b\n", "- c\n", "{a: b}", "[1, b?0]", "k: 'v'\n", 'k: "v"\n', "http://a/b?c#d", "a: |#\n"),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map(lambda pieces: "".join(pieces).encode()))
@example(b"a: b\n  c\td\n \t e\n")
@example(b"a: ! 5\n")
@example(b"a: [b?0]\n")
@example(b"a: |#x\n  y\n")
@example(b"a: >#x\n  y\n")
@example(b"a: b\n\xef\xbb\xbf")
@example(b"\xff\xfe\xff\xfea\x00")
@example(b"\xfe\xff\xfe\xff\x00a")
def test_a_text_is_read_the_same_where_libyaml_is_missing(text: bytes) -> None:
    with_it = outcome(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_yaml, "_FAST", yaml.BaseLoader)
        without = outcome(text)

    assert with_it == without


def test_libyaml_reads_what_is_well() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_yaml, "_PURE", None)
        assert load(b"a: 1\nb: [c, 'd']\n") == {"a": 1, "b": ["c", "d"]}
