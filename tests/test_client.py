"""One account's HTTP: what goes out, what comes back, and what each failure becomes."""

import ast
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from scripted_vendor import SECRET, Answer, Request, Tally, account_at, answer, client_of, scripted

import exporter
from exporter import __version__
from exporter.client import Client
from exporter.errors import (
    BadRequest,
    Conflict,
    ConnectFailed,
    Forbidden,
    NameUnresolved,
    NotFound,
    PollError,
    ProtocolBroken,
    RateLimited,
    Redirected,
    ServerFailed,
    TimedOut,
    TLSFailed,
    Unauthorized,
    error_for_status,
)
from exporter.pacing import MAX_IN_FLIGHT, RateLimit
from exporter.vendors import Account

pytestmark = pytest.mark.anyio


def kinds_below(kind: type[httpx.RequestError]) -> Iterator[type[httpx.RequestError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from kinds_below(one)


class Raising(httpx.AsyncBaseTransport):
    """A network in which everything goes wrong in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.retry._FIRST_RETRY_SECONDS", 0.001)


def account_with(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
    return account_at(url, monkeypatch, {**common, **settings})


async def error_of(client: Client, path: str = "/") -> PollError:
    with pytest.raises(PollError) as caught:
        await client(path)
    return caught.value


@pytest.mark.parametrize("kind", dict.fromkeys(kinds_below(httpx.RequestError)))
async def test_every_failure_that_httpx_knows_becomes_one_of_ours(
    kind: type[httpx.RequestError], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with("http://127.0.0.1", monkeypatch)
    async with client_of(account, Tally(), Raising(kind(f"canary {SECRET}"))) as client:
        error = await error_of(client)

    expected: type[PollError] = ProtocolBroken
    if issubclass(kind, httpx.ConnectTimeout | httpx.ConnectError | httpx.ProxyError):
        expected = ConnectFailed
    elif issubclass(kind, httpx.TimeoutException):
        expected = TimedOut
    assert type(error) is expected
    assert "canary" not in str(error)
    assert error.__suppress_context__


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (socket.gaierror(-2, "Name or service not known"), NameUnresolved),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), TLSFailed),
        (ssl.SSLError(1, "wrong version number"), TLSFailed),
        (ConnectionRefusedError(111, "Connection refused"), ConnectFailed),
        (OSError(24, "Too many open files"), ConnectFailed),
        (OSError("All connection attempts failed"), ConnectFailed),
        (None, ConnectFailed),
    ],
)
async def test_why_there_is_no_connection_is_found_in_the_causes(
    cause: Exception | None, kind: type[PollError], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = httpx.ConnectError("no connection")
    error.__cause__ = RuntimeError("in between")
    error.__cause__.__context__ = cause
    async with client_of(account_with("http://127.0.0.1", monkeypatch), Tally(), Raising(error)) as client:
        assert type(await error_of(client)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, None) for status in (200, 201, 204, 299)),
        *((status, Redirected) for status in (300, 301, 302, 304, 307, 308, 399)),
        *((status, BadRequest) for status in (400, 402, 405, 406, 415, 418, 422, 451, 499)),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (410, NotFound),
        (408, TimedOut),
        (409, Conflict),
        (429, RateLimited),
        *((status, ServerFailed) for status in (500, 501, 502, 503, 504, 520, 599, 100, 101, 600, 999)),
    ],
)
def test_a_status_means(status: int, kind: type[PollError] | None) -> None:
    assert error_for_status(status) is kind


async def test_no_port_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    tally = Tally()
    async with client_of(account_with(f"http://127.0.0.1:{port}", monkeypatch), tally) as client:
        error = await error_of(client)

    assert type(error) is ConnectFailed
    assert tally.codes == {"none": 3}


async def test_a_name_that_cannot_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(account_with("https://no-such-host.invalid", monkeypatch, timeout="5s"), Tally()) as client:
        assert type(await error_of(client)) is NameUnresolved


async def test_tls_is_asked_of_a_port_that_does_not_speak_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({}) as server:
        account = account_with(server.url.replace("http", "https"), monkeypatch)
        async with client_of(account, tally := Tally()) as client:
            assert type(await error_of(client)) is TLSFailed

    assert tally.codes == {"none": 1}


async def test_what_is_sent_says_who_asks_and_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    script = {"GET /a?q=1&r=%26": [answer([1])], "POST /b": [answer({"two": 2})]}
    with scripted(script) as server:
        async with client_of(account_with(server.url, monkeypatch), tally := Tally()) as client:
            assert await client("/a", params={"q": "1", "r": "&"}) == [1]
            assert await client("/b", body={"x": [None, "é"]}) == {"two": 2}

    got, posted = server.requests
    for request in (got, posted):
        assert request.headers["user-agent"] == f"usage-exporter/{__version__}"
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert (request.headers["accept"], request.headers["accept-encoding"]) == ("application/json", "gzip")
    assert (got.body, json.loads(posted.body)) == (b"", {"x": [None, "é"]})
    assert tally.codes == {"200": 2}


async def test_no_cookie_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    baked = answer({}, **{"Set-Cookie": "session=1; Path=/"})
    with scripted({"GET /": [baked]}) as server:
        async with client_of(account_with(server.url, monkeypatch), Tally()) as client:
            for _ in range(3):
                await client("/")

    assert [request.headers.get("cookie") for request in server.requests] == [None] * 3


async def test_nothing_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with scripted({"GET /": [answer({})]}) as server:
        async with client_of(account_with(server.url, monkeypatch), Tally()) as client:
            await client("/")

    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {SECRET}"]


async def test_a_proxy_is_used_where_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({"GET http://vendor.invalid/a": [answer({"by": "proxy"})]}) as proxy:
        account = account_with(
            "http://vendor.invalid", monkeypatch, proxy_url=proxy.url, allow_insecure_http=True
        )
        async with client_of(account, Tally()) as client:
            assert await client("/a") == {"by": "proxy"}


async def test_no_more_than_ten_requests_are_ever_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    flying = most = 0

    class Crowded(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            flying -= 1
            return httpx.Response(200, json={})

    async with client_of(account_with("http://127.0.0.1", monkeypatch), tally := Tally(), Crowded()) as client:
        async with anyio.create_task_group() as tasks:
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
    assert server.connections == 1


async def test_many_deadlines_leave_a_pool_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({"GET /silent": [Answer(hangs=True)], "GET /": [answer({"good": True})]}) as server:
        account = account_with(server.url, monkeypatch, timeout="1s")
        async with client_of(account, tally := Tally()) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(MAX_IN_FLIGHT):
                    tasks.start_soon(error_of, client, "/silent")
            assert await client("/") == {"good": True}

    assert tally.codes == {"none": 3 * MAX_IN_FLIGHT, "200": 1}
