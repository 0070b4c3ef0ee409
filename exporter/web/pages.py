"""The exporter's routes: `/metrics`, pages for people, `/api/` and `/-/`. No route waits for a vendor."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import anyio

from exporter.exposition.negotiation import accepts_gzip, content_type, negotiate
from exporter.exposition.page import Exposition
from exporter.status.document import Status
from exporter.status.pace import Paces
from exporter.status.report import report
from exporter.store.snapshot import AccountKey
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.web.details import account_page, configuration_page
from exporter.web.html import HEADERS as HTML_HEADERS
from exporter.web.landing import account_path, landing_page

_PIECE_BYTES: Final = 256 * 1024
_READS: Final = ("GET", "HEAD")
_NOT_ENABLED: Final = "not enabled: start with --web.enable-lifecycle\n"
_REFUSED_REST: Final = "a refused sign-in is repeated after a minute or more, unless its secret has changed\n"
_TEXT: Final = "text/plain; charset=utf-8"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PageResponse:
    """An answer to a request. The `body` consists of pieces, whose total length is `length`."""

    body: Iterable[bytes]
    length: int
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[bytes, bytes], ...] = ()


_Headers = Mapping[bytes, bytes]
PageHandler = Callable[[_Headers], Awaitable[PageResponse]]
"""Makes the answer to a request from the request's headers."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The operations that a client may request of a running exporter, and the data that pages show besides figures.

    Attributes:
        reload: reloads the configuration, and returns any problems as text; None if reloads are not enabled.
        poll: polls an account now, and returns whether the account exists; None if polls are not enabled.
        retry: polls failing accounts now, and returns the polled accounts; None if polls are not enabled.
        configuration: returns the configuration in use as YAML without secrets; None if no page may show it.
        paces: how fast each quota is used.
        clock: returns the Unix time.

    """

    reload: Callable[[], Awaitable[str]] | None = None
    poll: Callable[[AccountKey], bool] | None = None
    retry: Callable[[], Iterable[AccountKey]] | None = None
    configuration: Callable[[], str] | None = None
    paces: Paces = field(default_factory=Paces)
    clock: Callable[[], float] = time.time


class Application:
    """The exporter's pages, as an ASGI application."""

    def __init__(
        self, store: Store, telemetry: Telemetry, telemetry_path: str, lifecycle: Lifecycle | None = None
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._exposition = Exposition(store, telemetry)
        self._telemetry_path = telemetry_path
        self._lifecycle = lifecycle or Lifecycle()
        self._routes: dict[str, tuple[tuple[str, ...], PageHandler]] = {
            "/": (_READS, self._landing),
            "/configuration": (_READS, self._configuration),
            "/api/v1/status": (_READS, self._status_json),
            "/-/healthy": (_READS, self._healthy),
            "/-/ready": (_READS, self._ready),
            "/-/reload": (("POST",), self._reload_config),
            telemetry_path: (_READS, self._metrics),
        }

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        await _send(await self._respond(scope), send)

    async def _respond(self, scope: Scope) -> PageResponse:
        route = self._routes.get(scope["path"]) or self._account_route(scope["path"])
        if scope["path"] == "/-/poll":
            route = ("POST",), partial(self._poll, scope["query_string"])
        if route is None:
            return _text("not found\n", HTTPStatus.NOT_FOUND)
        methods, answer = route
        if scope["method"] not in methods:
            return _text(
                "method not allowed\n", HTTPStatus.METHOD_NOT_ALLOWED, ((b"allow", ", ".join(methods).encode()),)
            )
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b"," + value if name in headers else value
        return await answer(headers)

    async def _metrics(self, headers: _Headers) -> PageResponse:
        accept = headers.get(b"accept", b"").decode("latin-1")
        form = negotiate(accept)
        kind = content_type(form, accept)
        page = await self._exposition.current(form)
        vary = (b"vary", b"Accept, Accept-Encoding")
        if not accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin-1")):
            return PageResponse(_coalesced(page.text()), page.length, kind, headers=(vary,))
        compressed = page.gzip_parts
        length = sum(map(len, compressed))
        return PageResponse(_coalesced(compressed), length, kind, headers=(vary, (b"content-encoding", b"gzip")))

    def _status(self) -> Status:
        paces, now = self._lifecycle.paces, self._lifecycle.clock()
        return report(self._store, self._telemetry, paces, now, anyio.current_time())

    async def _status_json(self, _headers: _Headers) -> PageResponse:
        body = self._status().model_dump_json(indent=2).encode() + b"\n"
        return PageResponse((body,), len(body), "application/json", headers=((b"cache-control", b"no-store"),))

    async def _landing(self, _headers: _Headers) -> PageResponse:
        has_config = self._lifecycle.configuration is not None
        return _html(landing_page(self._status(), self._telemetry_path, has_config=has_config))

    def _account_route(self, path: str) -> tuple[tuple[str, ...], PageHandler] | None:
        """Return the methods and the handler of an account's page; None if no account has this path."""
        key = next((key for key, _ in self._store if account_path(*key) == path), None)
        return (_READS, partial(self._account, key)) if key else None

    async def _account(self, key: AccountKey, _headers: _Headers) -> PageResponse:
        status = self._status()
        (account,) = (one for one in status.accounts if (one.vendor, one.account) == key)
        return _html(account_page(account, status.now))

    async def _configuration(self, _headers: _Headers) -> PageResponse:
        if self._lifecycle.configuration is None:
            return _text("not found\n", HTTPStatus.NOT_FOUND)
        accepted_at, now = self._telemetry.reload_status.accepted_at, self._lifecycle.clock()
        return _html(configuration_page(self._lifecycle.configuration(), accepted_at, now))

    async def _healthy(self, _headers: _Headers) -> PageResponse:
        return _text("healthy\n")

    async def _ready(self, _headers: _Headers) -> PageResponse:
        if self._store.ready:
            return _text("ready\n")
        return _text("not every account has been polled yet\n", HTTPStatus.SERVICE_UNAVAILABLE)

    async def _reload_config(self, _headers: _Headers) -> PageResponse:
        if self._lifecycle.reload is None:
            return _text(_NOT_ENABLED, HTTPStatus.FORBIDDEN)
        if problems := await self._lifecycle.reload():
            return _text(f"the configuration is refused:\n{problems}\n", HTTPStatus.INTERNAL_SERVER_ERROR)
        return _text("config reloaded\n")

    async def _poll(self, query: bytes, _headers: _Headers) -> PageResponse:
        """Poll now: the account that the query names, or the failing accounts if the query is empty."""
        poll, retry = self._lifecycle.poll, self._lifecycle.retry
        if poll is None or retry is None:
            return _text(_NOT_ENABLED, HTTPStatus.FORBIDDEN)
        named = dict(parse_qsl(query.decode("latin-1")))
        if not named:
            return _text(self._describe_tried(list(retry())))
        if named.keys() != {"vendor", "account"}:
            return _text("give vendor and account, or neither to poll all failing accounts\n", HTTPStatus.BAD_REQUEST)
        if not poll((named["vendor"], named["account"])):
            return _text("there is no such account\n", HTTPStatus.NOT_FOUND)
        return _text("polled now\n")

    def _describe_tried(self, tried: list[AccountKey]) -> str:
        if not tried:
            return "no failing account can be retried now\n"
        errors = [self._store[key].error for key in tried]
        is_refused = any(error is not None and error.reason == "auth" for error in errors)
        names = ", ".join(f"{vendor}/{name}" for vendor, name in tried)
        return f"polled now: {names}\n" + (_REFUSED_REST if is_refused else "")


def _text(text: str, status: HTTPStatus = HTTPStatus.OK, headers: tuple[tuple[bytes, bytes], ...] = ()) -> PageResponse:
    body = text.encode()
    return PageResponse((body,), len(body), _TEXT, status, headers)


def _html(text: str) -> PageResponse:
    body = text.encode()
    return PageResponse((body,), len(body), "text/html; charset=utf-8", headers=HTML_HEADERS)


def _coalesced(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of the blocks, with small blocks joined into larger pieces."""
    piece: list[bytes] = []
    length = 0
    for block in blocks:
        if length + len(block) > _PIECE_BYTES and piece:
            yield b"".join(piece)
            piece, length = [], 0
        piece.append(block)
        length += len(block)
    yield piece[0] if len(piece) == 1 else b"".join(piece)


async def _send(reply: PageResponse, send: Send) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(reply.length).encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status.value, "headers": headers})
    for part in reply.body:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
