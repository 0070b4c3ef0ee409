"""HTTP to one endpoint: signed, paced and bounded requests, tried again where that is worth it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
import anyio.to_thread

from exporter.client.auth import Login, Signer, StaticSigner, TokenSource
from exporter.client.body import LARGE_BODY_BYTES, MAX_BODY_BYTES, MAX_TOKEN_BODY_BYTES
from exporter.client.connections import Connections, Transport
from exporter.client.endpoint import Endpoint
from exporter.client.rate_limit import MAX_IN_FLIGHT, RateLimiter, StatedLimit
from exporter.client.response import Response
from exporter.client.retry import retry_delay
from exporter.errors import PollError, RateLimited, Unauthorized


class RequestObserver(Protocol):
    """Who is told of requests."""

    def on_request(self, code: str, seconds: float) -> None:
        """Note a request that was answered with the status `code`, or `none`, and how long that took."""

    def on_token_refreshed(self) -> None:
        """Note a sign-in that brought a token."""

    def on_stated_limit(self, stated: StatedLimit) -> None:
        """Note what an answer says of the vendor's limit."""


class Client:
    """Asks one endpoint, within its `async with`."""

    def __init__(
        self,
        endpoint: Endpoint,
        limiter: RateLimiter,
        observer: RequestObserver,
        transport: Transport | None = None,
    ) -> None:
        self._base_url = endpoint.base_url
        self._limiter = limiter
        self._observer = observer
        self._in_flight = anyio.CapacityLimiter(MAX_IN_FLIGHT)
        auth = endpoint.auth
        self._signer: Signer = (
            TokenSource(auth, partial(self._sign_in, auth)) if isinstance(auth, Login) else StaticSigner(auth)
        )
        self._connections = Connections(endpoint, observer.on_request, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connections.aclose()

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
                response = await self._send_signed(partial(self._send, method, path, params=params, json=body))
                if len(response.body) > LARGE_BODY_BYTES:
                    return await anyio.to_thread.run_sync(response.json)
                return response.json()
            except PollError as error:
                error.asked = error.asked or f"{method} {self._base_url}{path}"
                delay = retry_delay(error, attempt, random.random())  # noqa: S311 - jitter is no secret
                if delay is None:
                    raise
                if isinstance(error, RateLimited):
                    self._limiter.pause(delay)
                else:
                    await anyio.sleep(delay)
            attempt += 1

    async def _send_signed(self, send: Callable[[str | None], Awaitable[Response]]) -> Response:
        """Send a request signed, and once more if another signature can be had after it was refused."""
        header = await self._signer.header()
        response = await send(header)
        if self._signer.on_status(response.status):
            other = await self._signer.header(refused=header)
            if other is not None:
                response = await send(other)
                self._signer.on_status(response.status)
        response.raise_for_status(datetime.now(UTC))
        return response

    async def _sign_in(self, login: Login) -> tuple[str, float]:
        try:
            credentials = login.headers().get("Authorization")
            response = await self._send("POST", login.path, credentials, MAX_TOKEN_BODY_BYTES, json=login.json())
            if response.status in login.rejected_statuses:
                raise Unauthorized(f"the sign-in was refused with HTTP {response.status}")
            response.raise_for_status(datetime.now(UTC))
            header, lifetime = login.token(response.json())
        except PollError as error:
            error.asked = f"POST {self._base_url}{login.path}"
            raise
        self._observer.on_token_refreshed()
        return header, lifetime

    async def _send(
        self, method: str, path: str, authorization: str | None, limit: int = MAX_BODY_BYTES, **content: Any
    ) -> Response:
        await self._limiter.wait()
        async with self._in_flight:
            response = await self._connections.exchange(method, path, authorization, limit, **content)
        stated = StatedLimit.from_headers(response.headers)
        self._limiter.update(stated)
        self._observer.on_stated_limit(stated)
        return response
