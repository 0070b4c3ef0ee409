"""Refuses requests that another site's page makes through an operator's browser.

If a browser can reach the exporter, so can every page that the browser shows. A form on any
site can send a POST request to the exporter. A site whose name is made to resolve to
127.0.0.1 (DNS rebinding) could read the exporter's pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final

from exporter.web.exchange import ASGIApp

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({b"same-origin", b"none"})
"""The values of the header `Sec-Fetch-Site` in requests from our own pages, and in requests for typed addresses."""
_CROSS_SITE: Final = "refused: another site's page sent this request\n"
_FOREIGN_HOST: Final = (
    "refused: this address serves this machine only, and the Host header names another;"
    " make the proxy send Host: localhost\n"
)


def refuse_foreign(app: ASGIApp, *, local_only: bool) -> ASGIApp:
    """Return the application, protected from other sites' pages.

    Args:
        app: the application to protect.
        local_only: whether only this machine can reach the pages. If so, Host headers of other machines are refused.

    """

    async def own_only(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (text := refusal(scope["method"], scope["headers"], local_only=local_only)):
            body = text.encode()
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": HTTPStatus.FORBIDDEN.value, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await app(scope, receive, send)

    return own_only


def refusal(method: str, headers: Iterable[tuple[bytes, bytes]], *, local_only: bool) -> str:
    """Return why a request is refused; empty if the request is allowed."""
    found = dict(headers)
    if method not in _SAFE_METHODS and _is_cross_site(found):
        return _CROSS_SITE
    return _FOREIGN_HOST if local_only and not _is_local(found.get(b"host", b"localhost")) else ""


def _is_cross_site(headers: dict[bytes, bytes]) -> bool:
    """Whether a request comes from another site's page, according to headers that only browsers send."""
    if site := headers.get(b"sec-fetch-site"):
        return site.lower() not in _OWN_SITES
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2].lower() != headers.get(b"host", b"").lower()


def _is_local(host: bytes) -> bool:
    """Whether a Host header cannot belong to a site elsewhere.

    This holds for IP addresses, names without a dot, and names that end in `.localhost`.
    """
    name = host.decode("latin-1").lower()
    name = name.partition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]
    name = name.removesuffix(".")
    try:
        ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(".localhost")
    return True
