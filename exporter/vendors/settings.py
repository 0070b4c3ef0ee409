"""The kinds of value that a setting can have: durations, rates, URLs, secrets, identifiers in a path.

Each says in its error what would be right, and never what was given: it might
be a secret on the wrong line.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from exporter.errors import SecretUnreadable
from exporter.pacing import Rate
from exporter.secret import EnvironmentSecret, FileSecret, Secret, secret_reference
from exporter.vendors.protocol import usable_segment

_UNITS: Final = {
    "y": 31_536_000.0,
    "w": 604_800.0,
    "d": 86_400.0,
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 0.001,
}
_DURATION: Final = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS))
_DURATION_PATTERN: Final = "^(?=.)" + "".join(f"([0-9]+{unit})?" for unit in _UNITS) + "$"
_RATE: Final = re.compile(r"([0-9]{1,9})/([0-9a-z]+)")
_LONGEST_ID: Final = 256
_CONTRACT: Final = re.compile("[0-9]{5,10}")
_UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Settings(BaseModel):
    """A part of the configuration: unknown keys are errors, and nothing of it is printed in one."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def read_duration(text: object) -> float:
    """Return the seconds of a Prometheus duration, such as `5m` or `1h30m`.

    Raises:
        ValueError: it is none.

    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not match[0]:
        raise ValueError("write a duration with its unit, such as 30s, 5m, 1h or 1h30m")
    counts = zip(match.groups(), _UNITS.values(), strict=True)
    return sum(int(count) * seconds for count, seconds in counts if count)


def write_duration(seconds: float) -> str:
    """Return seconds as a Prometheus duration, the inverse of `read_duration`."""
    rest, parts = round(seconds * 1000), []
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, round(length * 1000))
        parts += [f"{count}{unit}"] if count and unit not in ("y", "w") else []
        rest += count * round(length * 1000) if unit in ("y", "w") else 0
    return "".join(parts) or "0s"


def read_rate(text: object) -> Rate:
    """Return a rate written as requests per duration, such as `800/1m`.

    Raises:
        ValueError: it is none.

    """
    match = _RATE.fullmatch(text) if isinstance(text, str) else None
    if match is None or not int(match[1]):
        raise ValueError("write requests per duration, such as 800/1m")
    seconds = read_duration(match[2])
    if not seconds:
        raise ValueError("write a duration longer than nothing, such as 800/1m")
    return Rate(int(match[1]), seconds)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _positive(seconds: float) -> float:
    if not 1 <= seconds <= _UNITS["y"]:
        raise ValueError("must be from 1s to 365d")
    return seconds


def _url(value: object) -> str:
    example = "write a URL such as https://api.example.com/v1"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(example)
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(example) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(example)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; credentials have settings of their own")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or a fragment")
    return value.rstrip("/")


def _from_environment(value: object) -> Secret:
    reference = secret_reference(value) if isinstance(value, str) else None
    if reference is None:
        raise ValueError(
            "write ${NAME} of an environment variable, or use the ..._file setting; a secret does not stand here"
        )
    return _present(reference)


def _from_file(value: object, info: ValidationInfo) -> Secret:
    if not isinstance(value, str) or not value:
        raise ValueError("write the path of a file that holds the secret")
    directory: Path = (info.context or {}).get("directory", Path())
    return _present(FileSecret(directory / value))


def _present(secret: EnvironmentSecret | FileSecret) -> Secret:
    try:
        secret.read()
    except SecretUnreadable as error:
        raise ValueError(str(error)) from None
    return secret


def _authorities(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("write the path of a file")
    directory: Path = (info.context or {}).get("directory", Path())
    path = directory / value
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"{path} is no PEM file of certificates ({error.strerror or 'unreadable'})") from None
    return path


def _identifier(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not usable_segment(text) or len(text) > _LONGEST_ID:
        raise ValueError("write an identifier: up to 256 visible characters, and not . or ..")
    return text


def _shown(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _contract_number(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _CONTRACT.fullmatch(text):
        raise ValueError("write a contract number: 5 to 10 digits")
    return text


def _data_center(value: object) -> str:
    text = "null" if value is None else value
    if not isinstance(text, str) or not (text == "null" or _UUID.fullmatch(text)):
        raise ValueError("write the UUID of a data centre, or null")
    return text.lower()


def _uuid(value: object) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("write a UUID, such as 6f1c4c1e-5d55-4f0a-9a53-0c4b6fa7d0c1")
    return value.lower()


def _pattern(value: object) -> str:
    try:
        re.compile(value if isinstance(value, str) else "(")
    except re.error:
        raise ValueError("write a regular expression; it has to match the whole") from None
    return str(value)


Duration = Annotated[
    float,
    BeforeValidator(read_duration),
    AfterValidator(_positive),
    _shown(type="string", pattern=_DURATION_PATTERN),
]
"""Seconds, written as a Prometheus duration, from `1s` to `365d`."""
RateLimit = Annotated[Rate, PlainValidator(read_rate), _shown(type="string", pattern="^[0-9]+/[0-9a-z]+$")]
"""Requests per duration, such as `800/1m`."""
Url = Annotated[str, PlainValidator(_url), _shown(type="string", format="uri", pattern="^https?://")]
"""An http or https URL without credentials, query or fragment; a slash at its end is dropped."""
SecretFromEnvironment = Annotated[
    Secret,
    PlainValidator(_from_environment),
    _shown(type="string", pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"),
]
"""`${NAME}`: the secret is in that environment variable."""
SecretFromFile = Annotated[Secret, PlainValidator(_from_file), _shown(type="string", minLength=1)]
"""The path of the file that holds the secret, taken from the configuration's folder."""
CertificateFile = Annotated[Path, PlainValidator(_authorities), _shown(type="string", minLength=1)]
"""The path of a PEM file of certificates, taken from the configuration's folder."""
Identifier = Annotated[
    str,
    PlainValidator(_identifier),
    _shown(anyOf=[{"type": "string", "minLength": 1, "maxLength": 256}, {"type": "integer"}]),
]
"""What a vendor calls a thing of its own, fit to stand in a path."""
ContractNumber = Annotated[
    str,
    PlainValidator(_contract_number),
    _shown(anyOf=[{"type": "string", "pattern": "^[0-9]{5,10}$"}, {"type": "integer"}]),
]
"""A contract's number at IONOS; leading zeros are kept."""
DataCenterId = Annotated[
    str,
    PlainValidator(_data_center),
    _shown(anyOf=[{"type": "string", "format": "uuid"}, {"const": "null"}, {"type": "null"}]),
]
"""A data centre's UUID at IONOS, or `null` for what is in none."""
Uuid = Annotated[str, PlainValidator(_uuid), _shown(type="string", format="uuid")]
"""A UUID, in lower case."""
Pattern = Annotated[str, PlainValidator(_pattern), _shown(type="string", format="regex")]
"""A regular expression that has to match the whole, as in PromQL."""
