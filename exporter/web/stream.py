"""A connection's bytes, straight from its socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

import anyio
import anyio.abc
import anyio.lowlevel
from anyio.abc import SocketAttribute

RECEIVE_BYTES: Final = 16 * 1024
"""The maximum number of bytes that are read at once."""

_MAX_UNUSED_BYTES: Final = 32 * 1024
"""The maximum number of bytes received since the last call of `mark_used`.

A TLS record, or a handshake with client certificates, needs fewer bytes.
"""
_LINGER_SECONDS: Final = 1.0


class SocketStream(anyio.abc.ByteStream):
    """A stream that reads from its socket only when `receive` is called.

    An asyncio transport would read up to 256 KiB ahead. Then clients that send faster than they are answered would
    decide how much memory the exporter needs.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._unused_bytes = 0

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The socket, for callers that need more than bytes."""
        return {SocketAttribute.raw_socket: lambda: self._socket}

    async def receive(self, max_bytes: int = RECEIVE_BYTES) -> bytes:
        """Return the next bytes. If bytes have already arrived, this does not yield to other tasks.

        Raises:
            anyio.EndOfStream: the client has closed its side.
            anyio.BrokenResourceError: the connection failed, or the client sends too many useless bytes.

        """
        while True:
            try:
                data = self._socket.recv(min(max_bytes, RECEIVE_BYTES))
                break
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except OSError as error:
                raise anyio.BrokenResourceError from error
        if not data:
            raise anyio.EndOfStream
        self._unused_bytes += len(data)
        if self._unused_bytes > _MAX_UNUSED_BYTES:
            raise anyio.BrokenResourceError
        return data

    def is_gone(self) -> bool:
        """Whether the client has closed its side of the connection, or the connection has failed."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def mark_used(self) -> None:
        """Record that everything received so far was useful.

        A TLS client can send endless records that contain no byte of a request. So `receive` fails after too many
        useless bytes.
        """
        self._unused_bytes = 0

    async def send(self, item: bytes) -> None:
        """Send bytes.

        Raises:
            anyio.BrokenResourceError: the connection failed.

        """
        await anyio.lowlevel.checkpoint()
        rest = memoryview(item)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except OSError as error:
                raise anyio.BrokenResourceError from error

    async def send_eof(self) -> None:
        """Close our side of the connection."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise anyio.BrokenResourceError from error

    async def linger(self) -> None:
        """Close our side of the connection, and read for a moment what the client still sends.

        If unread bytes were left, closing would reset the connection, and the client could lose the end of an answer.
        """
        try:
            await self.send_eof()
            with anyio.move_on_after(_LINGER_SECONDS):
                while True:
                    await self.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass

    async def aclose(self) -> None:
        """Close the connection at once."""
        anyio.notify_closing(self._socket)
        self._socket.close()
