"""The web configuration file, in the format of Prometheus' exporter-toolkit: TLS, headers, and users.

Every key of that format is recognised, but unsupported ones are refused with a reason. If they were ignored, an
operator would rely on protection that is missing.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from exporter.problems import ConfigError, Problem, read_document, unknown_key
from exporter.web import values

Readers = Mapping[str, Callable[[object], Any]]
"""Maps a key to the function that reads the key's value."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
_USERS: Final = "basic_auth_users"
_TLS: Final = "tls_server_config"
_HTTP: Final[Readers] = {"http2": values.read_http2, "headers": lambda given: given}
_HEADERS: Final[Readers] = {
    "Content-Security-Policy": values.read_header(),
    "Strict-Transport-Security": values.read_header(),
    "X-Content-Type-Options": values.read_header("nosniff"),
    "X-Frame-Options": values.read_header("deny", "sameorigin"),
    "X-XSS-Protection": values.read_header(),
}


@dataclass(frozen=True, slots=True)
class TLSSettings:
    """`tls_server_config`, in terms of Python's ssl module."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth_type: ssl.VerifyMode = ssl.CERT_NONE
    client_allowed_sans: tuple[str, ...] = ()
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the settings refer to."""
        return tuple(filter(None, (self.cert_file, self.key_file, self.client_ca_file)))


@dataclass(frozen=True, slots=True)
class WebSettings:
    """A complete web configuration.

    Attributes:
        tls: the TLS settings; None if connections are not encrypted.
        users: the bcrypt hash of each user's password; empty if nobody has to sign in.
        headers: the headers added to every answer. They replace the answer's own headers of the same name.

    """

    tls: TLSSettings | None = None
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = ()


def read(path: Path) -> WebSettings:
    """Return the settings in a file. Relative paths start at the file's folder.

    Raises:
        ConfigError: the settings cannot be used.

    """
    document = read_document(path)
    problems: list[Problem] = []
    settings = _settings(document, path.parent, problems)
    if problems:
        raise ConfigError(problems)
    return settings


def _settings(document: object, folder: Path, problems: list[Problem]) -> WebSettings:
    sections: Readers = {
        _TLS: lambda given: _tls(given, folder, problems),
        "http_server_config": lambda given: _headers(given, problems),
        _USERS: lambda given: _users(given, problems),
        "rate_limit": values.refused("cannot be set; clients are limited without it"),
    }
    found = _mapping("", document, sections, problems)
    return WebSettings(found.get(_TLS), found.get(_USERS, {}), found.get("http_server_config", ()))


def _mapping(path: str, given: object, readers: Readers, problems: list[Problem]) -> dict[str, Any]:
    """Return the values of a mapping, each as read by the reader of its key. Any problems are added to `problems`."""
    if not isinstance(given, dict) or not given:
        problems.append(Problem(path, f"write a mapping with at least one of {', '.join(readers)}"))
        return {}
    found: dict[str, Any] = {}
    for index, (key, value) in enumerate(given.items()):
        place = _place(path, key, index)
        if key not in readers:
            problems.append(Problem(place, unknown_key(key, readers)))
            continue
        try:
            found[key] = readers[key](value)
        except ValueError as error:
            problems.append(Problem(place, str(error)))
    return found


def _place(path: str, key: str, index: int) -> str:
    """Return the path of a key.

    A key that does not look like a name may be a secret. In its place, the path contains the key's index.
    """
    if not _NAME.fullmatch(key):
        return f"{path}[{index}]"
    return f"{path}.{key}" if path else key


def _headers(given: object, problems: list[Problem]) -> tuple[tuple[bytes, bytes], ...]:
    path = "http_server_config"
    http = _mapping(path, given, _HTTP, problems)
    headers = _mapping(f"{path}.headers", http["headers"], _HEADERS, problems) if "headers" in http else {}
    return tuple((name.lower().encode(), value) for name, value in headers.items() if value)


def _users(given: object, problems: list[Problem]) -> dict[str, bytes]:
    if not isinstance(given, dict) or not given:
        problems.append(Problem(_USERS, "write each user's name and the bcrypt hash of the password, or leave it out"))
        return {}
    for index, name in enumerate(given):
        if not name or ":" in name or not name.isprintable():
            problems.append(
                Problem(f"{_USERS}[{index}]", "write a name without a colon, which would end the name in a request")
            )
    return _mapping(_USERS, given, dict.fromkeys(given, values.read_hash), problems)


def _tls(given: object, folder: Path, problems: list[Problem]) -> TLSSettings | None:
    noted = len(problems)
    found = _mapping(_TLS, given, _tls_readers(folder), problems)
    present = given if isinstance(given, dict) and given else {"cert_file": "", "key_file": ""}
    problems += [Problem(f"{_TLS}.{key}", "is missing") for key in ("cert_file", "key_file") if key not in present]
    if len(problems) > noted:
        return None
    tls = TLSSettings(**found)
    problems += [Problem(f"{_TLS}.{key}", text) for key, text in _contradictions(tls)]
    return tls


def _tls_readers(folder: Path) -> Readers:
    file = values.read_file(folder)
    version = values.one_of(values.VERSIONS)
    inline = values.refused("is not allowed inline; write the path of its file, under the key that ends in _file")
    return {
        "cert_file": file,
        "key_file": file,
        "client_ca_file": file,
        "client_auth_type": values.one_of(values.CLIENT_AUTH),
        "client_allowed_sans": values.list_of(values.read_san),
        "min_version": version,
        "max_version": version,
        "cipher_suites": values.list_of(values.one_of(values.CIPHERS)),
        "prefer_server_cipher_suites": values.read_boolean,
        "curve_preferences": values.read_curve,
        "cert": inline,
        "key": inline,
        "client_ca": inline,
    }


def _contradictions(tls: TLSSettings) -> Iterator[tuple[str, str]]:
    if tls.min_version > tls.max_version:
        yield "min_version", "must not be above max_version"
    if tls.client_auth_type != ssl.CERT_NONE and tls.client_ca_file is None:
        yield "client_ca_file", "is missing; it is needed to verify clients' certificates"
    if tls.client_auth_type == ssl.CERT_NONE and tls.client_ca_file is not None:
        yield "client_auth_type", "write RequireAndVerifyClientCert, or leave client_ca_file out: alone it does nothing"
    if tls.client_auth_type != ssl.CERT_REQUIRED and tls.client_allowed_sans:
        yield "client_allowed_sans", "needs client_auth_type: RequireAndVerifyClientCert"
