"""One connection to an endpoint: httpcore's HTTP/1.1 over a stream that limits the size of answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import anyio
import httpcore
import httpx

from exporter.client.auth import Basic
from exporter.client.body import MAX_BODY_BYTES
from exporter.client.file_thread import read_credentials
from exporter.errors import ConnectFailed, Forbidden, TooLarge, Unauthorized

MAX_HEAD_BYTES: Final = 128 * 1024
"""The maximum size of an answer's head, including the interim answers before it."""
_MAX_WIRE_BYTES: Final = 2 * MAX_BODY_BYTES
"""The limit for a body on the wire, including its framing."""
_HEAD_PAGE_BYTES: Final = 4 * 1024
"""The maximum number of bytes of a head that are read at once.

So many bytes contain at most a few hundred interim answers, which httpcore handles without yielding to other tasks.
"""
_BODY_PAGE_BYTES: Final = 256 * 1024
_TURNS: Final = 3
"""The turns of the event loop after which bytes that have arrived at a socket have surely been read."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy, and our credentials for it."""

    url: str
    auth: Basic | None = None


class Connection(httpx.AsyncBaseTransport):
    """A transport with one connection, which carries one request at a time. The first request opens the connection.

    The connection is not reused if unexpected bytes have arrived, because they would be read as the next answer.
    """

    def __init__(self, trust: ssl.SSLContext, proxy: Proxy | None = None) -> None:
        self._trust = trust
        self._proxy = proxy
        self._http: httpcore.AsyncHTTP11Connection | None = None
        self._wire: _Wire | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The answer's stream must be closed before the next request."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        headers = request.headers.raw
        if self._proxy and url.scheme == b"http":
            headers = [*headers, *await _proxy_headers(self._proxy)]
            url = _through(self._proxy, target=bytes(url))
        if self._http and not await self._is_clean():
            await self.aclose()
        if self._http is None or self._wire is None:
            self._http, self._wire = await self._opened(url, request.extensions)
        self._wire.begin_head()
        response = await self._http.handle_async_request(
            httpcore.Request(
                request.method, url, headers=headers, content=request.stream, extensions=request.extensions
            )
        )
        self._wire.begin_body()
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    async def _is_clean(self) -> bool:
        """Whether the connection is open and no unexpected bytes have arrived."""
        if not self._http or not self._wire or not self._http.is_idle() or self._http.has_expired():
            return False
        # Surplus bytes stay in h11's buffer, which httpcore does not expose. If httpcore renames `_h11_state`, no
        # connection is reused.
        state = getattr(self._http, "_h11_state", None)
        return state is not None and not state.trailing_data[0] and await self._wire.is_silent()

    async def _opened(self, url: httpcore.URL, extensions: Any) -> tuple[httpcore.AsyncHTTP11Connection, _Wire]:
        timeout = extensions["timeout"]["connect"]
        if self._proxy is None:
            stream = await _connected(url, self._trust, timeout)
        elif url.scheme == b"http":
            stream = await _connected_to_proxy(url, timeout)
        else:
            stream = await self._tunnel(self._proxy, url, extensions)
        wire = _Wire(stream)
        return httpcore.AsyncHTTP11Connection(url.origin, wire), wire

    async def _tunnel(self, proxy: Proxy, url: httpcore.URL, extensions: Any) -> httpcore.AsyncNetworkStream:
        timeout = extensions["timeout"]["connect"]
        target = b"%b:%d" % (url.host, url.origin.port)
        through = _through(proxy, target=target)
        wire = _Wire(await _connected_to_proxy(through, timeout))
        wire.begin_head()
        try:
            response = await httpcore.AsyncHTTP11Connection(through.origin, wire).handle_async_request(
                httpcore.Request(
                    b"CONNECT",
                    through,
                    headers=[(b"Host", target), (b"Accept", b"*/*"), *await _proxy_headers(proxy)],
                    extensions=extensions,
                )
            )
            raise_for_proxy(response.status)
            stream: httpcore.AsyncNetworkStream = response.extensions["network_stream"]
            return await stream.start_tls(self._trust, url.host.decode("ascii"), timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await wire.aclose()
            raise

    async def aclose(self) -> None:
        """Close the connection. The next request opens a new connection."""
        opened, self._http, self._wire = self._http, None, None
        if opened:
            with anyio.CancelScope(shield=True):
                await opened.aclose()


def raise_for_proxy(status: int) -> None:
    """Raise an error if a proxy did not accept CONNECT.

    Raises:
        PollError: the status is not a success.

    """
    if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP
        return
    message = f"the proxy answered HTTP {status}"
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise Unauthorized(f"{message}: proxy_user and proxy_password are missing or not accepted")
    raise ConnectFailed(message) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Forbidden(message)


async def _proxy_headers(proxy: Proxy) -> Iterable[tuple[bytes, bytes]]:
    if proxy.auth is None:
        return []
    return [(b"Proxy-Authorization", (await read_credentials(proxy.auth, proxy.auth.header)).encode())]


def _through(proxy: Proxy, target: bytes) -> httpcore.URL:
    url = httpcore.URL(proxy.url)
    return httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=target)


