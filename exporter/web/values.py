"""Reads the values of the web configuration file, translates them for Python's ssl, and refuses unsupported values.

If a value is wrong, its reader raises a ValueError that says what would be right. The error
never repeats the value, because the value might be a password on the wrong line.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import bcrypt

from exporter.files import read_regular_file
from exporter.secret import register

CIPHERS: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
"""Cipher suites of TLS 1.2: OpenSSL's name for each of Go's names. The file uses Go's names."""
CURVES: Final = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
CLIENT_AUTH: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
HIGHEST_COST: Final = 15
"""The highest accepted cost of a bcrypt hash. A check at this cost takes seconds of CPU time."""

_LOWEST_COST: Final = 4
_OLD: Final = "is too old to be safe; write TLS12 or TLS13"
_UNVERIFIED: Final = (
    "would ask for a certificate and not verify it, which Python's ssl cannot do and which keeps nobody out;"
    " write VerifyClientCertIfGiven or RequireAndVerifyClientCert"
)
_ALWAYS_ON: Final = "is a suite of TLS 1.3, whose suites cannot be chosen; list suites of TLS 1.2 only"
_NO_SECRECY: Final = "lists a suite without forward secrecy; list those that begin with TLS_ECDHE"
_KNOWN_BUT_NOT_OFFERED: Final = {
    "TLS10": _OLD,
    "TLS11": _OLD,
    "RequestClientCert": _UNVERIFIED,
    "RequireAnyClientCert": _UNVERIFIED,
    "RequireClientCert": _UNVERIFIED,
    "TLS_AES_128_GCM_SHA256": _ALWAYS_ON,
    "TLS_AES_256_GCM_SHA384": _ALWAYS_ON,
    "TLS_CHACHA20_POLY1305_SHA256": _ALWAYS_ON,
    "TLS_RSA_WITH_AES_128_CBC_SHA": _NO_SECRECY,
    "TLS_RSA_WITH_AES_256_CBC_SHA": _NO_SECRECY,
    "TLS_RSA_WITH_AES_128_GCM_SHA256": _NO_SECRECY,
    "TLS_RSA_WITH_AES_256_GCM_SHA384": _NO_SECRECY,
}
"""Values that Prometheus' own servers accept, and the reasons why the exporter refuses them."""
_HASH: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$([./A-Za-z0-9]{53})")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*")
_LARGEST_FILE: Final = 1024 * 1024

_T = TypeVar("_T")


def one_of(choices: Mapping[str, _T]) -> Callable[[object], _T]:
    """Return a function that reads one of the words in `choices`, and returns the word's translation."""

    def read(given: object) -> _T:
        if isinstance(given, str) and given in choices:
            return choices[given]
        why = _KNOWN_BUT_NOT_OFFERED.get(given) if isinstance(given, str) else None
        raise ValueError(why or f"write one of {', '.join(choices)}")

    return read


def list_of(read_one: Callable[[object], _T]) -> Callable[[object], tuple[_T, ...]]:
    """Return a function that reads a list with at least one value, each with the function `read_one`."""

    def read(given: object) -> tuple[_T, ...]:
        if not isinstance(given, list) or not given:
            raise ValueError("write a list of at least one")
        return tuple(read_one(one) for one in given)

    return read


def read_curve(given: object) -> str:
    """Read a list with a single curve for handshakes, and return OpenSSL's name of the curve."""
    curves = list_of(one_of(CURVES))(given)
    if len(curves) > 1:
        raise ValueError("write only one, or none: Python's ssl cannot order several, and its default is good")
    return curves[0]


def read_boolean(given: object) -> bool:
    """Read true or false."""
    if not isinstance(given, bool):
        raise ValueError("write true or false")  # noqa: TRY004 - like every other wrong value
    return given


def read_http2(given: object) -> bool:
    """Read whether HTTP/2 is enabled. The value must be false, because HTTP/2 is not supported."""
    if read_boolean(given):
        raise ValueError("write false, or leave it out: only HTTP/1.1 is supported, which Prometheus accepts")
    return False


def read_san(given: object) -> str:
    """Read a subject alternative name. An IP address is returned in its canonical form."""
    if not isinstance(given, str) or not given or not _VISIBLE.fullmatch(given):
        raise ValueError("write the names, addresses or URIs that a client's certificate may have")
    return canonical_name(given)


def canonical_name(name: str) -> str:
    """Return an IP address in canonical form, or any other name unchanged."""
    try:
        return str(ip_address(name.strip()))
    except ValueError:
        return name


def read_file(folder: Path) -> Callable[[object], Path]:
    """Return a function that reads a path, and checks that the file is readable. Relative paths start at the folder."""

    def read(given: object) -> Path:
        if not isinstance(given, str) or not given or not given.isprintable():
            raise ValueError("write the path of a file")
        path = folder / given
        try:
            size = len(read_regular_file(path, _LARGEST_FILE + 1))
        except OSError as error:
            raise ValueError(f"the file {path} cannot be read ({error.strerror})") from None
        if size > _LARGEST_FILE:
            raise ValueError(f"the file {path} is larger than {_LARGEST_FILE} bytes")
        return path

    return read


def read_header(*choices: str) -> Callable[[object], bytes]:
    """Return a function that reads a header's value. If there are `choices`, the value must be one of them."""

    def read(given: object) -> bytes:
        if not isinstance(given, str) or not _VISIBLE.fullmatch(given) or given != given.strip():
            raise ValueError("write visible ASCII characters on one line")
        if choices and given not in choices:
            raise ValueError(f"write {' or '.join(choices)}")
        return given.encode()

    return read


def refused(why: str) -> Callable[[object], NoReturn]:
    """Return a function that refuses every value, for a key that is known but not supported."""

    def read(_: object) -> NoReturn:
        raise ValueError(why)

    return read


def read_hash(given: object) -> bytes:
    """Read the bcrypt hash of a password, and keep the hash out of logs from now on."""
    match = _HASH.fullmatch(given) if isinstance(given, str) else None
    if not match:
        raise ValueError("write the bcrypt hash of a password, which begins with $2b$ or $2y$; not the password itself")
    if int(match[1]) > HIGHEST_COST:
        raise ValueError(f"was hashed at a cost above {HIGHEST_COST}, with which anyone could keep a CPU busy")
    if int(match[1]) < _LOWEST_COST:
        raise ValueError(f"was hashed at a cost below {_LOWEST_COST}, which bcrypt does not have")
    try:
        bcrypt.checkpw(b"", b"$2b$%02d$%b" % (_LOWEST_COST, match[2].encode()))
    except ValueError:
        raise ValueError("is not a valid bcrypt hash") from None
    return register(match[0]).encode()


def cost_of(hashed: bytes) -> int:
    """Return the cost of a bcrypt hash. Each step of the cost doubles the work of a check."""
    return int(hashed[4:6])
