"""One HTTP request and its answer, in ASGI terms."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from itertools import takewhile
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import anyio
import anyio.abc
import h11

from exporter.log import logger

Message = MutableMapping[str, Any]
ASGIApp = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

_SLICE_BYTES: Final = 256 * 1024
_SMALL_BYTES: Final = 16 * 1024
_ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)


Headers = list[tuple[bytes, bytes]]

STREAM: Final = "exporter.stream"
"""The ASGI scope's extension that holds the connection's stream."""
PEER: Final = "exporter.peer"
"""The ASGI scope's extension that holds the connection's peer."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a connection.

    Attributes:
        stream: the connection's bytes, decrypted.
        network: the network to which the peer's connection is counted, for the limit per network.
        is_gone: returns whether the socket shows that the peer has hung up. Under TLS, it often does not show this.

    """

    stream: anyio.abc.ByteStream
    network: str
    is_gone: Callable[[], bool]


class RequestCycle:
    """A request, and the application's answer to it."""

    def __init__(
        self,
        http: h11.Connection,
        peer: Peer,
        app: ASGIApp,
        request: h11.Request,
        body: bytes,
    ) -> None:
        self._http = http
        self._stream = peer.stream
        self._app = app
        self._request = request
        self._body: bytes | None = body
        self._peer = peer
        self._unsent: list[bytes] = []

    async def run(self) -> None:
        """Run the application. If it fails, answer with status 500, unless the application's answer has begun."""
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
        target, headers = origin_form(self._request.target, list(self._request.headers))
        path, _, query = target.partition(b"?")
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
            "headers": headers,
            "client": None,
            "server": None,
            "extensions": {STREAM: {"stream": self._stream}, PEER: {"peer": self._peer}},
        }

    async def _receive(self) -> dict[str, Any]:
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        """Send the application's message. A body is sent in slices, so that no copy of the whole body is needed."""
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if not any(name.lower() == b"date" for name, _ in headers):
                headers.append((b"date", formatdate(usegmt=True).encode()))
            status = HTTPStatus(message["status"])
            self._take(h11.Response(status_code=status, reason=status.phrase, headers=headers))
            return
        body = memoryview(message.get("body", b""))
        for start in range(0, len(body) if self._request.method != b"HEAD" else 0, _SLICE_BYTES):
            self._take(h11.Data(data=body[start : start + _SLICE_BYTES]))  # type: ignore[arg-type]  # bytes as they are
            await self._flush()
        if not message.get("more_body", False):
            self._take(h11.EndOfMessage())
            await self._flush()

    def _take(self, event: Any) -> None:
        self._unsent.extend(self._http.send_with_data_passthrough(event) or ())

    async def _flush(self) -> None:
        """Send the collected pieces. The small pieces at the beginning are joined."""
        small = list(takewhile(lambda piece: len(piece) <= _SMALL_BYTES, self._unsent))
        pieces, self._unsent = [b"".join(small), *self._unsent[len(small) :]], []
        for piece in pieces:
            if piece:
                await self._stream.send(piece)


def origin_form(target: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """Convert the target and headers of a request from absolute form to origin form (RFC 9112, 3.2.2)."""
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is None:
        return target, headers
    authority, path = absolute[1], absolute[2]
    path = path if path.startswith(b"/") else b"/" + path
    return path, [(b"host", authority), *(header for header in headers if header[0] != b"host")]
