"""Who may be connected: so many in all and so many of a network, and who makes room for whom."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest

from exporter.web.addresses import listen
from exporter.web.clients import Client, Clients, network_of
from exporter.web.limits import Limits
from exporter.web.server import Server

pytestmark = pytest.mark.anyio
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_client_is_counted_under_its_address_or_half_an_ipv6_address(host: str, network: str) -> None:
    assert network_of(host) == network


A, B = "192.0.2.1", "192.0.2.2"


def joined(clients: Clients, *networks: str) -> list[Client]:
    found = [clients.join(network) for network in networks]
    assert None not in found
    return [one for one in found if one]


def served(clients: Clients, client: Client) -> None:
    clients.answer(client)
    clients.wait(client)


def closed(among: list[Client]) -> list[int]:
    return [number for number, one in enumerate(among) if one.scope.cancel_called]


async def test_a_network_that_has_all_it_may_loses_the_one_that_waited_longest() -> None:
    clients = Clients(10, 3)
    among = joined(clients, A, B, A, A)
    for one in (among[0], among[2], among[3], among[0]):
        served(clients, one)

    assert clients.join(A)
    assert closed(among) == [2]


async def test_one_that_never_sent_a_request_goes_before_one_that_did() -> None:
    clients = Clients(10, 3)
    among = joined(clients, A, A, A)
    served(clients, among[0])
    served(clients, among[1])

    assert clients.join(A)
    assert closed(among) == [2]


async def test_the_network_that_has_the_most_makes_room_for_the_others() -> None:
    clients = Clients(4, 3)
    among = joined(clients, B, A, A, A)

    assert clients.close_one_waiting()
    assert closed(among) == [1]


async def test_who_is_being_answered_is_never_closed_and_another_of_the_network_is_refused() -> None:
    clients = Clients(10, 2)
    among = joined(clients, A, A)
    for one in among:
        clients.answer(one)

    assert clients.join(A) is None
    assert clients.join(B)
    assert not clients.close_one_waiting(A)
    assert closed(among) == []


async def test_room_is_waited_for_until_somebody_leaves() -> None:
    clients = Clients(1, 1)
    (only,) = joined(clients, A)
    clients.answer(only)
    with anyio.move_on_after(0.01) as waited:
        await clients.wait_for_room()
    assert waited.cancelled_caught

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clients.wait_for_room)
        tasks.start_soon(clients.wait_for_room)
        await anyio.wait_all_tasks_blocked()
        clients.leave(only)
        clients.leave(only)
    assert clients.join(A)


@asynccontextmanager
async def server(limits: Limits) -> AsyncIterator[int]:
    """A server that answers `/stuck` when it stops, and all else at once."""
    over, stop = anyio.Event(), anyio.Event()

    async def app(scope: Any, _: Any, send: Any) -> None:
        if scope["path"] == "/stuck":
            await over.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    (listening,) = listen(["127.0.0.1:0"])
    async with anyio.create_task_group() as tasks:
        await tasks.start(Server(app, stop, limits).run, [listening])
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            stop.set()


async def connected(port: int, host: str = "127.0.0.1") -> anyio.abc.SocketStream:
    return await anyio.connect_tcp("127.0.0.1", port, local_host=host)


async def answer(port: int, host: str = "127.0.0.1") -> bytes:
    """The status line of a request on a connection of its own, from an address of this machine."""
    with anyio.fail_after(20):
        async with await connected(port, host) as stream:
            try:
                await stream.send(GET)
                return (await stream.receive(15))[9:]
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return b""


@pytest.mark.parametrize("first", [b"", b"GET / HT", GET], ids=["silent", "half a request", "answered"])
async def test_connections_that_are_held_open_keep_nobody_out(first: bytes) -> None:
    async with server(Limits(connections=8, connections_per_network=4)) as port:
        held = [await connected(port) for _ in range(20)]
        for one in held:
            with suppress(anyio.BrokenResourceError):  # it made room
                await one.send(first)
        assert [await answer(port, host) for host in ("127.0.0.1", "127.0.0.2")] == [b"200 OK"] * 2
        for one in held:
            await anyio.aclose_forcefully(one)


async def test_a_network_whose_requests_take_all_it_may_keeps_no_other_out() -> None:
    async with server(Limits(connections=8, connections_per_network=4)) as port:
        held = [await connected(port) for _ in range(4)]
        for one in held:
            await one.send(GET.replace(b"/ ", b"/stuck ", 1))
        await anyio.wait_all_tasks_blocked()

        assert await answer(port) == b""
        assert await answer(port, "127.0.0.2") == b"200 OK"
        for one in held:
            await anyio.aclose_forcefully(one)


async def test_a_client_that_sends_without_end_is_read_no_faster_than_it_is_answered() -> None:
    async with server(Limits()) as port:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as flood:
                flood.setblocking(False)
                assert await sent_before_it_blocks(flood) < 16_000_000


async def sent_before_it_blocks(flood: socket.socket) -> int:
    """How many bytes of requests the kernel and the server take while the first request is not answered."""
    count, pause = 0, 0
    requests = GET.replace(b"/ ", b"/stuck ", 1) * 2000
    while pause < 20 and count < 64_000_000:
        try:
            count += flood.send(requests)
            pause = 0
        except BlockingIOError:
            pause += 1
        await anyio.sleep(0.002)
    return count
