"""The types of settings: durations, rates, URLs, secrets, and identifiers in paths.

Each error message says what to write. The message never repeats the given value, which
might be a misplaced secret.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from exporter.client.trust import authorities
from exporter.durations import DURATION_PATTERN, Rate, read_interval, read_rate, write_duration
from exporter.errors import SecretUnreadable
from exporter.secret import EnvironmentSecret, FileSecret, Secret, secret_reference
from exporter.vendors.paths import is_usable_segment

_PORTS: Final = {"http": 80, "https": 443}
_UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Settings(BaseModel):
    """A part of the configuration. Unknown keys are errors, values are not converted, and no error quotes a value."""

    # Validators are built at first use: most configurations use few vendors.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _frozen_lists(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}

    @field_validator("*", mode="after")
    @classmethod
    def _no_repeats(cls, value: object) -> object:
        if type(value) is tuple and len(set(value)) < len(value):
            raise ValueError("lists the same twice")
        return value


def description_of(settings: type[Settings], name: str) -> str:
    """Return a setting's description. A class that only changes the setting's default inherits the description."""
    described = (kind.model_fields.get(name) for kind in settings.__mro__ if issubclass(kind, Settings))
    return next((field.description for field in described if field and field.description), "")


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_insecure(url: object) -> bool:
    """Whether a URL leads to another machine without encryption."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme == "http" and not is_loopback(parts.hostname or "")
    except ValueError:
        return False


def is_same_origin(one: object, other: object) -> bool:
    """Whether two URLs have the same scheme, host and port. Also true if one of the URLs is invalid."""
    try:
        parts = [urlsplit(url) for url in (one, other) if isinstance(url, str)]
        origins = {(part.scheme, part.hostname, part.port or _PORTS.get(part.scheme)) for part in parts}
    except ValueError:
        return True
    return len(origins) <= 1


def read_url(value: object) -> str:
    """Return an http or https URL without trailing slashes.

    Raises:
        ValueError: the URL is invalid, or has credentials, a query or a fragment.

    """
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
        raise ValueError("must not contain a user name or password; they have their own settings")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or a fragment")
    return value.rstrip("/")


def _read_proxy_url(value: object) -> str:
    try:
        return read_url(value)
    except ValueError as error:
        if str(error).startswith("write"):
            raise ValueError("write a URL such as http://proxy.example.com:3128; SOCKS is not supported") from None
        raise


def _read_environment_secret(value: object) -> Secret:
    reference = secret_reference(value) if isinstance(value, str) else None
    if reference is None:
        raise ValueError(
            "write ${NAME} of an environment variable, or use the ..._file setting; secrets are not allowed here"
        )
    return _ensure_readable(reference)


def _read_file_secret(value: object, info: ValidationInfo) -> Secret:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("write the path of a file that holds the secret")
    return _ensure_readable(FileSecret(_resolve_path(value, info)))


def _resolve_path(path: str, info: ValidationInfo) -> Path:
    """Return a path. A relative path starts at the configuration's folder."""
    directory: Path = (info.context or {}).get("directory", Path())
    return directory / path


def _ensure_readable(secret: EnvironmentSecret | FileSecret) -> Secret:
    try:
        secret.read()
    except SecretUnreadable as error:
        raise ValueError(str(error)) from None
    return secret


def _read_ca_file(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("write the path of a file")
    path = _resolve_path(value, info)
    try:
        authorities(path)
    except ssl.SSLError:
        raise ValueError(f"the file {path} holds no certificate in PEM") from None
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read ({error.strerror})") from None
    return path


def _read_identifier(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_usable_segment(text):
        raise ValueError("write an identifier: up to 256 characters, none of them a control character, and not . or ..")
    return text


def json_schema(title: str, **schema: Any) -> WithJsonSchema:
    """Return an annotation that gives a type a JSON Schema."""
    return WithJsonSchema({"title": title, **schema})


def _read_user_name(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or ":" in value:
        raise ValueError("write a name without a colon, which ends it in basic authentication")
    return value


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID."""
    return _UUID.fullmatch(text) is not None


def _read_uuid(value: object) -> str:
    if not isinstance(value, str) or not is_uuid(value):
        raise ValueError("write a UUID, such as 6f1c4c1e-5d55-4f0a-9a53-0c4b6fa7d0c1")
    return value.lower()


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]
"""A name chosen by the operator: up to 63 letters, digits and `._@-`, beginning with a letter or a digit."""
Duration = Annotated[
    float,
    PlainValidator(read_interval),
    PlainSerializer(write_duration),
    json_schema("duration", type="string", pattern=DURATION_PATTERN),
]
"""A number of seconds, written as a Prometheus duration from `1s` to `365d`."""
RateSetting = Annotated[
    Rate,
    PlainValidator(read_rate),
    PlainSerializer(str),
    json_schema("rate", type="string", pattern="^[0-9]+/[0-9a-z]+$"),
]
"""Requests per duration, such as `800/1m`."""
Url = Annotated[str, PlainValidator(read_url), json_schema("URL", type="string", format="uri", pattern="^https?://")]
"""An http or https URL without credentials, query or fragment. Trailing slashes are dropped."""
ProxyUrl = Annotated[
    str, PlainValidator(_read_proxy_url), json_schema("URL", type="string", format="uri", pattern="^https?://")
]
"""The URL of an HTTP proxy, with the same restrictions as `Url`."""
SecretFromEnvironment = Annotated[
    Secret,
    PlainValidator(_read_environment_secret),
    PlainSerializer(str),
    json_schema("secret, as ${NAME}", type="string", pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"),
]
"""A secret in an environment variable, written as `${NAME}`."""
SecretFromFile = Annotated[
    Secret,
    PlainValidator(_read_file_secret),
    PlainSerializer(str),
    json_schema("path of a file", type="string", minLength=1),
]
"""A secret in a file. The setting is the path of the file, relative to the configuration's folder."""
CertificateFile = Annotated[
    Path, PlainValidator(_read_ca_file), json_schema("path of a file", type="string", minLength=1)
]
"""The path of a PEM file of certificates, relative to the configuration's folder."""
Identifier = Annotated[
    str,
    PlainValidator(_read_identifier),
    json_schema("identifier", anyOf=[{"type": "string", "minLength": 1, "maxLength": 256}, {"type": "integer"}]),
]
"""An identifier that can be used as a path segment."""
UserName = Annotated[str, PlainValidator(_read_user_name), json_schema("name", type="string", pattern="^[^:]+$")]
"""A user name for HTTP basic authentication."""
Uuid = Annotated[str, PlainValidator(_read_uuid), json_schema("UUID", type="string", format="uuid")]
"""A UUID, in lower case."""


class TLS(Settings):
    """How the vendor's certificate is verified."""

    ca_file: CertificateFile | None = Field(
        default=None, description="PEM file of the certificate authorities to trust instead of the system's."
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Trust any certificate. Logged at start and shown by usage_exporter_account_info.",
    )
