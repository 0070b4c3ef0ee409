"""The exporter's own HTTP: `/metrics`, `/`, and what is below `/-/`; nothing waits for a vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import anyio
import anyio.to_thread
from prometheus_client import CollectorRegistry

from exporter.exposition import Exposition, accepts_gzip, compress, negotiate
from exporter.store import Store
from exporter.web.landing import HEADERS as LANDING_HEADERS
from exporter.web.landing import landing_page

_COMPRESSED_IN_THREAD_BYTES: Final = 64 * 1024
_READS: Final = ("GET", "HEAD")
_TEXT: Final = "text/plain; charset=utf-8"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request."""

    body: tuple[bytes, ...]
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[bytes, bytes], ...] = ()


Answer = Callable[[Mapping[bytes, bytes]], Awaitable[Reply]]
"""From a request's headers to the answer."""


class Application:
    """The exporter's pages, as an ASGI application."""

    def __init__(
        self,
        store: Store,
        registry: CollectorRegistry,
        telemetry_path: str,
        reload: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._store = store
        self._exposition = Exposition(store, registry)
        self._telemetry_path = telemetry_path
        self._reload = reload
        self._routes: dict[str, tuple[tuple[str, ...], Answer]] = {
            "/": (_READS, self._landing),
            "/-/healthy": (_READS, self._healthy),
            "/-/ready": (_READS, self._ready),
            "/-/reload": (("POST",), self._reloaded),
            telemetry_path: (_READS, self._metrics),
        }

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        await _send(await self._reply(scope), send)

    async def _reply(self, scope: Scope) -> Reply:
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

    async def _metrics(self, headers: Mapping[bytes, bytes]) -> Reply:
        form = negotiate(headers.get(b"accept", b"").decode("latin-1"))
        body = self._exposition.page(form, anyio.current_time())
        vary = (b"vary", b"Accept, Accept-Encoding")
        if not accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin-1")):
            return Reply(body, form.value, headers=(vary,))
        if sum(map(len, body)) < _COMPRESSED_IN_THREAD_BYTES:
            packed = compress(b"".join(body))
        else:
            packed = await anyio.to_thread.run_sync(compress, b"".join(body))
        return Reply((packed,), form.value, headers=(vary, (b"content-encoding", b"gzip")))

    async def _landing(self, _headers: Mapping[bytes, bytes]) -> Reply:
        html = landing_page(self._store, self._telemetry_path, anyio.current_time())
        return Reply((html.encode(),), "text/html; charset=utf-8", headers=LANDING_HEADERS)

    async def _healthy(self, _headers: Mapping[bytes, bytes]) -> Reply:
        return _text("healthy\n")

    async def _ready(self, _headers: Mapping[bytes, bytes]) -> Reply:
        if self._store.ready:
            return _text("ready\n")
        return _text("not every account was polled yet\n", HTTPStatus.SERVICE_UNAVAILABLE)

    async def _reloaded(self, _headers: Mapping[bytes, bytes]) -> Reply:
        if self._reload is None:
            return _text("not enabled: start with --web.enable-lifecycle\n", HTTPStatus.FORBIDDEN)
        if problems := await self._reload():
            return _text(f"the configuration is refused:\n{problems}\n", HTTPStatus.INTERNAL_SERVER_ERROR)
        return _text("the configuration was read again\n")


def _text(text: str, status: HTTPStatus = HTTPStatus.OK, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    return Reply((text.encode(),), _TEXT, status, headers)


async def _send(reply: Reply, send: Send) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(sum(map(len, reply.body))).encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status.value, "headers": headers})
    for part in reply.body:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
