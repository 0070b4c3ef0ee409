"""Counts connections, in total and per network, and closes waiting ones to make room."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

import anyio

_IPV6_PREFIX_BITS = 64


@dataclass(slots=True, eq=False)
class Client:
    """One connection.

    Attributes:
        network: the network in which the connection is counted, see `network_of`.
        has_requested: whether the client has ever sent a complete request.
        scope: the scope of the connection's task, which is cancelled to make room for another connection.

    """

    network: str
    has_requested: bool = False
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Clients:
    """The open connections.

    A connection is *waiting* while no complete request of its client is being answered. If no slot is free, a waiting
    connection from the network with the most connections is closed. Connections whose client has never sent a complete
    request are closed first; among equals, the one that has waited longest.
    """

    def __init__(self, limit: int, network_limit: int) -> None:
        self._limit = limit
        self._network_limit = network_limit
        self._per_network: Counter[str] = Counter()
        self._waiting: dict[Client, None] = {}
        """The waiting connections, in the order in which they began to wait."""
        self._answering: set[Client] = set()
        self._room = anyio.Event()

    async def wait_for_room(self) -> None:
        """Wait until there is a slot for another connection."""
        while len(self._waiting) + len(self._answering) >= self._limit and not self.close_one_waiting():
            await self._room.wait()

    def join(self, network: str) -> Client | None:
        """Return a new connection, in the waiting state.

        Returns None if the network is at its limit and has no waiting connection to close.
        """
        if self._per_network[network] >= self._network_limit and not self.close_one_waiting(network):
            return None
        client = Client(network)
        self._per_network[network] += 1
        self._waiting[client] = None
        return client

    def wait(self, client: Client) -> None:
        """Record that a connection waits for its client's next request."""
        if client in self._answering:
            self._answering.remove(client)
            self._waiting[client] = None

    def answer(self, client: Client) -> None:
        """Record that a connection's request is complete and is being answered."""
        if client in self._waiting:
            del self._waiting[client]
            self._answering.add(client)
            client.has_requested = True

    def leave(self, client: Client) -> None:
        """Record that a connection has ended. This has no effect if the connection was closed to make room."""
        if client in self._waiting or client in self._answering:
            self._waiting.pop(client, None)
            self._answering.discard(client)
            self._per_network[client.network] -= 1
            if not self._per_network[client.network]:
                del self._per_network[client.network]
            self._room.set()
            self._room = anyio.Event()

    def close_one_waiting(self, network: str | None = None) -> bool:
        """Close a waiting connection of one network, or of any network. Return whether a connection was closed."""
        candidates = [one for one in self._waiting if network in (None, one.network)]
        if not candidates:
            return False
        client = min(candidates, key=lambda one: (-self._per_network[one.network], one.has_requested))
        self.leave(client)
        client.scope.cancel()
        return True

    def close_waiting(self) -> None:
        """Close every connection that is not being answered."""
        for client in tuple(self._waiting):
            self.leave(client)
            client.scope.cancel()


def network_of(host: str) -> str:
    """Return the network to which a client's connections are attributed when they are counted.

    The network of an IPv4 address is the address itself. The network of an IPv6 address is its /64, because clients
    choose the rest of the address.
    """
    address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    prefix = int(address) >> _IPV6_PREFIX_BITS << _IPV6_PREFIX_BITS
    return f"{IPv6Address(prefix)}/{_IPV6_PREFIX_BITS}"
