"""One client's connection: requests and their answers, one after another."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import anyio
import anyio.abc
import h11

from exporter.web.clients import Client, Clients
from exporter.web.exchange import ASGIApp, Peer, RequestCycle
from exporter.web.limits import Limits
from exporter.web.stream import RECEIVE_BYTES, SocketStream

_HEADER_FRAMING_BYTES: Final = len(b": \r\n")
_MAX_BODY_FRAMING: Final = 4
"""The largest accepted ratio of a body's size on the wire to its length. Chunk framing adds bytes."""


class Connection:
    """Answers a client's requests, one after another, within the limits on time and size."""

    def __init__(
        self,
        stream: anyio.abc.ByteStream,
        below: SocketStream,
        app: ASGIApp,
        limits: Limits,
    ) -> None:
        """Serve an application to one client.

        Args:
            stream: the client's bytes, decrypted if TLS is used.
            below: the bytes as they are on the network.
            app: the application.
            limits: the limits on time and size.

        """
        self._stream = stream
        self._below = below
        self._app = app
        self._limits = limits
        self._answered = False
        self._body_wire_bytes = 0
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)

    async def run(self, stop: anyio.Event, clients: Clients, client: Client) -> None:
        """Answer requests until the client or the server ends the connection."""
        peer = Peer(self._stream, client.network, self._below.is_gone)
        while not stop.is_set():
            clients.wait(client)
            request: h11.Request | None = None
            try:
                request = await self._request()
                if request is None:
                    return
                body = await self._body(request)
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint, with_body=request is None or request.method != b"HEAD")
                break
            clients.answer(client)
            with anyio.fail_after(self._limits.answer_seconds):
                await RequestCycle(self._http, peer, self._app, request, body).run()
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                break
            self._answered = True
            self._http.start_next_cycle()
        await self._stream.send_eof()
        await self._below.linger()

    async def _request(self) -> h11.Request | None:
        """Return the head of the next request, or None if no request comes. Once begun, a head has a deadline."""
        if self._http.trailing_data == (b"", False) and not await self._first_bytes():
            return None
        with anyio.fail_after(self._limits.header_seconds):
            event = await self._event()
        return event if isinstance(event, h11.Request) else None

    async def _first_bytes(self) -> bool:
        """Wait for the first bytes of a request, and return whether they came. The first request gets less time."""
        with anyio.move_on_after(self._limits.idle_seconds if self._answered else self._limits.header_seconds):
            try:
                self._http.receive_data(await self._receive())
            except anyio.EndOfStream:
                return False
            return True
        return False

    async def _receive(self) -> bytes:
        data = await self._stream.receive(RECEIVE_BYTES)
        self._below.mark_used()
        self._body_wire_bytes += len(data)
        return data

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                self._http.receive_data(await self._receive())
            except anyio.EndOfStream:
                self._http.receive_data(b"")
        return event

    async def _body(self, request: h11.Request) -> bytes:
        """Check a request's head, and return the request's body.

        The check happens here because `run` knows the request's method only now. The method matters because the refusal
        of a HEAD request must have no body.
        """
        if status := refusal_of(request, self._limits):
            raise h11.RemoteProtocolError(status.phrase, error_status_hint=status)
        body, self._body_wire_bytes = bytearray(), 0
        most = self._limits.body_bytes
        with anyio.fail_after(self._limits.body_seconds):
            while isinstance(event := await self._event(), h11.Data):
                body += event.data
                if len(body) > most or self._body_wire_bytes > RECEIVE_BYTES + _MAX_BODY_FRAMING * most:
                    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                    raise h11.RemoteProtocolError(status.phrase, error_status_hint=status)
        return bytes(body)

    async def _send(self, event: Any) -> None:
        if data := self._http.send(event):
            await self._stream.send(data)

    async def _refuse(self, status: int, *, with_body: bool) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            text = f"{HTTPStatus(status).phrase.lower()}\n".encode()
            headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(text)))]
            await self._send(h11.Response(status_code=status, headers=[*headers, ("connection", "close")]))
            if with_body:
                await self._send(h11.Data(data=text))
            await self._send(h11.EndOfMessage())


def refusal_of(request: h11.Request, limits: Limits) -> HTTPStatus | None:
    """Return the status with which to refuse a head that h11 accepts; None if the head is fine.

    h11 limits the size of a head only while the head is incomplete, and accepts any digit as the HTTP version. A
    request that states its body's length in two ways can smuggle another request. RFC 9112 (6.1) lets a server reject
    such a request. A body that is too large is refused before the client is asked for the body
    (`Expect: 100-continue`).
    """
    if not request.http_version.startswith(b"1."):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    stated = dict(request.headers)
    if {b"content-length", b"transfer-encoding"} <= stated.keys():
        return HTTPStatus.BAD_REQUEST
    if int(stated.get(b"content-length", 0)) > limits.body_bytes:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    size = len(request.target) + sum(len(name) + len(value) + _HEADER_FRAMING_BYTES for name, value in request.headers)
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if size > limits.header_bytes else None
