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
        ca_file: PEM file of the authorities to trust instead of the usual ones.
        insecure_skip_verify: whether every certificate is trusted, without verification.
        proxy_url: the HTTP proxy to use, if any.
        proxy_auth: our credentials for the proxy, if any.

    """

    base_url: str
    auth: Auth
    timeout: float = 30.0
    ca_file: Path | None = None
    insecure_skip_verify: bool = False
    proxy_url: str | None = None
    proxy_auth: Basic | None = None


def url_of(base_url: str, path: str) -> str:
    """Return the URL of a path below a base URL; a path that does not begin with a slash is already a whole URL."""
    return base_url + path if path.startswith("/") else path
