"""One call of a simulated API that is to go wrong, and the answer that the vendor would have given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from anyio.abc import SocketStream
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAM = "exporter.stream"
"""The ASGI extension by which our server hands out the connection itself."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class FaultyResponse:
    """A whole HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ((b"content-type", b"application/json"),)

    def with_headers(self, *headers: tuple[str, str]) -> "FaultyResponse":
        """Return the answer with these headers in place of those of the same names."""
        given = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
        named = {name for name, _ in given}
        return replace(self, headers=(*(header for header in self.headers if header[0].lower() not in named), *given))

    def with_body(self, body: bytes, content_type: str = "application/json") -> "FaultyResponse":
        """Return the answer with another body."""
        return replace(self, body=body).with_headers(("content-type", content_type), ("content-length", str(len(body))))


@dataclass(frozen=True, slots=True)
class Call:
    """A call, what answers it, and to whom the answer goes: ASGI's words, in one hand.

    Attributes:
        given: what the fault was given: by `value` what stands after its name, and its options by theirs.

    """

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    given: Mapping[str, Any]

    @property
    def stream(self) -> SocketStream:
        """The connection itself.

        Raises:
            ConnectionAbortedError: the server does not hand it out; the call ends without a word.

        """
        extension = self.scope.get("extensions", {}).get(STREAM)
        if extension is None:
            raise ConnectionAbortedError("the server hands out no connection")
        stream: SocketStream = extension["stream"]
        return stream

    async def ask_vendor(self, **changed: Any) -> FaultyResponse:
        """Return what the vendor answers, when parts of the call's scope are `changed`."""
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
