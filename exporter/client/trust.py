"""The trusted certificate authorities. If their file changes, the change applies to the next connection."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

from exporter.errors import TLSFailed
from exporter.files import read_regular_file

MAX_AUTHORITIES_BYTES: Final = 4 * 1024 * 1024
_last_good: Final[dict[Path, bytes]] = {}


def authorities(path: Path) -> bytes:
    """Return the content of a PEM file of authorities.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
        ssl.SSLError: the file contains no certificate, or is too large.

    """
    content = read_regular_file(path, MAX_AUTHORITIES_BYTES + 1)
    if len(content) > MAX_AUTHORITIES_BYTES:
        raise ssl.SSLError("too large")
    _context_of(content)
    return content


def trust(ca_file: Path | None, insecure: bool) -> ssl.SSLContext:
    """Return the TLS context for a new connection. The object is the same as long as the authorities are the same.

    If the file is missing or incomplete, for example while it is being replaced, its last valid content is used.

    Raises:
        TLSFailed: no certificate could ever be read from the file.

    """
    if ca_file is None or insecure:
        return _usual_context(insecure)
    try:
        _last_good[ca_file] = authorities(ca_file)
    except OSError:
        if ca_file not in _last_good:
            raise TLSFailed(f"the file {ca_file} contains no readable certificate") from None
    return _context_of(_last_good[ca_file])


@lru_cache
def _usual_context(insecure: bool) -> ssl.SSLContext:
    """Return the default context. It is shared, because making a context takes 30 ms."""
    import httpx  # noqa: PLC0415 - a configuration, which looks at authorities, needs no network

    return _for_http(httpx.create_ssl_context(verify=not insecure, trust_env=False))


@lru_cache
def _context_of(content: bytes) -> ssl.SSLContext:
    # PEM is ASCII; the text between certificates may be anything.
    context = ssl.create_default_context(cadata=content.decode("ascii", errors="ignore") or "-")
    # Python 3.13 and newer refuse an authority without a key identifier, which many companies' own authorities lack.
    # An authority that an operator names is trusted on any Python.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return _for_http(context)


def _for_http(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    return context
