"""What a client may take of the server, over real sockets and with short limits."""

import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.abc
import pytest
from anyio.abc import SocketAttribute
from patience import DEADLINE_SECONDS
from structlog.testing import capture_logs

from exporter.web.addresses import listen
from exporter.web.limits import Limits
from exporter.web.server import Server

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LIMITS = Limits(
    header_seconds=0.2, body_bytes=100, body_seconds=0.2, idle_seconds=0.3, answer_seconds=0.5, connections=2,
    grace_seconds=0.5,
)  # fmt: skip


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the method, the path and the body; `/big` with 20 MB, `/bug` not at all."""
    if scope["path"] == "/bug":
        raise ZeroDivisionError("a bug")
    body = (await receive())["body"]
    answer = f"{scope['method']} {scope['path']} ".encode() + body
    answer = b"x" * 20_000_000 if scope["path"] == "/big" else answer
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(answer)).encode())]}
    )
    await send({"type": "http.response.body", "body": answer})
    if scope["path"] == "/late-bug":
        raise ZeroDivisionError("a bug")


@asynccontextmanager
async def server(limits: Limits = LIMITS) -> AsyncIterator[tuple[int, anyio.Event]]:
    stop = anyio.Event()
    (listening,) = listen(["127.0.0.1:0"])
    port = listening.getsockname()[1]
    async with anyio.create_task_group() as tasks:
        await tasks.start(Server(echo, stop, limits).run, [listening])
        yield port, stop
        stop.set()


async def everything(stream: anyio.abc.ByteStream) -> bytes:
    """What the server sends until it closes, which it must soon."""
    received = b""
    with anyio.fail_after(DEADLINE_SECONDS):
        while True:
            try:
                received += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return received


async def answer_to(*parts: bytes) -> bytes:
    async with server() as (port, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        for part in parts:
            await stream.send(part)
        return await everything(stream)


@pytest.mark.parametrize(
    ("parts", "answers"),
    [
        ((GET,), [b"200 OK"]),
        ((GET[:9], GET[9:]), [b"200 OK"]),
        ((GET, GET, GET), [b"200 OK", b"200 OK", b"200 OK"]),
        ((GET * 3,), [b"200 OK", b"200 OK", b"200 OK"]),
        ((b"GET / HTTP/1.0\r\n\r\n",), [b"200 OK"]),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",), [b"200 OK"]),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",), [b"200 OK"]),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + b"x" * 101,), [b"413 "]),
        ((b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",), [b"431 "]),
        ((b"\x00\r\n\r\n",), [b"400 "]),
        ((b"GET / HTTP/1.1\r\n\r\n",), [b"400 "]),
        # Too late: nobody is answered, the connection ends.
        ((b"GET / HT",), []),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh",), []),
        ((b"",), []),
    ],
)  # fmt: skip
async def test_a_connection_is_answered_and_then_ended(parts: tuple[bytes, ...], answers: list[bytes]) -> None:
    received = await answer_to(*parts)

    statuses = re.findall(rb"HTTP/1\.1 ([0-9]+ [A-Za-z]*)", received)
    assert len(statuses) == len(answers)
    assert all(status.startswith(expected) for status, expected in zip(statuses, answers, strict=True))


async def test_a_client_that_waits_to_send_its_body_is_told_to_go_on() -> None:
    async with server() as (port, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        interim = await stream.receive()
        await stream.send(b"hi")
        answer = await everything(stream)

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_a_request_arrives_as_it_was_sent() -> None:
    received = await answer_to(b"POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")

    assert received.endswith(b"POST /a b hi")


@pytest.mark.parametrize("path", [b"/bug", b"/late-bug"])
async def test_a_bug_in_a_page_is_logged_and_the_next_request_answered(path: bytes) -> None:
    with capture_logs() as logs:
        async with server() as (port, _):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(GET.replace(b"/ ", path + b" ", 1))
                first = await everything(stream)
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(GET)
                second = await everything(stream)

    assert first.startswith(b"HTTP/1.1 500" if path == b"/bug" else b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 200")
    assert [log["event"] for log in logs] == ["a page failed, please report it"]


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", GET[:-2], b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"]
)
async def test_a_client_that_resets_its_connection_ends_nothing_else(sent: bytes) -> None:
    async with server(Limits()) as (port, _):
        for _ in range(5):
            client = await anyio.connect_tcp("127.0.0.1", port)
            if sent:
                await client.send(sent)
            await anyio.sleep(0.01)
            raw = client.extra(SocketAttribute.raw_socket)  # noqa: S610 - not Django's
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await client.aclose()
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
            answer = await everything(stream)

    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_reader_that_stalls_is_left() -> None:
    async with server() as (port, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(GET.replace(b"/ ", b"/big ", 1))
        await anyio.sleep(1)
        received = await everything(stream)

    assert 0 < len(received) < 20_000_000


async def test_a_reader_that_drips_is_left() -> None:
    received = 0
    async with server(Limits(answer_seconds=0.5)) as (port, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(GET.replace(b"/ ", b"/big ", 1))
        with anyio.fail_after(DEADLINE_SECONDS), suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                received += len(await stream.receive(100_000))
                await anyio.sleep(0.02)

    assert received < 20_000_000


async def test_a_connection_that_says_nothing_is_left_sooner_than_one_that_was_answered() -> None:
    async with server(Limits(header_seconds=0.2, idle_seconds=2 * DEADLINE_SECONDS)) as (port, _):
        silent, used = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(2)]
        await used.send(GET)
        await used.receive()
        assert await everything(silent) == b""
        await used.send(GET)
        assert await used.receive()
        await silent.aclose()
        await used.aclose()


async def test_connections_beyond_the_limit_wait_for_a_slot_and_are_then_answered() -> None:
    async with server() as (port, _):
        streams = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(4)]
        await streams[3].send(GET)
        answer = await everything(streams[3])
        for stream in streams:
            await stream.aclose()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_idle_connections_do_not_keep_the_server_from_stopping() -> None:
    limits = Limits(
        grace_seconds=2 * DEADLINE_SECONDS, header_seconds=2 * DEADLINE_SECONDS, idle_seconds=2 * DEADLINE_SECONDS
    )
    with anyio.fail_after(DEADLINE_SECONDS):
        async with server(limits) as (port, stop):
            fresh, used = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(2)]
            await used.send(GET)
            await used.receive()
            stop.set()
            assert await everything(used) == b""
            assert await everything(fresh) == b""
            await fresh.aclose()
            await used.aclose()


async def test_it_stops_within_its_grace_whoever_does_not_read() -> None:
    with anyio.fail_after(DEADLINE_SECONDS):
        async with server(Limits(grace_seconds=0.5, answer_seconds=2 * DEADLINE_SECONDS)) as (port, stop):
            reader = await anyio.connect_tcp("127.0.0.1", port)
            await reader.send(GET.replace(b"/ ", b"/big ", 1))
            await reader.receive(10)
            stop.set()
    await reader.aclose()


async def test_after_the_stop_nobody_new_is_let_in() -> None:
    async with server() as (port, stop):
        stop.set()
        await anyio.sleep(0.05)
        with pytest.raises(OSError, match="connect"):
            await anyio.connect_tcp("127.0.0.1", port)
