"""Shapes of requests at the listener: what is refused, what is read as it was meant, what ends the connection."""

import re
import socket
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.abc
import h11
import pytest

from exporter.web.addresses import listen
from exporter.web.connection import refusal_of
from exporter.web.exchange import origin_form
from exporter.web.limits import Limits
from exporter.web.server import Secure, Server
from exporter.web.stream import SocketStream

pytestmark = pytest.mark.anyio
NEXT = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


async def say_what_came(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what the application saw of the request."""
    host = dict(scope["headers"]).get(b"host", b"-")
    body = b"%s %s" % (host, scope["raw_path"]) + (await receive())["body"]
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_to(sent: bytes, limits: Limits = Limits(idle_seconds=0.2), secure: Secure | None = None) -> bytes:  # noqa: B008 - frozen
    """Everything the server says until it closes."""
    stop, received = anyio.Event(), b""
    (listening,) = listen(["127.0.0.1:0"])
    async with anyio.create_task_group() as tasks:
        await tasks.start(Server(say_what_came, stop, limits, secure).run, [listening])
        with anyio.fail_after(20):
            async with await anyio.connect_tcp("127.0.0.1", listening.getsockname()[1]) as stream:
                try:
                    await stream.send(sent)
                    while True:
                        received += await stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    pass
        stop.set()
    return received


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n" + CHUNKED + b"0\r\n\r\n" + NEXT, [400]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nContent-Length: 0\r\n\r\nabcdef" + NEXT, [400]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT, [501]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde" + NEXT, [400]),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + NEXT, [400]),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + NEXT, [400]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n", [413]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na" + NEXT, [200, 200]),
        (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n" + NEXT, [505]),
        (b"GET / HTTP/1.2\r\nHost: x\r\n\r\n" + NEXT, [200, 200]),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 17_000 + b"\r\n\r\n" + NEXT, [431]),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 60_000 + b"\r\n\r\n" + NEXT, [431]),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 15_000 + b"\r\n\r\n" + NEXT, [200, 200]),
        (b"POST / HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"1;x\r\na\r\n" * 20_000 + b"0\r\n\r\n", [200]),
        (b"POST / HTTP/1.1\r\nHost: x\r\n" + CHUNKED + (b"1;" + b"x" * 999 + b"\r\na\r\n") * 2000, [413]),
    ],
    ids=lambda one: str(one)[:70],
)
async def test_a_request_gets(sent: bytes, statuses: list[int]) -> None:
    answer = await answer_to(sent)

    assert [int(one) for one in re.findall(rb"HTTP/1\.1 (\d+) ", answer)] == statuses


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"/metrics", b"x", b"/metrics"),
        (b"http://y/metrics?a=b", b"y", b"/metrics"),
        (b"HTTPS://y:1/metrics", b"y:1", b"/metrics"),
        (b"http://y", b"y", b"/"),
        (b"http://y?a", b"y", b"/"),
        (b"http:///metrics", b"x", b"http:///metrics"),
        (b"//y/metrics", b"x", b"//y/metrics"),
    ],
)
async def test_a_request_as_to_a_proxy_is_read_as_one_to_us(target: bytes, host: bytes, path: bytes) -> None:
    answer = await answer_to(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n" + host + b" " + path)


async def test_a_target_in_absolute_form_takes_the_place_of_the_host() -> None:
    target, headers = origin_form(b"http://y?a", [(b"accept", b"*/*"), (b"host", b"x")])

    assert target == b"/?a"
    assert headers == [(b"host", b"y"), (b"accept", b"*/*")]


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [({"Host": "x"}, 100, None), ({"Host": "x", "A": "y" * 100}, 100, 431), ({"A": "y"}, 100, None)],
)
async def test_a_complete_head_is_measured(headers: Mapping[str, str], size: int, status: int | None) -> None:
    request = h11.Request(method="GET", target="/", headers=[*headers.items()], http_version="1.0")

    assert refusal_of(request, Limits(header_bytes=size)) == status


class Swallowing(SocketStream):
    """As TLS is for a client that sends records of which none holds a byte of a request."""

    async def receive(self, max_bytes: int = 1) -> bytes:
        while True:
            await super().receive(max_bytes)


async def test_bytes_that_never_become_a_request_end_the_connection() -> None:
    swallowed: list[Swallowing] = []

    async def secure(stream: anyio.abc.ByteStream) -> anyio.abc.ByteStream:
        raw: socket.socket = stream.extra(anyio.abc.SocketAttribute.raw_socket)  # noqa: S610 - not Django's
        swallowed.append(Swallowing(raw))
        return swallowed[0]

    assert await answer_to(b"x" * 200_000, Limits(), secure) == b""
    assert len(swallowed) == 1


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        right = socket.create_connection(listening.getsockname())
        return listening.accept()[0], right


async def test_bytes_that_are_of_use_may_be_any_number() -> None:
    left, right = tcp_pair()
    stream = SocketStream(left)
    right.setblocking(False)
    with right:
        for _ in range(200):
            right.send(b"x" * 1000)
            await stream.receive(1000)
            stream.mark_used()
        for _ in range(32):
            right.send(b"x" * 1000)
            await stream.receive(1000)
        right.send(b"x" * 1000)
        with pytest.raises(anyio.BrokenResourceError):
            await stream.receive(1000)
    await stream.aclose()


async def test_no_more_than_16_kib_are_read_at_once() -> None:
    left, right = tcp_pair()
    stream = SocketStream(left)
    with right:
        right.send(b"x" * 100_000)
        assert len(await stream.receive(1_000_000)) == 16 * 1024
    await stream.aclose()
