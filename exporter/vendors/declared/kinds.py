"""The value types of a vendor's file: names, paths, headers. Each error message says what to write."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, PlainValidator

from exporter.vendors.names import read_label, read_metric, read_vendor
from exporter.vendors.settings.types import Url, is_insecure, json_schema

_PATH: Final = re.compile(r"\^{0,3}[^\s.^{}\[\]][^.^{}\[\]]{0,99}(\.[^.^{}\[\]]{1,100}){0,7}")
_RESERVED_HEADERS: Final = frozenset(
    {
        "authorization",
        "connection",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
_LONGEST_TEXT: Final = 500


def _header(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,62}", value):
        raise ValueError("write a header's name of letters, digits and -, such as X-Api-Key")
    if value.lower() in _RESERVED_HEADERS or value.lower().startswith(("proxy-", "content-", "accept")):
        raise ValueError("is a header with another meaning; write the one that the vendor documents for its key")
    return value


def _path(value: object) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise ValueError("write a path: names separated by dots, after one ^ for each outer row")
    return value


def _label_value(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"\{[a-z0-9_]+\}", value):
        return value
    return _path(value)


def _request_path(value: object) -> str:
    example = "write a path below base_url that begins with one /, without ?, such as /v1/usage"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or set(value) & set(" ?#\\%"):
        raise ValueError(example)
    if not value.startswith("/") or "//" in value or any(part in (".", "..") for part in value.split("/")):
        raise ValueError(example)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= _LONGEST_TEXT:
        raise ValueError(f"write text of up to {_LONGEST_TEXT} visible characters on one line")
    return value


def _scalar(value: object) -> str | int | float | bool:
    if not isinstance(value, str | int | float):
        raise ValueError("write text, a number, true or false")  # noqa: TRY004 - pydantic collects ValueError only
    return value


def _secure(value: str) -> str:
    if is_insecure(value):
        raise ValueError("write https: credentials could be read in transit")
    if set("{}") & set(value):
        raise ValueError("braces are not allowed here; an account can set base_url itself")
    return value


Vendor = Annotated[
    str, PlainValidator(read_vendor), json_schema("name", type="string", pattern="^[a-z][a-z0-9_]{0,39}$")
]
Metric = Annotated[str, PlainValidator(read_metric), json_schema("metric", type="string", pattern="^[a-z][a-z0-9_]*$")]
Label = Annotated[str, PlainValidator(read_label), json_schema("label", type="string")]
Path = Annotated[str, PlainValidator(_path), json_schema("path", type="string")]
"""The path of a value within a row: names separated by dots. Each leading `^` goes up to the enclosing row."""
LabelValue = Annotated[str, PlainValidator(_label_value), json_schema("path, or {setting}", type="string")]
HeaderName = Annotated[
    str, PlainValidator(_header), json_schema("header", type="string", pattern="^[A-Za-z][A-Za-z0-9-]*$")
]
RequestPath = Annotated[str, PlainValidator(_request_path), json_schema("path of a URL", type="string", pattern="^/")]
Text = Annotated[str, PlainValidator(_text), json_schema("text", type="string", minLength=1, maxLength=_LONGEST_TEXT)]
Scalar = Annotated[
    str | int | float | bool,
    PlainValidator(_scalar),
    json_schema("text, number or flag", anyOf=[{"type": "string"}, {"type": "number"}, {"type": "boolean"}]),
]
SecureUrl = Annotated[Url, AfterValidator(_secure)]
