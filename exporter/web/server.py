"""A small HTTP/1.1 server for ASGI applications: h11 speaks the protocol, anyio holds the sockets; here are the limits.

No client can hold another up or keep the process from stopping: headers have a
deadline and a bound, an idle connection ends, a reader that stalls is left, the
number of connections is bounded, and a stop lets answers under way finish
within a grace time.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import anyio
import anyio.abc
import h11

from exporter.log import logger
from exporter.web.exchange import ASGIApp, Exchange

_RECEIVED_BYTES: Final = 64 * 1024
_ACCEPT_PAUSE_SECONDS: Final = 0.5
_MOST_CONNECTIONS: Final = 512


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take of us. Times are in seconds."""

    handshake_seconds: float = 5.0
    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    body_bytes: int = 64 * 1024
    body_seconds: float = 10.0
    idle_seconds: float = 120.0
    """Longer than from one scrape of Prometheus' to the next, so that a connection lives on."""
    answer_seconds: float = 60.0
    """For a whole answer: longer than any scrape's own patience, and the end of a reader that drips."""
    connections: int = _MOST_CONNECTIONS
    grace_seconds: float = 5.0


def affordable_connections() -> int:
    """Return how many connections may be open at once: half of what the process may open, the rest is for polls."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST_CONNECTIONS, max(1, files // 2)) if files != resource.RLIM_INFINITY else _MOST_CONNECTIONS


Secure = Callable[[anyio.abc.ByteStream], Awaitable[anyio.abc.ByteStream]]
"""From a new connection to the one to go on with; an OSError where there is none."""


class Server:
    """Serves an application on listening sockets until `stop` is set."""

    def __init__(
        self, app: ASGIApp, stop: anyio.Event, limits: Limits = Limits(), secure: Secure | None = None
    ) -> None:
        self._app = app
        self._stop = stop
        self._limits = limits
        self._secure = secure
        self._slots = anyio.Semaphore(limits.connections)
        self._waiting: set[anyio.CancelScope] = set()
        """Of the connections on which no request is under way."""

    async def run(
        self,
        sockets: Iterable[socket.socket],
        *,
        task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until the stop; answers under way may then take their grace time."""
        async with anyio.create_task_group() as connections:
            async with anyio.create_task_group() as listening:
                for one in sockets:
                    one.setblocking(False)
                    listener = await anyio.abc.SocketListener.from_socket(one)
                    listening.start_soon(self._accept, listener, connections)
                task_status.started()
                await self._stop.wait()
                listening.cancel_scope.cancel()
            for waiting in tuple(self._waiting):
                waiting.cancel()
            connections.cancel_scope.deadline = anyio.current_time() + self._limits.grace_seconds

    async def _accept(self, listener: anyio.abc.SocketListener, connections: anyio.abc.TaskGroup) -> None:
        """Take connections as long as there are slots; when no file descriptor is left, wait for one."""
        exhausted = False
        async with listener:
            while True:
                await self._slots.acquire()
                try:
                    stream = await listener.accept()
                except OSError as error:
                    self._slots.release()
                    if not exhausted:
                        logger.warning("no connection can be taken for now", error=error.strerror)
                    exhausted = True
                    await anyio.sleep(_ACCEPT_PAUSE_SECONDS)
                else:
                    exhausted = False
                    connections.start_soon(self._serve, stream)

    async def _serve(self, stream: anyio.abc.SocketStream) -> None:
        try:
            async with stream:
                if (secured := await self._secured(stream)) is not None:
                    async with secured:
                        await Connection(secured, self._app, self._limits, self._waiting).run(self._stop)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError, TimeoutError):
            pass  # the client went, or took too long
        except Exception:  # noqa: BLE001 - what one connection meets must not end the others
            logger.exception("a connection failed, please report it")
        finally:
            self._slots.release()

    async def _secured(self, stream: anyio.abc.ByteStream) -> anyio.abc.ByteStream | None:
        """Let the handshake take its time, which is short and which a stop interrupts."""
        if self._secure is None:
            return stream
        with anyio.CancelScope(deadline=anyio.current_time() + self._limits.handshake_seconds) as waiting:
            self._waiting.add(waiting)
            try:
                return await self._secure(stream)
            finally:
                self._waiting.discard(waiting)
        return None


class Connection:
    """One client's connection: a request, its answer, and the next."""

    def __init__(
        self, stream: anyio.abc.ByteStream, app: ASGIApp, limits: Limits, waiting: set[anyio.CancelScope]
    ) -> None:
        self._stream = stream
        self._app = app
        self._limits = limits
        self._waiting = waiting
        self._answered = False
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)

    async def run(self, stop: anyio.Event) -> None:
        """Answer requests until either side is done."""
        while not stop.is_set():
            request: h11.Request | None = None
            try:
                request = await self._request()
                if request is None:
                    return
                body = await self._body()
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint, told=request is None or request.method != b"HEAD")
                return
            with anyio.fail_after(self._limits.answer_seconds):
                await Exchange(self._http, self._stream, self._app, request, body).run()
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._answered = True
            self._http.start_next_cycle()

    async def _request(self) -> h11.Request | None:
        """Wait for a request's head, which must be there soon after its first byte; None when there is none."""
        if self._http.trailing_data == (b"", False) and not await self._first_bytes():
            return None
        with anyio.fail_after(self._limits.header_seconds):
            event = await self._event()
        return event if isinstance(event, h11.Request) else None

    async def _first_bytes(self) -> bool:
        """Wait for the next request to begin, for the first one not long; a stop interrupts that at once."""
        patience = self._limits.idle_seconds if self._answered else self._limits.header_seconds
        with anyio.CancelScope(deadline=anyio.current_time() + patience) as waiting:
            self._waiting.add(waiting)
            try:
                self._http.receive_data(await self._stream.receive(_RECEIVED_BYTES))
            except anyio.EndOfStream:
                return False
            finally:
                self._waiting.discard(waiting)
            return True
        return False

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                self._http.receive_data(await self._stream.receive(_RECEIVED_BYTES))
            except anyio.EndOfStream:
                self._http.receive_data(b"")
        return event

    async def _body(self) -> bytes:
        body = bytearray()
        with anyio.fail_after(self._limits.body_seconds):
            while isinstance(event := await self._event(), h11.Data):
                body += event.data
                if len(body) > self._limits.body_bytes:
                    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                    raise h11.RemoteProtocolError("body too large", error_status_hint=status)
        return bytes(body)

    async def _send(self, event: Any) -> None:
        if data := self._http.send(event):
            await self._stream.send(data)

    async def _refuse(self, status: int, *, told: bool) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            text = f"{HTTPStatus(status).phrase.lower()}\n".encode()
            headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(text)))]
            await self._send(h11.Response(status_code=status, headers=[*headers, ("connection", "close")]))
            if told:
                await self._send(h11.Data(data=text))
            await self._send(h11.EndOfMessage())
