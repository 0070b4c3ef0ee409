"""The closed table of faults: what each is called, what it does, and what may be said with it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from exporter.sandbox import faults_body as body
from exporter.sandbox import faults_vendor as vendor
from exporter.sandbox import faults_wire as wire
from exporter.sandbox.faults_call import Call

_LONGEST_SECONDS = 1e9
_MOST = 10_000_000
_LOWEST_STATUS = 200


@dataclass(frozen=True, slots=True)
class Word:
    """What may stand after an `=`: how it is called and read, and what holds where it is not said.

    `read` raises `ValueError` with what to write instead.
    """

    name: str
    read: Callable[[str], Any]
    default: Any = None
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault; the first line of what its `act` says of itself is its meaning."""

    act: Callable[[Call], Awaitable[None]]
    value: Word | None = None
    options: Mapping[str, Word] = field(default_factory=dict)

    @property
    def meaning(self) -> str:
        """What it does, as a sentence."""
        return (self.act.__doc__ or "").partition("\n")[0]

    def read(self, value: str | None, options: Mapping[str, str]) -> dict[str, Any]:
        """Return what a call is told of the fault: its value and its options, those not said by default.

        Raises:
            ValueError: they are none of this kind; the text says what to write.

        """
        if value is not None and self.value is None:
            raise ValueError("nothing may stand after its name but options")
        if unknown := sorted(options.keys() - self.options.keys()):
            known = ", ".join([*self.options, "times"])
            raise ValueError(f"no option {unknown[0]}, write one of: {known}")
        said = {"value": value, **options}
        words = {**({"value": self.value} if self.value else {}), **self.options}
        return {name: _read(name, word, said.get(name)) for name, word in words.items()}


def _read(name: str, word: Word, said: str | None) -> Any:
    if said is None and word.needed:
        raise ValueError(f"write ={word.name} after its name" if name == "value" else f"write ;{name}={word.name} too")
    if said is None:
        return word.default
    try:
        return word.read(said)
    except ValueError as error:
        raise ValueError(f"{name} {said[:40]!r}: {error}") from None


def _seconds(text: str) -> float:
    return _number(float, text, "seconds", 0)


def _shift(text: str) -> float:
    return _number(float, text, "seconds, negative for the past", -_LONGEST_SECONDS)


def read_count(text: str) -> int:
    """Return a whole number from 1."""
    return int(_number(int, text, "a whole number from 1", 1))


def _number(kind: type[float], text: str, expected: str, least: float) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = least - 1
    if not least <= number <= max(_LONGEST_SECONDS, _MOST):
        raise ValueError(f"write {expected}")
    return number


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
        "hang": Kind(wire.hang, Word("SECONDS", _seconds)),
        "drip": Kind(wire.drip, Word("SECONDS", _seconds, _PAUSE)),
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
                "retry-at": Word("SECONDS", _shift),
                "skew": Word("SECONDS", _shift, 0),
            },
        ),
        "redirect": Kind(body.redirect, Word("URL", _url, needed=True), {"code": Word("CODE", _status, 302)}),
        "skew": Kind(body.skew, Word("SECONDS", _shift, needed=True)),
        "revoke": Kind(vendor.revoke),
        "expired": Kind(vendor.expired),
        "customers": Kind(vendor.customers, Word("COUNT", read_count, needed=True)),
        "endless-pages": Kind(vendor.endless_pages),
        "repeating-pages": Kind(vendor.repeating_pages),
    }
)
"""Every fault there is."""


def usage() -> list[tuple[str, str]]:
    """Return of each kind how it is written, and what it does."""
    return [(_usage(name, kind), kind.meaning + _default(kind)) for name, kind in KINDS.items()]


def _default(kind: Kind) -> str:
    default = kind.value.default if kind.value else None
    return "" if default is None else f" By default {default}."


def _usage(name: str, kind: Kind) -> str:
    def optional(text: str, word: Word) -> str:
        return text if word.needed else f"[{text}]"

    value = optional(f"={kind.value.name}", kind.value) if kind.value else ""
    return name + value + "".join(optional(f";{one}={word.name}", word) for one, word in kind.options.items())
