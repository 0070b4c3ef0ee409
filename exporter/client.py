"""One account's HTTP: signed, paced and bounded requests, and the one translation of HTTP into `PollError`."""

from __future__ import annotations

import os
import random
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import anyio
import httpx

from exporter import __version__
from exporter.answer import Answer
from exporter.auth import Fixed, Login, Signer, TokenSource
from exporter.body import MAX_BODY_BYTES, MAX_TOKEN_BODY_BYTES, read_body
from exporter.errors import (
    BadRequest,
    ConnectFailed,
    NameUnresolved,
    PollError,
    ProtocolBroken,
    RateLimited,
    TimedOut,
    TLSFailed,
    Unauthorized,
)
from exporter.pacing import MAX_IN_FLIGHT, Pacer, RateLimit
from exporter.retry import retry_delay
from exporter.vendors import Account

# The pool never queues: it is larger than what we let in flight.
_LIMITS: Final = httpx.Limits(max_connections=2 * MAX_IN_FLIGHT, max_keepalive_connections=MAX_IN_FLIGHT)
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"usage-exporter/{__version__}",
}
# TCP and TLS have to be given up by httpx, which closes the socket then; a deadline around it would leave it open.
_SHARE_FOR_A_HANDSHAKE: Final = 0.45
_NO_ANSWER: Final = "none"


class Observer(Protocol):
    """Who is told of requests."""

    def requested(self, code: str, seconds: float) -> None:
        """Note a request that was answered with the status `code`, or `none`, and how long that took."""

    def token_refreshed(self) -> None:
        """Note a sign-in that brought a token."""

    def rate_limit_stated(self, stated: RateLimit) -> None:
        """Note what an answer says of the vendor's limit."""


class Client:
    """Asks one account's vendor. It is the account's `Ask`, within its `async with`."""

    def __init__(
        self,
        account: Account,
        pacer: Pacer,
        observer: Observer,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._account = account
        self._pacer = pacer
        self._observer = observer
        self._in_flight = anyio.CapacityLimiter(MAX_IN_FLIGHT)
        auth = account.auth
        self._signer: Signer = (
            TokenSource(auth, partial(self._sign_in, auth)) if isinstance(auth, Login) else Fixed(auth)
        )
        self._http = httpx.AsyncClient(
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            verify=_ssl_context(account.tls.ca_file, account.tls.insecure_skip_verify),
            proxy=account.proxy_url,
            trust_env=False,
            timeout=httpx.Timeout(account.timeout, connect=_SHARE_FOR_A_HANDSHAKE * account.timeout),
            limits=_LIMITS,
            follow_redirects=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def __call__(
        self, path: str, *, params: Mapping[str, str] | None = None, body: Mapping[str, object] | None = None
    ) -> object:
        """Return the JSON that a GET answers, or a POST where there is a body.

        Raises:
            PollError: there is none, after as many tries as its kind is worth.

        """
        method = "GET" if body is None else "POST"
        attempt = 1
        while True:
            try:
                request = self._request(method, path, params=params, json=body)
                return (await self._signed(request)).json()
            except PollError as error:
                error.asked = error.asked or f"{method} {self._account.base_url}{path}"
                delay = retry_delay(error, attempt, random.random())  # noqa: S311 - jitter is no secret
                if delay is None:
                    raise
                if isinstance(error, RateLimited):
                    self._pacer.pause(delay)
                else:
                    await anyio.sleep(delay)
            attempt += 1

    def _request(self, method: str, path: str, **content: Any) -> httpx.Request:
        try:
            return self._http.build_request(method, self._account.base_url + path, **content)
        except (httpx.InvalidURL, UnicodeError):
            raise BadRequest("base_url has a host that is no name") from None

    async def _signed(self, request: httpx.Request) -> Answer:
        """Send a request signed, and once more if another signature can be had after it was refused."""
        header = await self._signer.header()
        answer = await self._send(request, header)
        if self._signer.answered(answer.status):
            other = await self._signer.header(refused=header)
            if other is not None:
                answer = await self._send(request, other)
                self._signer.answered(answer.status)
        answer.raise_for_status(datetime.now(UTC))
        return answer

    async def _sign_in(self, login: Login) -> tuple[str, float]:
        try:
            request = self._request("POST", login.path, headers=login.headers(), json=login.json())
            answer = await self._send(request, None, limit=MAX_TOKEN_BODY_BYTES)
            if answer.status in login.refused_on:
                raise Unauthorized(f"the sign-in was refused with HTTP {answer.status}")
            answer.raise_for_status(datetime.now(UTC))
            header, lifetime = login.token(answer.json())
        except PollError as error:
            error.asked = f"POST {self._account.base_url}{login.path}"
            raise
        self._observer.token_refreshed()
        return header, lifetime

    async def _send(self, request: httpx.Request, authorization: str | None, limit: int = MAX_BODY_BYTES) -> Answer:
        if authorization is not None:
            request.headers["Authorization"] = authorization
        await self._pacer.wait()
        async with self._in_flight:
            answer = await self._exchange(request, limit)
        stated = RateLimit.stated_by(answer.headers)
        self._pacer.heed(stated)
        self._observer.rate_limit_stated(stated)
        return answer

    async def _exchange(self, request: httpx.Request, limit: int) -> Answer:
        """Send a request and read the answer whole; the body of one that is no success is not looked at."""
        code = _NO_ANSWER
        began = anyio.current_time()
        try:
            with _translated(), anyio.fail_after(self._account.timeout):
                response = await self._http.send(request, stream=True)
                try:
                    code = str(response.status_code)
                    encoding = response.headers.get("content-encoding", "")
                    body = await read_body(response.aiter_raw(), encoding, limit) if response.is_success else b""
                finally:
                    await response.aclose()
        finally:
            self._observer.requested(code, anyio.current_time() - began)
        return Answer(response.status_code, response.headers, body)


@contextmanager
def _translated() -> Iterator[None]:
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


@lru_cache
def _ssl_context(ca_file: Path | None, insecure: bool) -> ssl.SSLContext:
    """Return the one context of all accounts with the same trust: making one costs 30 ms."""
    if ca_file is not None and not insecure:
        return ssl.create_default_context(cafile=ca_file)
    return httpx.create_ssl_context(verify=not insecure, trust_env=False)