async def _connected_to_proxy(url: httpcore.URL, seconds: float) -> httpcore.AsyncNetworkStream:
    # A proxy's own certificate is always verified with the usual authorities, whatever the vendor's is verified with.
    trust = httpx.create_ssl_context(trust_env=False) if url.scheme == b"https" else None
    try:
        return await _connected(url, trust, seconds)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise httpcore.ProxyError from error


async def _connected(url: httpcore.URL, trust: ssl.SSLContext | None, seconds: float) -> httpcore.AsyncNetworkStream:
    host = url.host.decode("ascii")
    stream = await httpcore.AnyIOBackend().connect_tcp(host, url.origin.port, seconds)
    if url.scheme != b"https" or trust is None:
        return stream
    try:
        return await stream.start_tls(trust, host, seconds)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await stream.aclose()
        raise


class _Wire(httpcore.AsyncNetworkStream):
    """A stream that limits how many bytes of an answer are read, both in total and at once."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._page = _HEAD_PAGE_BYTES
        self._left = MAX_HEAD_BYTES

    def begin_head(self) -> None:
        """Apply the limits for the head of an answer."""
        self._page, self._left = _HEAD_PAGE_BYTES, MAX_HEAD_BYTES

    def begin_body(self) -> None:
        """Apply the limits for a body, which is read in larger pieces."""
        self._page, self._left = _BODY_PAGE_BYTES, _MAX_WIRE_BYTES

    async def is_silent(self) -> bool:
        """Whether the other end has neither sent unread bytes nor closed the connection."""
        with anyio.CancelScope() as scope, suppress(httpcore.NetworkError):
            _cancel_after_turns(scope, _TURNS)
            await self._stream.read(1)
        return scope.cancelled_caught

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        """Return the next bytes: at most `max_bytes`, and at most as many as may be read at once.

        Raises:
            TooLarge: as many bytes as a head or a body may have were already read.

        """
        if self._left <= 0:
            raise TooLarge("the answer's head, or the framing of its body, is too large")
        data = await self._stream.read(min(max_bytes, self._page), timeout)
        self._left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the same
        """Send the whole buffer."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the same
    ) -> httpcore.AsyncNetworkStream:
        """Return the stream, encrypted with TLS."""
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Return information that httpcore asks for, such as whether the socket is readable."""
        return self._stream.get_extra_info(info)


def _cancel_after_turns(scope: anyio.CancelScope, turns: int) -> None:
    """Cancel a scope after some turns of the event loop. A second task that counts them would cost far more."""
    if turns:
        asyncio.get_running_loop().call_soon(_cancel_after_turns, scope, turns - 1)
    else:
        scope.cancel()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        await self._response.aclose()
