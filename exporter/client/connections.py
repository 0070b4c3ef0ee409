"""The connections to an endpoint: the one home of httpx, and the one translation of HTTP into `PollError`.

httpx's transports are used without its client, whose cookies, redirects, environment and pool we have no use for.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, cast

import anyio
import httpx

from exporter import __version__
from exporter.client.body import read_body
from exporter.client.endpoint import Endpoint
from exporter.client.response import Response
from exporter.errors import BadRequest, ConnectFailed, NameUnresolved, PollError, ProtocolBroken, TimedOut, TLSFailed

Transport = httpx.AsyncBaseTransport
"""What carries requests; tests have their own."""
OnRequest = Callable[[str, float], None]
"""Who is told of a request that was answered with a status, or `none`, and how many seconds that took."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"usage-exporter/{__version__}",
}
# TCP and TLS have to be given up by httpx, which closes the socket then; a deadline around it would leave it open.
_SHARE_FOR_A_HANDSHAKE: Final = 0.45
_KEPT_IDLE_SECONDS: Final = 5.0
# Of one transport, which is asked for one request at a time; a pool without a limit never queues.
_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=1, keepalive_expiry=_KEPT_IDLE_SECONDS)
_NO_ANSWER: Final = "none"


class Connections:
    """Connections to one endpoint: as many as there are requests under way, kept open a moment and used again.

    Each is a transport of its own, for httpx's pool looks at all its connections for each request.
    """

    def __init__(self, endpoint: Endpoint, on_request: OnRequest, transport: Transport | None = None) -> None:
        self._base_url = endpoint.base_url
        self._timeout = endpoint.timeout
        handshake = _SHARE_FOR_A_HANDSHAKE * endpoint.timeout
        self._extensions = {"timeout": httpx.Timeout(endpoint.timeout, connect=handshake).as_dict()}
        self._on_request = on_request
        self._open: Callable[[], Transport] = (lambda: transport) if transport else partial(_transport_of, endpoint)
        self._idle: list[tuple[float, Transport]] = []

    async def exchange(self, method: str, path: str, authorization: str | None, limit: int, **content: Any) -> Response:
        """Send a request and read the answer whole; the body of one that is no success is not looked at.

        Args:
            method: GET or POST.
            path: below the base URL.
            authorization: the value of the header that signs it, if one does.
            limit: of the answer's body, in bytes.
            content: httpx's `params` and `json`.

        Raises:
            PollError: there is no whole answer.

        """
        request = self._request(method, path, authorization, content)
        code = _NO_ANSWER
        began = anyio.current_time()
        try:
            with _mapped_errors(), anyio.fail_after(self._timeout):
                transport = await self._acquire()
                try:
                    response = await transport.handle_async_request(request)
                    stream = cast("httpx.AsyncByteStream", response.stream)
                    try:
                        code = str(response.status_code)
                        encoding = response.headers.get("content-encoding", "")
                        body = await read_body(aiter(stream), encoding, limit) if response.is_success else b""
                    finally:
                        await stream.aclose()
                finally:
                    self._idle.append((anyio.current_time(), transport))
        finally:
            self._on_request(code, anyio.current_time() - began)
        return Response(response.status_code, response.headers, body)

    async def _acquire(self) -> Transport:
        """Return the transport that was used last, or a new one; those that were not used for long are closed."""
        while self._idle and self._idle[0][0] + _KEPT_IDLE_SECONDS < anyio.current_time():
            await self._idle.pop(0)[1].aclose()
        return self._idle.pop()[1] if self._idle else self._open()

    def _request(self, method: str, path: str, authorization: str | None, content: Mapping[str, Any]) -> httpx.Request:
        headers = _HEADERS | {"Authorization": authorization} if authorization is not None else _HEADERS
        try:
            return httpx.Request(method, self._base_url + path, headers=headers, extensions=self._extensions, **content)
        except (httpx.InvalidURL, UnicodeError):
            raise BadRequest("base_url has a host that is no name") from None

    async def aclose(self) -> None:
        """Close all."""
        while self._idle:
            await self._idle.pop()[1].aclose()


def _transport_of(endpoint: Endpoint) -> Transport:
    return httpx.AsyncHTTPTransport(
        verify=ssl_context(endpoint.ca_file, endpoint.insecure_skip_verify),
        proxy=endpoint.proxy_url,
        trust_env=False,
        limits=_LIMITS,
    )


@lru_cache
def ssl_context(ca_file: Path | None, insecure: bool) -> ssl.SSLContext:
    """Return the one context of all endpoints with the same trust: making one costs 30 ms."""
    if ca_file is not None and not insecure:
        return ssl.create_default_context(cafile=ca_file)
    return httpx.create_ssl_context(verify=not insecure, trust_env=False)


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """Say in our words what went wrong in the network; httpx's own may hold a header's value."""
    try:
        yield
    except httpx.ConnectTimeout:
        raise ConnectFailed("no connection in time") from None
    except (httpx.TimeoutException, TimeoutError):
        raise TimedOut("no whole answer in time") from None
    except (httpx.ConnectError, httpx.ProxyError) as error:
        raise _connect_error(error) from None
    except httpx.RequestError as error:
        raise ProtocolBroken(f"the connection broke or spoke no HTTP ({type(error).__name__})") from None


def _connect_error(error: BaseException) -> PollError:
    """Return what kept a connection from being made, which is in the causes of httpx's error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            said = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
            return TLSFailed(f"TLS failed: {said or 'no reason given'}")
        if isinstance(cause, socket.gaierror):
            return NameUnresolved("the host name has no address")
        if isinstance(cause, OSError) and cause.errno:
            return ConnectFailed(f"no connection: {os.strerror(cause.errno)}")
        cause = cause.__cause__ or cause.__context__
    return ConnectFailed("no connection")
