"""One account's connections: how they fail, and how many there are."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream
from anyio.lowlevel import checkpoint
from patience import DEADLINE_SECONDS
from polled_accounts import Tally, account_with, be_impatient, client_of, error_of
from scripted_vendor import Answer, answer, scripted
from virtual_time import run_virtually

from exporter.client.connections import Connections
from exporter.client.rate_limit import MAX_IN_FLIGHT
from exporter.errors import (
    BadRequest,
    ConnectFailed,
    NameUnresolved,
    TLSFailed,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


@asynccontextmanager
async def served(serve: Callable[[SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve connections at the port that is given back."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield listener.extra_attributes[SocketAttribute.local_port]()
        tasks.cancel_scope.cancel()


async def test_no_port_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    tally = Tally()
    async with client_of(account_with(f"http://127.0.0.1:{port}", monkeypatch), tally) as client:
        error = await error_of(client)

    assert type(error) is ConnectFailed
    assert tally.codes == {"none": 3}


async def test_a_name_that_cannot_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(account_with(f"https://{'a' * 64}.invalid", monkeypatch), Tally()) as client:
        assert type(await error_of(client)) is NameUnresolved


async def test_a_host_that_can_be_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(account_with("https://xn--zzzz-.example", monkeypatch), tally := Tally()) as client:
        assert type(await error_of(client)) is BadRequest

    assert tally.codes == {}


async def test_tls_is_asked_of_a_port_that_does_not_speak_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def plain(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    async with served(plain) as port:
        account = account_with(f"https://127.0.0.1:{port}", monkeypatch)
        async with client_of(account, tally := Tally()) as client:
            assert type(await error_of(client)) is TLSFailed

    assert tally.codes == {"none": 1}


async def test_a_tls_handshake_that_is_never_answered_is_no_connection_and_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accepted, still_open = 0, 0

    async def silent(stream: SocketStream) -> None:
        nonlocal accepted, still_open
        accepted, still_open = accepted + 1, still_open + 1
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while await stream.receive():
                    pass
        still_open -= 1

    async with served(silent) as port:
        account = account_with(f"https://127.0.0.1:{port}", monkeypatch, timeout="1s")
        async with client_of(account, Tally()) as client:
            assert type(await error_of(client)) is ConnectFailed
            with anyio.fail_after(DEADLINE_SECONDS):
                while not accepted or still_open:  # noqa: ASYNC110 - nobody tells of the last one
                    await anyio.sleep(0.01)


async def test_a_proxy_is_used_where_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({"GET http://vendor.invalid/a": [answer({"by": "proxy"})]}) as proxy:
        account = account_with("http://vendor.invalid", monkeypatch, proxy_url=proxy.url, allow_insecure_http=True)
        async with client_of(account, Tally()) as client:
            assert await client("/a") == {"by": "proxy"}


async def test_no_more_than_ten_requests_are_ever_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    flying = most = 0

    class Crowded(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal flying, most
            assert request.method == "GET"
            flying += 1
            most = max(most, flying)
            for _ in range(20):
                await checkpoint()
            flying -= 1
            return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    account = account_with("http://127.0.0.1", monkeypatch)
    async with client_of(account, tally := Tally(), Crowded()) as client, anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(client, "/")

    assert most == MAX_IN_FLIGHT == 10
    assert tally.codes == {"200": 100}


async def test_connections_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({"GET /": [answer({})]}) as server:
        async with client_of(account_with(server.url, monkeypatch), Tally()) as client:
            for _ in range(20):
                await client("/")

    assert len(server.requests) == 20
    assert len(server.connections) == 1


async def test_many_deadlines_leave_a_pool_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({"GET /silent": [Answer(hangs=True)], "GET /": [answer({"good": True})]}) as server:
        account = account_with(server.url, monkeypatch, timeout="1s")
        async with client_of(account, tally := Tally()) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(MAX_IN_FLIGHT):
                    tasks.start_soon(error_of, client, "/silent")
            assert await client("/") == {"good": True}

    assert tally.codes == {"none": 3 * MAX_IN_FLIGHT, "200": 1}


class Opened(httpx.AsyncBaseTransport):
    """A connection that answers after a second, and knows whether it is open."""

    def __init__(self, all_of_them: list["Opened"]) -> None:
        self.asked, self.open = 0, True
        all_of_them.append(self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self.open
        assert request.method == "GET"
        self.asked += 1
        await anyio.sleep(1)
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    async def aclose(self) -> None:
        self.open = False


def test_a_connection_is_kept_while_it_is_used_and_a_moment_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Opened] = []
    monkeypatch.setattr("exporter.client.connections._transport_of", lambda _endpoint, _trusted: Opened(opened))

    async def main() -> list[list[tuple[int, bool]]]:
        seen: list[list[tuple[int, bool]]] = []

        def look() -> None:
            seen.append(sorted((one.asked, one.open) for one in opened))

        connections = Connections(account_with("http://127.0.0.1", monkeypatch).endpoint, lambda _code, _seconds: None)
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(connections.exchange, "GET", "/", None, 100)
        for _ in range(5):
            await connections.exchange("GET", "/", None, 100)
        look()
        await anyio.sleep(1)
        await connections.exchange("GET", "/", None, 100)
        look()
        await anyio.sleep(10)
        await connections.exchange("GET", "/", None, 100)
        look()
        await connections.aclose()
        look()
        return seen

    assert run_virtually(main) == [
        [(1, True), (6, True)],
        [(1, False), (7, True)],
        [(1, False), (1, True), (7, False)],
        [(1, False), (1, False), (7, False)],
    ]


async def test_connections_are_closed_when_no_request_is_made_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Opened] = []
    monkeypatch.setattr("exporter.client.connections._transport_of", lambda _endpoint, _trusted: Opened(opened))
    async with client_of(account_with("http://127.0.0.1", monkeypatch), Tally()) as client:
        await client("/")
        await client.rest()
        closed = [one.open for one in opened]
        await client("/")

    assert closed == [False]
    assert [one.asked for one in opened] == [1, 1]


async def test_connections_that_are_closed_for_their_age_are_in_nobody_elses_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("exporter.client.connections.KEPT_IDLE_SECONDS", -1.0)
    with scripted({"GET /": [answer({})]}) as vendor:
        async with client_of(account_with(vendor.url, monkeypatch), Tally()) as client:
            for _ in range(3):  # each round finds ten that are too old, and all ten requests close them
                async with anyio.create_task_group() as tasks:
                    for _ in range(MAX_IN_FLIGHT):
                        tasks.start_soon(client, "/")

    assert vendor.asked("GET /") == 3 * MAX_IN_FLIGHT
