"""The JSON of a vendor's answer: what is decoded, what is refused, and that no answer is shown."""

import sys
from typing import Any

import pytest

from exporter.client.body import LARGE_BODY_BYTES, decode_json
from exporter.errors import Undecodable


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"null", None),
        (b' {"a": [1, 2.5, "x", true]}\n', {"a": [1, 2.5, "x", True]}),
        ('"é\\u00e9"'.encode(), "éé"),
        (b"12345678901234567890123", 12345678901234567890123),
        (b'{"a": 1, "a": 1.0}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": "\xef\xbb\xbf"}', {"a": "\ufeff"}),
        (
            b'{"a\\uDC00": ["\\ud800", "\\\\ud800", "\\ud83d\\ude00", 1]}',
            {"a\ufffd": ["\ufffd", "\\ud800", "\U0001f600", 1]},
        ),
    ],
)
def test_json_is_decoded(body: bytes, document: object) -> None:
    assert decode_json(body, "text/plain") == document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>",
        b'{"a": 1',
        b'{"a": 1} x',
        b"{'a': 1}",
        b"NaN",
        b"-Infinity",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"{}\xef\xbb\xbf",
        b'"\xe9"',
        b'"\\ud800',
        b'["\\ud800", NaN]',
        b'"\\ud800"' + b"[" * 100_000,
        "{}".encode("utf-16"),
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_what_is_no_json_is_told_apart_without_being_shown(body: bytes) -> None:
    with pytest.raises(Undecodable) as caught:
        decode_json(body, "text/html; charset=utf-8")

    kind, size, digest = str(caught.value).split(", ")
    assert (kind, size) == ("not JSON: called HTML", f"{len(body)} bytes")
    assert digest.startswith("sha256 ")


@pytest.mark.parametrize(
    "body", [b'{"a": 1, "a": 2}', b'[{"b": {"a": [], "c": 1, "a": [1]}}]', b'{"a": 1, "\\u0061": null}']
)
def test_an_object_that_contradicts_itself_is_refused(body: bytes) -> None:
    with pytest.raises(Undecodable, match="has a key twice, with different values"):
        decode_json(body, "application/json")


@pytest.mark.parametrize(
    ("content_type", "said"),
    [
        ("", "no content type"),
        ("Application/JSON; charset=utf-8", "called JSON"),
        ("text/html", "called HTML"),
        ("Bearer canary", "of another content type"),
        ("x" * 10_000, "of another content type"),
    ],
)
def test_a_content_type_is_told_by_its_kind_and_never_repeated(content_type: str, said: str) -> None:
    with pytest.raises(Undecodable, match=f"^not JSON: {said}, 1 bytes, sha256 [0-9a-f]{{12}}$"):
        decode_json(b"<", content_type)


@pytest.mark.parametrize(
    "end",
    [
        b"null",
        b'{"a": [1, 2.5, "x", true], "a": {"b": -0.0}}',
        '"é\\u00e9"'.encode(),
        b"12345678901234567890123",
        b'["\\ud800", {"a\\udc00": 1}]',
        b"1e400",
        b"9" * 10_000,
        b"NaN",
        b"-Infinity",
        b"{'a': 1}",
        b'{"a": 1',
        b'"\xe9"',
        b'"\t"',
        b"] x [",
        b"[" * 100_000,
    ],
)
def test_a_large_body_is_decoded_like_a_small_one(end: bytes) -> None:
    def outcome(padding: int) -> str:
        document: Any
        try:
            document = decode_json(b'["' + b"x" * padding + b'",' + end + b"]", "text/plain")
        except Undecodable:
            return "undecodable"
        assert document[0] == "x" * padding
        return repr(document[1:])

    assert outcome(LARGE_BODY_BYTES) == outcome(1)


def test_the_parser_calls_back_at_each_object_so_that_other_threads_can_run() -> None:
    objects = 100
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        decode_json(b"[" + b",".join([b"{}"] * objects) + b"]", "")
    finally:
        sys.setprofile(None)

    assert len(calls) > objects
