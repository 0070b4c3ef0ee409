"""The table of all kinds of fault: the name, the function, the value and the options of each kind."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

from exporter.sandbox import faults_body as body
from exporter.sandbox import faults_credentials as credentials
from exporter.sandbox import faults_wire as wire
from exporter.sandbox.faults_kind import Kind, Word, read_count, read_seconds, read_shift
from exporter.sandbox.vendors import SIMULATIONS

_LOWEST_STATUS = 200


def _status(text: str) -> int:
    known = {str(int(one)) for one in HTTPStatus if one >= _LOWEST_STATUS}
    if text not in known:
        raise ValueError("write a status of HTTP from 200, such as 503")
    return int(text)


def _text(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("write visible ASCII characters")
    return text


def _url(text: str) -> str:
    if not urlsplit(_text(text)).netloc:
        raise ValueError("write a URL, such as http://127.0.0.1:1/")
    return text


def _label(text: str) -> str:
    if text not in body.TEXTS:
        raise ValueError(f"write one of: {', '.join(body.TEXTS)}")
    return text


_MOST_FIELDS = Word("COUNT", read_count)
_NAMES = "*name,*type,*Desc,location,slug"
_PAUSE = 0.1


def _fields(default: str | None) -> dict[str, Word]:
    return {"field": Word("NAMES", _text, default, needed=default is None), "at-most": _MOST_FIELDS}


def _mebibytes(default: int) -> Word:
    return Word("MIB", read_count, default)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "refuse": Kind(wire.refuse),
        "hang": Kind(wire.hang, Word("SECONDS", read_seconds)),
        "drip": Kind(wire.drip, Word("SECONDS", read_seconds, _PAUSE)),
        "cut": Kind(wire.cut),
        "reset": Kind(wire.reset),
        "garbage": Kind(wire.garbage),
        "long-header": Kind(wire.long_header, Word("BYTES", read_count, 500_000)),
        "endless": Kind(wire.endless),
        "huge": Kind(body.huge, _mebibytes(64)),
        "gzip-bomb": Kind(body.gzip_bomb, _mebibytes(256)),
        "gzip-twice": Kind(body.gzip_twice),
        "truncate": Kind(body.truncate),
        "html": Kind(body.html),
        "empty": Kind(body.empty),
        "bom": Kind(body.bom),
        "latin-1": Kind(body.latin_1),
        "wrong-top": Kind(body.wrong_top),
        "wrong-types": Kind(body.wrong_types, options=_fields("*")),
        "nulls": Kind(body.nulls, options=_fields("*")),
        "missing": Kind(body.missing, options=_fields("*")),
        "set": Kind(body.values, Word("JSON", str, needed=True), _fields(None)),
        "labels": Kind(body.labels, Word("KIND", _label, needed=True), _fields(_NAMES)),
        "rows": Kind(body.rows, Word("COUNT", read_count, needed=True), {"field": Word("NAME", _text, "id")}),
        "status": Kind(
            body.status,
            Word("CODE", _status, needed=True),
            {
                "retry-after": Word("TEXT", _text),
                "retry-at": Word("SECONDS", read_shift),
                "skew": Word("SECONDS", read_shift, 0),
            },
        ),
        "redirect": Kind(body.redirect, Word("URL", _url, needed=True), {"code": Word("CODE", _status, 302)}),
        "skew": Kind(body.skew, Word("SECONDS", read_shift, needed=True)),
        "revoke": Kind(credentials.revoke),
        "expired": Kind(credentials.expired),
        **{name: kind for one in SIMULATIONS.values() for name, kind in one.faults.items()},
    }
)
"""Every kind of fault."""


def usage() -> list[tuple[str, str]]:
    """Return the syntax and the meaning of each kind of fault."""
    return [(_usage(name, kind), kind.meaning + _default(kind)) for name, kind in KINDS.items()]


def _default(kind: Kind) -> str:
    default = kind.value.default if kind.value else None
    return "" if default is None else f" By default {default}."


def _usage(name: str, kind: Kind) -> str:
    def optional(text: str, word: Word) -> str:
        return text if word.needed else f"[{text}]"

    value = optional(f"={kind.value.name}", kind.value) if kind.value else ""
    return name + value + "".join(optional(f";{one}={word.name}", word) for one, word in kind.options.items())
