"""HTTP to one endpoint: requests are signed, rate-limited, limited in time and size, and retried if useful."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Protocol, Self

import anyio
import anyio.to_thread

from exporter.client.auth import Login, Signer, StaticSigner, TokenSource
from exporter.client.body import MAX_BODY_BYTES, MAX_TOKEN_BODY_BYTES
from exporter.client.connections import Connections, Transport
from exporter.client.endpoint import Endpoint, url_of
from exporter.client.file_thread import read_credentials
from exporter.client.large_answers import LargeAnswers, Room
from exporter.client.large_work import answer_turn
from exporter.client.rate_limit import MAX_IN_FLIGHT, RateLimiter, StatedLimit
from exporter.client.response import Response
from exporter.client.retry import retry_delay
from exporter.errors import PollError, RateLimited, Unauthorized

_FIRST_ERROR: Final = 400
_MOST_MEANT: Final = 10_000
"""The maximum number of requests that are remembered as refused for a reason other than the signature."""


def _itself(document: object) -> object:
    return document


class RequestObserver(Protocol):
    """Receives the outcome of requests."""

    def on_request(self, code: str, seconds: float) -> None:
        """Record a request. The `code` is the HTTP status of the answer, or `none` if there was no answer."""

    def on_token_refreshed(self) -> None:
        """Record a sign-in that yielded a token."""

    def on_stated_limit(self, stated: StatedLimit) -> None:
        """Record the rate limit that an answer states."""


class Client:
    """Sends requests to one endpoint. Use it in an `async with` block."""

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
        self._in_flight = anyio.Semaphore(MAX_IN_FLIGHT, fast_acquire=True)
        self._large_answers = LargeAnswers()
        self._meant: dict[str, int] = {}
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

    async def __call__(  # noqa: PLR0913 - the parts of a request, and the handlers of its answer
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[object], Any] = _itself,
        on_next: Callable[[str], object] | None = None,
    ) -> Any:
        """Send a GET request, or a POST request if there is a `body`. Return the answer as converted by `read`.

        The path is below the base URL, or an absolute URL at the same host. The function `read` gets the JSON document.
        Large answers are decoded and converted one at a time, in a worker thread. If the answer's Link header states
        the next page's URL, the function `on_next` is called with this URL.

        Raises:
            PollError: the request and all of its retries failed.

        """
        method = "GET" if body is None else "POST"
        attempt = 1
        while True:
            try:
                async with self._large_answers.room() as room:
                    send = partial(self._send, method, path, room=room, headers=headers, params=params, json=body)
                    answer = await self._send_signed(f"{method} {path}", send)
                    if on_next and answer.next_link:
                        on_next(answer.next_link)
                    return await self._read(answer, read, room)
            except PollError as error:
                error.asked = error.asked or f"{method} {url_of(self._base_url, path)}"
                delay = retry_delay(error, attempt, random.random())  # noqa: S311 - jitter is no secret
                if delay is None:
                    raise
                if isinstance(error, RateLimited):
                    self._limiter.pause(delay)
                else:
                    await anyio.sleep(delay)
            attempt += 1

    async def rest(self) -> None:
        """Close idle connections, because no request will follow soon."""
        await self._connections.close_idle()

    async def _read(self, answer: Response, read: Callable[[object], Any], room: Room) -> Any:
        if not answer.is_large:
            return read(answer.json())
        await room.take()
        async with answer_turn():
            return await anyio.to_thread.run_sync(lambda: read(answer.json()))

    async def _send_signed(self, asked: str, send: Callable[[str | None], Awaitable[Response]]) -> Response:
        """Send a signed request. If its signature may have been refused, repeat it once with another signature.

        The request is not repeated if there is no other signature. If the repeated request is refused too, the
        signature is not the reason. Later, when the same request is refused with the same status, it is not repeated.
        """
        header = await self._signer.header()
        answer = await send(header)
        if self._signer.on_status(answer.status) and self._meant.get(asked) != answer.status:
            other = await self._signer.header(refused=header)
            if other is not None:
                answer = await send(other)
                self._signer.on_status(answer.status)
                self._note_meant(asked, answer.status)
        answer.raise_for_status(datetime.now(UTC))
        return answer

    def _note_meant(self, asked: str, status: int) -> None:
        if status < _FIRST_ERROR:
            self._meant.pop(asked, None)
            return
        self._signer.note_vain()
        if len(self._meant) < _MOST_MEANT:
            self._meant[asked] = status

    async def _sign_in(self, login: Login) -> tuple[str, float]:
        try:
            headers, content = await read_credentials(login, lambda: (login.headers(), login.content()))
            credentials = headers.get("Authorization")
            response = await self._send("POST", login.path, credentials, MAX_TOKEN_BODY_BYTES, **content)
            if response.status in login.rejected_statuses:
                raise Unauthorized(f"the sign-in was refused with HTTP {response.status}")
            response.raise_for_status(datetime.now(UTC))
            header, lifetime = login.token(response.json())
        except PollError as error:
            error.asked = f"POST {url_of(self._base_url, login.path)}"
            raise
        self._observer.on_token_refreshed()
        return header, lifetime

    async def _send(
        self,
        method: str,
        path: str,
        authorization: str | None,
        limit: int = MAX_BODY_BYTES,
        room: Room | None = None,
        **content: Any,
    ) -> Response:
        await self._limiter.wait()
        async with self._in_flight:
            answer = await self._connections.exchange(method, path, authorization, limit, room, **content)
        stated = StatedLimit.from_headers(answer.headers)
        self._limiter.update(stated)
        self._observer.on_stated_limit(stated)
        return answer
