"""Listen addresses, as Prometheus users write them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

DEFAULT_ADDRESS: Final = "127.0.0.1:10924"
_LARGEST_PORT: Final = 65535
_BACKLOG: Final = 1024


def split_address(address: str) -> tuple[str, int]:
    """Return the host and port of an address, such as `[::1]:10924`. An empty host means every interface.

    Raises:
        ValueError: the address is malformed.

    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise ValueError(f"write host:port, such as {DEFAULT_ADDRESS}")
    if int(port) > _LARGEST_PORT:
        raise ValueError(f"write a port of at most {_LARGEST_PORT}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("write an IPv6 address in brackets, such as [::1]:10924")
    return host.strip("[]"), int(port)


def listen(addresses: Iterable[str]) -> list[socket.socket]:
    """Return a listening socket for each address.

    Raises:
        OSError: a socket cannot be opened. The error names the address and the reason.

    """
    sockets: list[socket.socket] = []
    for address in addresses:
        host, port = split_address(address)
        dual = host in ("", "::") and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
        try:
            one = socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=dual)
        except (OSError, UnicodeError) as error:
            for opened in sockets:
                opened.close()
            raise OSError(0, f"cannot listen on {address}: {_why(error)}") from None
        sockets.append(one)
    return sockets


def _why(error: OSError | UnicodeError) -> str:
    """Return the system's text for an error. An error without an error number is about the host name."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number and number > 0 else "the host name has no address on this machine"


def address_of(listening: socket.socket) -> str:
    """Return the host and port of a listening socket, in the form that `listen` takes."""
    host, port, *_ = listening.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses_of(sockets: Iterable[socket.socket]) -> str:
    """Return the addresses of sockets as a text for people."""
    return ", ".join(map(address_of, sockets))


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address, which has the form that `address_of` returns."""
    host, _ = split_address(address)
    return ip_address(host.partition("%")[0]).is_loopback
