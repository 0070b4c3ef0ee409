"""Faults of the answer: another status, another body, or the vendor's own document with changes."""

import gzip
import json
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from exporter.sandbox.faults_call import Call, FaultyResponse

_HTML = b"<!doctype html><title>503</title><p>Down for maintenance, please come back later.</p>\n"
_MEBIBYTE = bytes(1 << 20)
_RAW = "a place for raw JSON"
_MILLION = 1_000_000
_UNTOUCHED = re.compile(r"[0-9].*|[0-9a-f-]{36}")
"""Patterns of texts that are not names: numbers, dates and ids."""

TEXTS = {
    "newline": "two\nlines",
    "quotes": 'a "quoted" word',
    "backslash": "back\\slash",
    "nul": "nul\0within",
    "control": "bell\x07 and escape\x1b[31m",
    "surrogate": "lone\ud800surrogate",
    "rtl": "\u202eright to left",
    "unicode": "Zoë e\u0301 日本 \U0001f600",
    "long": "x" * _MILLION,
}
"""The texts that the fault `labels` puts into names."""


async def status(call: Call) -> None:
    """Answer with the given status instead of the vendor's answer."""
    code, given = call.given["value"], call.given
    now = time.time() + given["skew"]
    answer = FaultyResponse(code).with_headers(("date", formatdate(now, usegmt=True)))
    if given["retry-after"] is not None:
        answer = answer.with_headers(("retry-after", given["retry-after"]))
    if given["retry-at"] is not None:
        answer = answer.with_headers(("retry-after", formatdate(now + given["retry-at"], usegmt=True)))
    if code not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        answer = answer.with_body(json.dumps({"message": "a fault on demand"}).encode())
    await call.answer(answer)


async def redirect(call: Call) -> None:
    """Redirect the client to the given URL."""
    await call.answer(FaultyResponse(call.given["code"]).with_headers(("location", call.given["value"])).with_body(b""))


async def skew(call: Call) -> None:
    """Answer normally, with the given number of seconds added to the date."""
    date = formatdate(time.time() + call.given["value"], usegmt=True)
    await call.answer((await call.ask_vendor()).with_headers(("date", date)))


async def truncate(call: Call) -> None:
    """Answer with half of the document as if it were complete."""
    answer = await call.ask_vendor()
    await call.answer(answer.with_body(answer.body[: len(answer.body) // 2]))


async def html(call: Call) -> None:
    """Answer with a web page and status 200."""
    await call.answer(FaultyResponse(200).with_body(_HTML, "text/html; charset=utf-8"))


async def empty(call: Call) -> None:
    """Answer with an empty body and status 200."""
    await call.answer(FaultyResponse(200).with_body(b""))


async def bom(call: Call) -> None:
    """Begin the document with a byte order mark."""
    answer = await call.ask_vendor()
    await call.answer(answer.with_body(b"\xef\xbb\xbf" + answer.body))


async def latin_1(call: Call) -> None:
    """Add a letter in Latin-1 to the document."""
    answer = await call.ask_vendor()
    await call.answer(answer.with_body(answer.body.replace(b'"', b'"\xe9', 1), "application/json; charset=iso-8859-1"))


async def huge(call: Call) -> None:
    """Answer normally, but put the given number of MiB of spaces before the document."""
    answer = await call.ask_vendor()
    length = call.given["value"] * len(_MEBIBYTE) + len(answer.body)
    await call.begin(answer.with_headers(("content-length", str(length))))
    for _ in range(call.given["value"]):
        await call.go_on(b" " * len(_MEBIBYTE))
    await call.go_on(answer.body, more=False)


async def gzip_bomb(call: Call) -> None:
    """Answer with a small body that decompresses to the given number of MiB."""
    packer = zlib.compressobj(level=9, wbits=31)
    await call.begin(FaultyResponse(200).with_headers(("content-encoding", "gzip")))
    for _ in range(call.given["value"]):
        await call.go_on(packer.compress(_MEBIBYTE))
    await call.go_on(packer.flush(), more=False)


async def gzip_twice(call: Call) -> None:
    """Answer with the document compressed twice."""
    answer = await call.ask_vendor()
    compressed = gzip.compress(gzip.compress(answer.body))
    await call.answer(answer.with_body(compressed).with_headers(("content-encoding", "gzip, gzip")))


async def wrong_top(call: Call) -> None:
    """Answer with the document inside a JSON string."""
    answer = await call.ask_vendor()
    await call.answer(answer.with_body(json.dumps(answer.body.decode()).encode()))


async def wrong_types(call: Call) -> None:
    """Change the types of fields: text becomes a list, a number becomes text, true or false becomes an object."""

    def other(value: Any) -> Any:
        if isinstance(value, bool):
            return {"flag": value}
        return [value] if isinstance(value, str) else "a lot"  # also instead of a list or an object

    await _answer_changed(call, other)


async def nulls(call: Call) -> None:
    """Set fields to null."""
    await _answer_changed(call, lambda _: None)


async def missing(call: Call) -> None:
    """Leave fields out."""
    await _answer_changed(call, None)


async def values(call: Call) -> None:
    """Replace the values of fields with the given text, which need not be JSON."""
    raw: str = call.given["value"]
    await _answer_changed(call, lambda _: _RAW, lambda text: text.replace(json.dumps(_RAW), raw))


async def labels(call: Call) -> None:
    """In fields that hold names, append a text that is hard to display."""
    text = TEXTS[call.given["value"]]

    def named(value: Any) -> Any:
        return f"{value} {text}" if isinstance(value, str) and not _UNTOUCHED.fullmatch(value) else value

    await _answer_changed(call, named)


async def rows(call: Call) -> None:
    """Answer with the given number of rows. Added rows are copies of real rows, except for one field."""
    answer, wanted, field = await call.ask_vendor(), call.given["value"], call.given["field"]
    document = json.loads(answer.body)

    def stretched(value: Any) -> Any:
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            return value
        added = (
            {**value[number % len(value)], field: _another(value[number % len(value)].get(field), number)}
            for number in range(len(value), wanted)
        )
        return [*value[:wanted], *added]

    if isinstance(document, dict):
        document = {name: stretched(value) for name, value in document.items()}
    await call.answer(answer.with_body(json.dumps(stretched(document)).encode()))


def _another(value: Any, number: int) -> Any:
    return value + 10_000_000 + number if isinstance(value, int) else f"{value}-{number}"


async def _answer_changed(
    call: Call, change: Callable[[Any], Any] | None, finish: Callable[[str], str] = lambda text: text
) -> None:
    """Answer with the document after changing fields. If `change` is None, the fields are removed instead.

    The option `field` names the fields, and the option `at-most` limits how many fields are changed. A pattern matches
    only fields that hold a number, a text, true or false. A complete name also matches fields that hold null, a list
    or an object.
    """
    answer, most = await call.ask_vendor(), call.given["at-most"]
    patterns = call.given["field"].split(",")
    left = float("inf") if most is None else most

    def walked(value: Any) -> Any:
        if isinstance(value, list):
            return [walked(one) for one in value]
        return dict(entries(value)) if isinstance(value, dict) else value

    def entries(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        nonlocal left
        for name, value in given.items():
            if left > 0 and (name in patterns or (_is_figure(value) and _matches(name, patterns))):
                left -= 1
                if change:
                    yield name, change(value)
            else:
                yield name, walked(value)

    changed = walked(json.loads(answer.body))
    await call.answer(answer.with_body(finish(json.dumps(changed)).encode()))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_figure(value: object) -> bool:
    return value is not None and not isinstance(value, list | dict)
