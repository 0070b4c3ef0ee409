"""One HTTP request and its answer, in ASGI's words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import anyio
import anyio.abc
import h11

from exporter.log import logger

Message = MutableMapping[str, Any]
ASGIApp = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

_SLICE_BYTES: Final = 64 * 1024


class Exchange:
    """A request, and what the application makes of it."""

    def __init__(
        self,
        http: h11.Connection,
        stream: anyio.abc.ByteStream,
        app: ASGIApp,
        request: h11.Request,
        body: bytes,
    ) -> None:
        self._http = http
        self._stream = stream
        self._app = app
        self._request = request
        self._body: bytes | None = body

    async def run(self) -> None:
        """Let the application answer; a bug of its is a 500, or the end of the connection once it has begun."""
        try:
            await self._app(self._scope(), self._receive, self._send)
        except (OSError, TimeoutError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise
        except Exception:  # noqa: BLE001 - a bug in one page must not end the server
            logger.exception("a page failed, please report it")
            if self._http.our_state is h11.SEND_RESPONSE:
                await self._send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
                await self._send({"type": "http.response.body"})

    def _scope(self) -> dict[str, Any]:
        path, _, query = self._request.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self._request.http_version.decode(),
            "method": self._request.method.decode(),
            "scheme": "http",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(self._request.headers),
            "client": None,
            "server": None,
            "extensions": {"exporter.stream": {"stream": self._stream}},
        }

    async def _receive(self) -> dict[str, Any]:
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        """Send what the application says; a body in slices, so that a slow reader costs no copy of the page."""
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if not any(name.lower() == b"date" for name, _ in headers):
                headers.append((b"date", formatdate(usegmt=True).encode()))
            status = HTTPStatus(message["status"])
            await self._send_event(h11.Response(status_code=status, reason=status.phrase, headers=headers))
            return
        body = message.get("body", b"")
        for start in range(0, len(body) if self._request.method != b"HEAD" else 0, _SLICE_BYTES):
            await self._send_event(h11.Data(data=body[start : start + _SLICE_BYTES]))
        if not message.get("more_body", False):
            await self._send_event(h11.EndOfMessage())

    async def _send_event(self, event: Any) -> None:
        if data := self._http.send(event):
            await self._stream.send(data)
