"""Whether pages are reachable from other machines, and which protection they lack."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from exporter.log import logger
from exporter.web.addresses import address_of, is_loopback
from exporter.web.origin import refuse_foreign

if TYPE_CHECKING:
    from exporter.web.exchange import ASGIApp
    from exporter.web.protection import WebConfig


def warn_if_exposed(sockets: Iterable[socket.socket], protection: WebConfig | None) -> None:
    """Warn if pages are reachable from other machines without complete protection."""
    lacking = protection.lacking if protection else ("TLS", "a password")
    exposed = [address for address in map(address_of, sockets) if not is_loopback(address)]
    if exposed and lacking:
        logger.warning(
            "pages are reachable from other machines", listening=", ".join(exposed), without=", ".join(lacking)
        )


def guard_origin(app: ASGIApp, sockets: Iterable[socket.socket], protection: WebConfig | None) -> ASGIApp:
    """Return the application, protected from other sites' pages.

    If a password is required, the Host header is not checked, because a proxy may forward any Host header. A site
    whose name resolves to this machine has no password to send.
    """
    local_only = all(is_loopback(address_of(one)) for one in sockets)
    return refuse_foreign(app, local_only=local_only and not (protection and protection.has_users))
