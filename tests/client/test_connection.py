"""One connection on a real socket: what nobody asked for, floods, cut handshakes, and what is no HTTP."""

import socket
import threading

import httpcore
import pytest
from polled_accounts import Tally, account_with, be_impatient, client_of, error_of
from scripted_vendor import Answer, answer, scripted
from socket_servers import head_of, response, served

from exporter.errors import ConnectFailed, ProtocolBroken, TooLarge

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


def path_of(head: bytes) -> str:
    return head.split(b" ")[1].decode()


@pytest.mark.parametrize("padding", [0, 60_000, 70_000, 300_000], ids="{} bytes".format)
async def test_what_nobody_asked_for_is_no_answer_to_the_next_question(
    padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(one: socket.socket) -> None:
        while True:
            path = path_of(head_of(one))
            body = f'{{"path": "{path}", "pad": "{"x" * padding}"}}'.encode()
            one.sendall(2 * response(body))

    with served(twice) as port:
        async with client_of(account_with(f"http://127.0.0.1:{port}", monkeypatch), Tally()) as client:
            for number in range(20):
                assert (await client(f"/{number}"))["path"] == f"/{number}"


@pytest.mark.parametrize("late", [response(b'{"path": "/unasked"}'), b"x", b""], ids=["an answer", "a byte", "the end"])
async def test_what_comes_between_two_requests_ends_the_connection_though_httpcore_does_not_see_it(
    late: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpcore.AsyncHTTP11Connection, "has_expired", lambda _: False)
    go_on, is_sent = threading.Event(), threading.Event()

    def once_and_more(one: socket.socket) -> None:
        one.sendall(response(f'{{"path": "{path_of(head_of(one))}"}}'.encode()))
        go_on.wait()
        one.sendall(late)
        if not late:
            one.shutdown(socket.SHUT_WR)
        is_sent.set()
        one.recv(1)

    with served(once_and_more) as port:
        async with client_of(account_with(f"http://127.0.0.1:{port}", monkeypatch), Tally()) as client:
            for number in range(20):
                assert (await client(f"/{number}"))["path"] == f"/{number}"
                go_on.set()
                is_sent.wait()  # the event loop waits too, so it has read nothing of it yet
                go_on.clear()
                is_sent.clear()


async def test_a_connection_is_used_again_also_after_an_error_and_a_large_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = answer({"pad": "x" * 500_000})
    script = {"GET /": [answer({})], "GET /large": [large], "GET /gone": [answer({"error": "x" * 2000}, 404)]}
    with scripted(script) as server:
        async with client_of(account_with(server.url, monkeypatch), Tally()) as client:
            for _ in range(5):
                await client("/")
                await client("/large")
                await error_of(client, "/gone")

    assert len(server.connections) == 1


async def test_interim_answers_without_end_are_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    def flood(one: socket.socket) -> None:
        nonlocal sent
        head_of(one)
        while True:
            one.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
            sent += 25_000

    with served(flood) as port:
        async with client_of(account_with(f"http://127.0.0.1:{port}", monkeypatch), Tally()) as client:
            assert type(await error_of(client)) is TooLarge


async def test_a_body_in_chunks_of_a_byte_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def flood(one: socket.socket) -> None:
        head_of(one)
        one.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            one.sendall(b"1\r\n \r\n" * 10_000)

    with served(flood) as port:
        async with client_of(account_with(f"http://127.0.0.1:{port}", monkeypatch), Tally()) as client:
            assert type(await error_of(client)) is TooLarge


@pytest.mark.parametrize("ending", ["closed", "reset"])
async def test_a_handshake_that_is_cut_is_no_connection(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(one: socket.socket) -> None:
        one.recv(1000)
        if ending == "reset":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with served(cut) as port:
        async with client_of(account_with(f"https://127.0.0.1:{port}", monkeypatch), tally := Tally()) as client:
            assert type(await error_of(client)) is ConnectFailed

    assert tally.codes == {"none": 3}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nX Lab: canary\r\nContent-Length: 2\r\n\r\n{}", "the answer has an invalid header line"),
        (b"canary\r\n\r\n", "the answer does not begin like HTTP"),
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "closed in the middle"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n", "chunked encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}canary\r\n", "chunked encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: canary\r\n\r\n{}", "Transfer-Encoding that was not requested"),
        (b"HTTP/1.1 200 OK\r\n" + 2 * b"Transfer-Encoding: chunked\r\n" + b"\r\n", "more than one Transfer-Encoding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: canary\r\n\r\n{}", "Content-Length is not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}", "Content-Length is not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "two different Content-Lengths"),
        (b"HTTP/1.1 101 canary\r\nUpgrade: canary\r\nConnection: upgrade\r\n\r\n", "switches to a protocol"),
        (b"HTTP/1.1 000 canary\r\nContent-Length: 0\r\n\r\n", "the answer does not begin like HTTP"),
    ],
)
async def test_what_is_no_http_is_named_without_being_shown(
    sent: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({"GET /": [Answer(raw=sent)]}) as server:
        async with client_of(account_with(server.url, monkeypatch), Tally()) as client:
            error = await error_of(client)

    assert type(error) is ProtocolBroken
    assert said in str(error)
    assert "canary" not in str(error)
