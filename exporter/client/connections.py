"""The connections to an endpoint: one for each concurrent request. Idle connections are kept for a moment for reuse.

The requests are httpx's, and the connections are httpcore's. httpx's client and pool are not used, because their
cookies, redirects, environment variables and queue are not needed.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, cast

import anyio
import httpcore
import httpx

from exporter import __version__
from exporter.client.auth import ApiKey
from exporter.client.body import Body, Turn, at_once, read_body
from exporter.client.connection import Connection, Proxy
from exporter.client.endpoint import Endpoint, url_of
from exporter.client.file_thread import read_in_time
from exporter.client.large_answers import Room
from exporter.client.network_errors import translated
from exporter.client.response import Response
from exporter.client.trust import trust
from exporter.errors import BadRequest, TooLarge
from exporter.log import logger

Transport = httpx.AsyncBaseTransport
"""Sends requests. Tests pass a transport of their own."""
OnRequest = Callable[[str, float], None]
"""Called after each request with the HTTP status (or `none` if unanswered) and the request's duration in seconds."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"usage-exporter/{__version__}",
}
# A handshake may take this share of the time for an answer, so that a hanging handshake is reported as such.
_SHARE_FOR_A_HANDSHAKE: Final = 0.45
KEPT_IDLE_SECONDS: Final = 5.0
_MAX_DRAINED_BYTES: Final = 16 * 1024
_DRAINED_SECONDS: Final = 0.5
_NO_ANSWER: Final = "none"
_KEPT_URLS: Final = 256
"""The maximum number of parsed URLs to keep. Polls repeat URLs, and parsing a URL costs a tenth of a request."""


class Connections:
    """The connections to one endpoint."""

    def __init__(self, endpoint: Endpoint, on_request: OnRequest, transport: Transport | None = None) -> None:
        self._endpoint = endpoint
        self._base_url = endpoint.base_url
        self._timeout = endpoint.timeout
        handshake = _SHARE_FOR_A_HANDSHAKE * endpoint.timeout
        self._extensions = {"timeout": httpx.Timeout(endpoint.timeout, connect=handshake).as_dict()}
        self._on_request = on_request
        self._given = transport
        auth = endpoint.auth
        self._signed_in = auth.header_name if isinstance(auth, ApiKey) else "Authorization"
        self._idle: list[_Idle] = []
        self._url = lru_cache(_KEPT_URLS)(lambda path: httpx.URL(url_of(self._base_url, path)))

    async def exchange(
        self,
        method: str,
        path: str,
        authorization: str | None,
        limit: int,
        room: Room | None = None,
        **content: Any,
    ) -> Response:
        """Send a request, and return the complete answer. If the answer is an error, its body is left empty.

        Args:
            method: GET or POST.
            path: below the base URL, or an absolute URL at the same host.
            authorization: the value of the header that signs the request; None if the request is not signed.
            limit: the maximum size of the answer's body, in bytes.
            room: the budget of memory for large bodies. Waiting for it does not count towards the timeout.
            content: `params`, `json` or `data` for httpx, and `headers` to send in addition to the usual ones.

        Raises:
            PollError: there is no complete answer.

        """
        request = self._request(method, path, authorization, content)
        code = _NO_ANSWER
        body: Body = b""
        began = anyio.current_time()
        try:
            with translated(), anyio.fail_after(self._timeout) as deadline:
                transport, trusted = await self._acquire()
                try:
                    response = await transport.handle_async_request(request)
                    code = str(response.status_code)
                    body = await _body_of(response, limit, partial(_take_outside, deadline, room) if room else at_once)
                finally:
                    self._idle.append(_Idle(anyio.current_time(), transport, trusted))
        finally:
            seconds = anyio.current_time() - began
            self._on_request(code, seconds)
            url = url_of(self._base_url, path)
            logger.debug("request", method=method, url=url, status=code, ms=round(seconds * 1000), bytes=len(body))
        next_link = response.links.get("next", {}).get("url") if "link" in response.headers else None
        return Response(response.status_code, response.headers, body, next_link)

    async def _acquire(self) -> tuple[Transport, ssl.SSLContext | None]:
        """Return a transport and its TLS context. The most recently used idle transport is preferred to a new one.

        Idle transports are closed if they have been idle for too long, or if the trusted authorities have changed.
        """
        if self._given:
            return self._given, None
        trusted = await self._trust()
        now = anyio.current_time()
        outdated = [one for one in self._idle if one.since + KEPT_IDLE_SECONDS < now or one.trusted is not trusted]
        for one in outdated:
            self._idle.remove(one)
        for one in outdated:  # all are removed first, because other requests take from the list meanwhile
            await one.transport.aclose()
        return (self._idle.pop().transport if self._idle else _transport_of(self._endpoint, trusted)), trusted

    async def _trust(self) -> ssl.SSLContext:
        ca_file, insecure = self._endpoint.ca_file, self._endpoint.insecure_skip_verify
        if ca_file is None:
            return trust(None, insecure)
        return await read_in_time(ca_file, partial(trust, ca_file, insecure))

    async def close_idle(self) -> None:
        """Close the connections that no request is using."""
        while self._idle:
            await self._idle.pop().transport.aclose()

    def _request(self, method: str, path: str, authorization: str | None, content: Mapping[str, Any]) -> httpx.Request:
        headers = {**_HEADERS, **(content.get("headers") or {})}
        if authorization is not None:
            headers[self._signed_in] = authorization
        content = {**content, "headers": headers}
        try:
            return httpx.Request(method, self._url(path), extensions=self._extensions, **content)
        except (httpx.InvalidURL, UnicodeError):
            raise BadRequest("base_url has an invalid host name") from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self.close_idle()


class _Idle(NamedTuple):
    since: float
    transport: Transport
    trusted: ssl.SSLContext | None


def _transport_of(endpoint: Endpoint, trusted: ssl.SSLContext) -> Transport:
    return Connection(trusted, Proxy(endpoint.proxy_url, endpoint.proxy_auth) if endpoint.proxy_url else None)


async def _body_of(response: httpx.Response, limit: int, turn: Turn) -> Body:
    stream = cast("httpx.AsyncByteStream", response.stream)
    try:
        if response.is_success:
            # An announced size is checked at once, before a slow body can time out.
            if int(response.headers.get("content-length", 0)) > limit:
                raise TooLarge(f"the answer is larger than {limit} bytes")
            return await read_body(aiter(stream), response.headers.get("content-encoding", ""), limit, turn)
        await _drain(stream)
        return b""
    finally:
        await stream.aclose()


async def _take_outside(deadline: anyio.CancelScope, room: Room) -> None:
    """Wait for room, and extend the deadline by the duration of the wait."""
    began, left = anyio.current_time(), deadline.deadline
    deadline.deadline = math.inf
    await room.take()
    deadline.deadline = left + anyio.current_time() - began


async def _drain(stream: httpx.AsyncByteStream) -> None:
    """Read an error's body if it is short and comes quickly, so that the connection can be reused."""
    left = _MAX_DRAINED_BYTES
    with suppress(httpcore.NetworkError, httpcore.ProtocolError), anyio.move_on_after(_DRAINED_SECONDS):
        async for piece in stream:
            left -= len(piece) + 1
            if left < 0:
                return
