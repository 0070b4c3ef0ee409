"""One connection on a real socket: what nobody asked for, floods, cut handshakes, proxies, authorities."""

import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
import trustme
from scripted_vendor import SECRET, Answer, Tally, account_with, answer, be_impatient, client_of, error_of, scripted

from exporter.client.trust import trust
from exporter.errors import (
    ConnectFailed,
    Forbidden,
    NameUnresolved,
    PollError,
    ProtocolBroken,
    TLSFailed,
    TooLarge,
    Unauthorized,
)

pytestmark = pytest.mark.anyio

Serve = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


@contextmanager
def served(serve: Serve) -> Iterator[int]:
    """Serve each connection in a thread, at the port that is given back."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    one, _ = listening.accept()
                    threading.Thread(target=serve_one, args=(one,), daemon=True).start()

        def serve_one(one: socket.socket) -> None:
            with one, suppress(OSError):
                serve(one)

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def head_of(one: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = one.recv(65536)
        if not more:
            raise OSError
        head += more
    return head


def response(body: bytes, *lines: str) -> bytes:
    head = ["HTTP/1.1 200 OK", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


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


@pytest.mark.parametrize(
    ("status", "kind"), [(407, Unauthorized), (403, Forbidden), (503, ConnectFailed), (302, Forbidden)]
)
async def test_what_a_proxy_refuses_is_told_as_its_refusal(
    status: int, kind: type[PollError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({"CONNECT vendor.invalid:443": [answer({}, status)]}) as proxy:
        account = account_with("https://vendor.invalid", monkeypatch, proxy_url=proxy.url)
        async with client_of(account, Tally()) as client:
            error = await error_of(client)

    assert type(error) is kind
    assert f"the proxy answered HTTP {status}" in str(error)


def answer_plainly(one: socket.socket) -> None:
    one.recv(1000)
    one.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def hang_up(one: socket.socket) -> None:
    one.recv(1000)


PLAIN = "the port does not speak TLS; write http in {}, or another port"


@pytest.mark.parametrize(
    ("serve", "settings", "kind", "said"),
    [
        (answer_plainly, {"base_url": "https://127.0.0.1:{}"}, TLSFailed, PLAIN.format("base_url")),
        (answer_plainly, {"proxy_url": "https://127.0.0.1:{}"}, TLSFailed, PLAIN.format("proxy_url")),
        (hang_up, {"base_url": "https://127.0.0.1:{}"}, ConnectFailed,
         "the connection was closed during the TLS handshake"),
        (hang_up, {"proxy_url": "https://127.0.0.1:{}"}, ConnectFailed,
         "the connection to the proxy was closed during the TLS handshake"),
        (None, {"base_url": "https://127.0.0.1:{}"}, ConnectFailed, "no connection: Connection refused"),
        (None, {"proxy_url": "http://127.0.0.1:{}"}, ConnectFailed, "no connection to the proxy: Connection refused"),
        (None, {"base_url": f"https://{'a' * 64}.invalid"}, NameUnresolved,
         "the host name in base_url has no address"),
        (None, {"proxy_url": f"http://{'a' * 64}.invalid"}, NameUnresolved,
         "the host name in proxy_url has no address"),
    ],
)  # fmt: skip
async def test_whose_connection_failed_is_told(
    serve: Serve | None, settings: dict[str, str], kind: type[PollError], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(serve or hang_up) as port:
        pass
    with served(serve) if serve else nullcontext(port) as port:
        placed = {name: value.format(port) for name, value in settings.items()}
        account = account_with(placed.pop("base_url", "https://vendor.invalid"), monkeypatch, **placed)
        async with client_of(account, Tally()) as client:
            error = await error_of(client)

    assert type(error) is kind
    assert str(error).endswith(f": {said}")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_is_told_who_we_are_and_the_vendor_is_not(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = {
        "GET http://vendor.invalid/": [answer({"by": "proxy"})],
        "CONNECT vendor.invalid:443": [answer({}, 502)],
    }
    with scripted(script) as proxy:
        account = account_with(
            f"{scheme}://vendor.invalid",
            monkeypatch,
            proxy_url=proxy.url,
            proxy_user="me",
            proxy_password="${VENDOR_SECRET}",
            allow_insecure_http=True,
        )
        async with client_of(account, Tally()) as client:
            if scheme == "http":
                assert await client("/") == {"by": "proxy"}
            else:
                await error_of(client)

    shown = b64encode(f"me:{SECRET}".encode()).decode()
    assert {request.headers["proxy-authorization"] for request in proxy.requests} == {f"Basic {shown}"}


async def test_authorities_that_change_count_from_the_next_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "trusted.pem"
    ours.cert_pem.write_to_path(str(trusted))

    def serve(one: socket.socket) -> None:
        with context.wrap_socket(one, server_side=True) as wrapped:
            while True:
                head_of(wrapped)
                wrapped.sendall(response(b"{}"))

    with served(serve) as port:
        account = account_with(f"https://127.0.0.1:{port}", monkeypatch, tls={"ca_file": str(trusted)})
        async with client_of(account, Tally()) as client:
            assert await client("/") == {}
            trusted.write_text("half a file, while it is replaced")
            assert await client("/") == {}
            other.cert_pem.write_to_path(str(trusted))
            assert type(await error_of(client)) is TLSFailed
            ours.cert_pem.write_to_path(str(trusted))
            assert await client("/") == {}


def test_an_authority_that_is_named_need_not_have_a_key_identifier(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    context = trust(tmp_path / "ca.pem", insecure=False)

    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
