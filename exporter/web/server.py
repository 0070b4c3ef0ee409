"""A small HTTP/1.1 server for ASGI applications. h11 speaks the protocol, and anyio waits for the sockets.

Every client is limited in time and memory, and every network is limited in its number of
connections. Request heads have a deadline and a maximum size. A connection is closed if it
is idle, or if its client reads too slowly. When no slot is free, a connection without a
complete request is closed. On shutdown, answers in progress get a grace period.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import anyio
import anyio.abc

from exporter.log import logger
from exporter.web.clients import Client, Clients, network_of
from exporter.web.connection import Connection
from exporter.web.exchange import ASGIApp
from exporter.web.limits import DEFAULT_LIMITS, Limits
from exporter.web.stream import SocketStream

_ACCEPT_PAUSE_SECONDS: Final = 0.5
_DISCONNECTED: Final = (
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
    TimeoutError,
)


Secure = Callable[[anyio.abc.ByteStream], Awaitable[anyio.abc.ByteStream]]
"""Takes a new connection's stream, and returns the stream to use instead. Raises OSError if the client is refused."""


class Server:
    """Serves an application on listening sockets until the event `stop` is set."""

    def __init__(
        self, app: ASGIApp, stop: anyio.Event, limits: Limits = DEFAULT_LIMITS, secure: Secure | None = None
    ) -> None:
        self._app = app
        self._stop = stop
        self._limits = limits
        self._secure = secure
        self._clients = Clients(limits.connections, limits.connections_per_network)

    async def run(
        self,
        sockets: Iterable[socket.socket],
        *,
        task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until stopped. Then give answers in progress a grace period."""
        async with anyio.create_task_group() as connections:
            async with anyio.create_task_group() as listeners:
                for one in sockets:
                    one.setblocking(False)
                    listeners.start_soon(self._accept, one, connections)
                task_status.started()
                await self._stop.wait()
                listeners.cancel_scope.cancel()
            self._clients.close_waiting()
            connections.cancel_scope.deadline = anyio.current_time() + self._limits.grace_seconds

    async def _accept(self, listener: socket.socket, connections: anyio.abc.TaskGroup) -> None:
        """Accept connections while there are slots. If file descriptors run out, close a waiting connection."""
        exhausted = False
        with listener:
            while True:
                await anyio.wait_readable(listener)
                await self._clients.wait_for_room()
                try:
                    connection, (host, *_) = listener.accept()
                except (BlockingIOError, ConnectionAbortedError):
                    continue  # the client has gone meanwhile
                except OSError as error:
                    if not exhausted:
                        logger.warning("cannot accept connections for now", error=error.strerror)
                    exhausted = True
                    self._clients.close_one_waiting()
                    await anyio.sleep(_ACCEPT_PAUSE_SECONDS)
                    continue
                exhausted = False
                if client := self._clients.join(network_of(host)):
                    connections.start_soon(self._serve, connection, client)
                else:
                    connection.close()

    async def _serve(self, connection: socket.socket, client: Client) -> None:
        try:
            with client.scope:
                async with SocketStream(connection) as stream:
                    if (secured := await self._secured(stream)) is not None:
                        async with secured:
                            await Connection(secured, stream, self._app, self._limits).run(
                                self._stop, self._clients, client
                            )
        except _DISCONNECTED:
            pass  # the client went, or took too long
        except Exception:  # noqa: BLE001 - an error in one connection must not end the others
            logger.exception("a connection failed, please report it")
        finally:
            connection.close()
            self._clients.leave(client)

    async def _secured(self, stream: SocketStream) -> anyio.abc.ByteStream | None:
        """Return the stream, after the TLS handshake if TLS is used. Return None if the handshake takes too long."""
        if self._secure is None:
            return stream
        with anyio.move_on_after(self._limits.handshake_seconds):
            try:
                return await self._secure(stream)
            except OSError:
                await stream.linger()
                raise
        return None
