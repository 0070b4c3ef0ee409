"""TLS connections of the exporter's own server: nobody holds it up, and an ending one ends nothing else."""

from contextlib import suppress
from pathlib import Path

import anyio
import anyio.abc
import pytest
from patience import DEADLINE_SECONDS
from structlog.testing import capture_logs
from web_certificates import TLS, Place, place, protected
from web_clients import connected

from exporter.web.limits import Limits

pytestmark = pytest.mark.anyio
GET = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path)


@pytest.mark.parametrize("sent", [GET, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /-/reload HTTP/1.0\r\n\r\n"])
async def test_plain_http_is_told_what_the_port_speaks(sent: bytes, here: Place) -> None:
    async with protected(here.write(tls_server_config=TLS)) as server:
        answer = await everything(server.port, sent)

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nthis port speaks TLS: write https://\n")


@pytest.mark.parametrize(
    "junk",
    [b"\x16\x03\x01", b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x00" * 10_000, b"SSH-2.0-x\r\n", b"\x80\x2e\x01"],
)
async def test_junk_instead_of_a_handshake_ends_that_connection_only(junk: bytes, here: Place) -> None:
    limits = Limits(handshake_seconds=2)  # enough for the good handshake after it on a busy machine
    with capture_logs() as logs:
        async with protected(here.write(tls_server_config=TLS), limits) as server:
            await everything(server.port, junk)
            async with server.client(here.trust()) as http:
                assert (await http.get("/")).status_code == 200

    assert [log for log in logs if log["log_level"] != "debug"] == []


async def everything(port: int, sent: bytes) -> bytes:
    """What the server sends until it closes, which it must soon."""
    received = b""
    with anyio.fail_after(DEADLINE_SECONDS):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            try:
                await stream.send(sent)
                while True:
                    received += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return received


async def ends(stream: anyio.abc.ByteStream) -> None:
    """Wait until the server has closed a connection."""
    async with stream:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                await stream.receive()


async def test_stalled_handshakes_hold_nobody_up_and_end(here: Place) -> None:
    limits = Limits(handshake_seconds=3.0, connections=30)
    async with protected(here.write(tls_server_config=TLS), limits) as server:
        stalled = [await anyio.connect_tcp("127.0.0.1", server.port) for _ in range(20)]
        for stream in stalled[::2]:
            await stream.send(b"\x16\x03\x01\x02\x00")
        async with server.client(here.trust()) as http:
            assert (await http.get("/")).status_code == 200
        with anyio.fail_after(DEADLINE_SECONDS):
            for stream in stalled:
                await ends(stream)


async def test_a_stalled_handshake_does_not_keep_it_from_stopping(here: Place) -> None:
    limits = Limits(handshake_seconds=2 * DEADLINE_SECONDS)
    with anyio.fail_after(DEADLINE_SECONDS):
        async with protected(here.write(tls_server_config=TLS), limits) as server:
            stalled = await anyio.connect_tcp("127.0.0.1", server.port)
            await stalled.send(b"\x16\x03\x01\x02\x00")
            await anyio.sleep(0.05)
            server.stop.set()
            await ends(stalled)


async def test_a_connection_is_kept_for_the_next_scrape_and_ends_with_a_goodbye(here: Place) -> None:
    file, limits = here.write(tls_server_config=TLS), Limits(idle_seconds=0.2)
    async with (
        protected(file, limits) as server,
        await anyio.connect_tcp("127.0.0.1", server.port, ssl_context=here.trust()) as stream,
    ):
        for _ in range(3):
            await stream.send(GET)
            answer = b""
            while not answer.endswith(b"\r\n\r\nhealthy\n"):
                answer += await stream.receive()
        # Without a goodbye this would be a broken connection.
        with anyio.fail_after(DEADLINE_SECONDS), pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_a_client_that_leaves_in_mid_answer_ends_nothing_else(here: Place) -> None:
    async with protected(here.write(tls_server_config=TLS)) as server:
        for _ in range(5):
            async with connected(server.port, here.trust()) as stream:
                await stream.send(GET * 20)
        async with server.client(here.trust()) as http:
            assert (await http.get("/")).status_code == 200
