"""The exporter's own HTTP: `/metrics`, `/`, and what is below `/-/`; nothing waits for a vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import anyio

from exporter.exposition.negotiation import accepts_gzip, content_type, negotiate
from exporter.exposition.page import Exposition, SelfMetrics
from exporter.store.store import Store
from exporter.web.landing import HEADERS as LANDING_HEADERS
from exporter.web.landing import landing_page

_PIECE_BYTES: Final = 256 * 1024
_READS: Final = ("GET", "HEAD")
_TEXT: Final = "text/plain; charset=utf-8"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PageResponse:
    """An answer to a request; its body in pieces, as long as they are together."""

    body: Iterable[bytes]
    length: int
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[bytes, bytes], ...] = ()


PageHandler = Callable[[Mapping[bytes, bytes]], Awaitable[PageResponse]]
"""From a request's headers to the answer."""


class Application:
    """The exporter's pages, as an ASGI application."""

    def __init__(
        self,
        store: Store,
        own: SelfMetrics,
        telemetry_path: str,
        reload: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._store = store
        self._exposition = Exposition(store, own)
        self._telemetry_path = telemetry_path
        self._reload = reload
        self._routes: dict[str, tuple[tuple[str, ...], PageHandler]] = {
            "/": (_READS, self._landing),
            "/-/healthy": (_READS, self._healthy),
            "/-/ready": (_READS, self._ready),
            "/-/reload": (("POST",), self._reload_config),
            telemetry_path: (_READS, self._metrics),
        }

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        await _send(await self._respond(scope), send)

    async def _respond(self, scope: Scope) -> PageResponse:
        route = self._routes.get(scope["path"])
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

    async def _metrics(self, headers: Mapping[bytes, bytes]) -> PageResponse:
        accept = headers.get(b"accept", b"").decode("latin-1")
        form = negotiate(accept)
        kind = content_type(form, accept)
        page = await self._exposition.current(form)
        vary = (b"vary", b"Accept, Accept-Encoding")
        if not accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin-1")):
            return PageResponse(_coalesced(page.text()), page.length, kind, headers=(vary,))
        compressed = page.gzip_parts()
        length = sum(map(len, compressed))
        return PageResponse(_coalesced(compressed), length, kind, headers=(vary, (b"content-encoding", b"gzip")))

    async def _landing(self, _headers: Mapping[bytes, bytes]) -> PageResponse:
        html = landing_page(self._store, self._telemetry_path, anyio.current_time())
        body = html.encode()
        return PageResponse((body,), len(body), "text/html; charset=utf-8", headers=LANDING_HEADERS)

    async def _healthy(self, _headers: Mapping[bytes, bytes]) -> PageResponse:
        return _text("healthy\n")

    async def _ready(self, _headers: Mapping[bytes, bytes]) -> PageResponse:
        if self._store.ready:
            return _text("ready\n")
        return _text("not every account was polled yet\n", HTTPStatus.SERVICE_UNAVAILABLE)

    async def _reload_config(self, _headers: Mapping[bytes, bytes]) -> PageResponse:
        if self._reload is None:
            return _text("not enabled: start with --web.enable-lifecycle\n", HTTPStatus.FORBIDDEN)
        if problems := await self._reload():
            return _text(f"the configuration is refused:\n{problems}\n", HTTPStatus.INTERNAL_SERVER_ERROR)
        return _text("config reloaded\n")


def _text(text: str, status: HTTPStatus = HTTPStatus.OK, headers: tuple[tuple[bytes, bytes], ...] = ()) -> PageResponse:
    body = text.encode()
    return PageResponse((body,), len(body), _TEXT, status, headers)


def _coalesced(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield small blocks joined to pieces that are worth a send each, and large ones as they are."""
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
