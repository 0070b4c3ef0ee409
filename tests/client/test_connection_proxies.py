"""A connection that fails, or goes through a proxy: whose fault it is, and who is told what."""

import socket
from base64 import b64encode
from contextlib import nullcontext

import pytest
from polled_accounts import SECRET, Tally, account_with, be_impatient, client_of, error_of
from scripted_vendor import answer, scripted
from socket_servers import Serve, served

from exporter.errors import ConnectFailed, Forbidden, NameUnresolved, PollError, TLSFailed, Unauthorized

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


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
