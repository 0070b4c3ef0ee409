"""The exporter's own HTTP: `/metrics`, `/`, `/-/healthy` and `/-/ready`, and nothing that waits for a vendor."""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config as HypercornConfig
from prometheus_client import CollectorRegistry

from exporter.exposition import accepts_gzip, compress, negotiate, page
from exporter.landing import HEADERS as LANDING_HEADERS
from exporter.landing import landing_page
from exporter.store import Store

GRACE_SECONDS: Final = 5.0
"""How long scrapes under way may take to end once the exporter is to stop."""
_IDLE_SECONDS: Final = 120.0
"""Prometheus scrapes every 15 to 60 s; a connection should live from one scrape to the next."""
_SLICE_BYTES: Final = 64 * 1024
_MOST_REQUEST_HEADER_BYTES: Final = 16 * 1024
_COMPRESSED_IN_THREAD_BYTES: Final = 64 * 1024
_TEXT: Final = "text/plain; charset=utf-8"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request."""

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Application:
    """The exporter's pages, as an ASGI application."""

    def __init__(self, store: Store, registry: CollectorRegistry, telemetry_path: str) -> None:
        self._store = store
        self._registry = registry
        self._telemetry_path = telemetry_path
        self._routes: dict[str, Callable[[Mapping[bytes, bytes]], Awaitable[Reply]]] = {
            "/": self._landing,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
            telemetry_path: self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await _send(await self._reply(scope), scope["method"], send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _reply(self, scope: Scope) -> Reply:
        route = self._routes.get(scope["path"])
        if route is None:
            return _text("not found\n", HTTPStatus.NOT_FOUND)
        if scope["method"] not in ("GET", "HEAD"):
            return _text("method not allowed\n", HTTPStatus.METHOD_NOT_ALLOWED, ((b"allow", b"GET, HEAD"),))
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b"," + value if name in headers else value
        return await route(headers)

    async def _metrics(self, headers: Mapping[bytes, bytes]) -> Reply:
        form = negotiate(headers.get(b"accept", b"").decode("latin-1"))
        body = page(self._store, self._registry, form, anyio.current_time())
        vary = (b"vary", b"Accept, Accept-Encoding")
        if not accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin-1")):
            return Reply(body, form.value, headers=(vary,))
        if len(body) < _COMPRESSED_IN_THREAD_BYTES:
            packed = compress(body)
        else:
            packed = await anyio.to_thread.run_sync(compress, body)
        return Reply(packed, form.value, headers=(vary, (b"content-encoding", b"gzip")))

    async def _landing(self, _headers: Mapping[bytes, bytes]) -> Reply:
        html = landing_page(self._store, self._telemetry_path, anyio.current_time())
        return Reply(html.encode(), "text/html; charset=utf-8", headers=LANDING_HEADERS)

    async def _healthy(self, _headers: Mapping[bytes, bytes]) -> Reply:
        return _text("healthy\n")

    async def _ready(self, _headers: Mapping[bytes, bytes]) -> Reply:
        if self._store.ready:
            return _text("ready\n")
        return _text("not every account was polled yet\n", HTTPStatus.SERVICE_UNAVAILABLE)


async def serve(
    app: ASGIApp,
    sockets: Iterable[socket.socket],
    stop: anyio.Event,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve an application on bound sockets until `stop`, then let requests under way end within the grace time."""
    config = HypercornConfig()
    config.bind = [f"fd://{one.detach()}" for one in sockets]
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.keep_alive_timeout = _IDLE_SECONDS
    config.keep_alive_max_requests = 2**31
    config.graceful_timeout = GRACE_SECONDS
    config.h11_max_incomplete_size = _MOST_REQUEST_HEADER_BYTES
    config.include_server_header = False

    async def end_after_grace() -> None:
        await stop.wait()
        await anyio.sleep(GRACE_SECONDS)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end_after_grace)
        task_status.started()
        await hypercorn_serve(app, config, shutdown_trigger=stop.wait)
        tasks.cancel_scope.cancel()


def _text(text: str, status: HTTPStatus = HTTPStatus.OK, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    return Reply(text.encode(), _TEXT, status, headers)


async def _send(reply: Reply, method: str, send: Send) -> None:
    """Send a reply; its body in slices, so that a slow reader costs no copy of the page."""
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status.value, "headers": headers})
    if method != "HEAD":
        for part in _slices(reply.body):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _slices(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _SLICE_BYTES):
        yield body[start : start + _SLICE_BYTES]


async def _lifespan(receive: Receive, send: Send) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
