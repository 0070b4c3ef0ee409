"""A call that goes wrong, and the answer that the simulated vendor would have given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from anyio.abc import SocketStream
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAM = "exporter.stream"
"""The ASGI extension by which the sandbox's server exposes the connection itself."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class FaultyResponse:
    """A complete HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ((b"content-type", b"application/json"),)

    def with_headers(self, *headers: tuple[str, str]) -> "FaultyResponse":
        """Return the answer with these headers. They replace headers of the same names."""
        given = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
        named = {name for name, _ in given}
        return replace(self, headers=(*(header for header in self.headers if header[0].lower() not in named), *given))

    def with_body(self, body: bytes, content_type: str = "application/json") -> "FaultyResponse":
        """Return the answer with another body."""
        return replace(self, body=body).with_headers(("content-type", content_type), ("content-length", str(len(body))))


@dataclass(frozen=True, slots=True)
class Call:
    """A call that goes wrong: the app that would answer the call, ASGI's three arguments, and the fault's settings.

    Attributes:
        given: the fault's options by name, and the fault's value under the name `value`.

    """

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    given: Mapping[str, Any]

    @property
    def stream(self) -> SocketStream:
        """The client's connection.

        Raises:
            ConnectionAbortedError: the server does not expose the connection. The error ends the call unanswered.

        """
        extension = self.scope.get("extensions", {}).get(STREAM)
        if extension is None:
            raise ConnectionAbortedError("the server hands out no connection")
        stream: SocketStream = extension["stream"]
        return stream

    async def ask_vendor(self, **changed: Any) -> FaultyResponse:
        """Return the vendor's own answer to this call. `changed` replaces entries of the call's scope."""
        messages: list[Message] = []

        async def hear(message: Message) -> None:
            messages.append(message)

        await self.app({**self.scope, **changed}, self.receive, hear)
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        return FaultyResponse(start["status"], body, tuple(start["headers"]))

    async def answer(self, answer: FaultyResponse) -> None:
        """Answer the call."""
        await self.begin(answer)
        await self.go_on(answer.body, more=False)

    async def begin(self, answer: FaultyResponse) -> None:
        """Send an answer's status and headers."""
        await self.send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})

    async def go_on(self, body: bytes, *, more: bool = True) -> None:
        """Send a part of an answer's body."""
        await self.send({"type": "http.response.body", "body": body, "more_body": more})
