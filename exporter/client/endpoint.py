"""The endpoint: all that a client needs to know to send requests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exporter.client.auth import Auth, Basic


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API and how it is reached.

    Attributes:
        base_url: the prefix of every path, without a trailing slash.
        auth: how requests are signed.
        timeout: the longest time for one complete answer, in seconds.
        ca_file: the PEM file of the authorities to trust; None to trust the usual authorities.
        insecure_skip_verify: whether every certificate is trusted, without verification.
        proxy_url: the URL of the HTTP proxy; None to connect directly.
        proxy_auth: our credentials for the proxy; None if the proxy needs no credentials.

    """

    base_url: str
    auth: Auth
    timeout: float = 30.0
    ca_file: Path | None = None
    insecure_skip_verify: bool = False
    proxy_url: str | None = None
    proxy_auth: Basic | None = None


def url_of(base_url: str, path: str) -> str:
    """Return the URL of a path below a base URL. A path that does not begin with a slash is an absolute URL."""
    return base_url + path if path.startswith("/") else path
