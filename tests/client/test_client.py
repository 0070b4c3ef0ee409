"""One account's HTTP: what goes out, what comes back, and what each failure becomes."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from polled_accounts import SECRET, Tally, account_with, be_impatient, client_of, error_of
from scripted_vendor import Answer, answer, scripted

import exporter
from exporter import __version__
from exporter.client.body import LARGE_BODY_BYTES
from exporter.errors import (
    ConnectFailed,
    NameUnresolved,
    PollError,
    ProtocolBroken,
    TimedOut,
    TLSFailed,
)

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
        assert request.url.host
        raise self._error


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


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
    baked = Answer(headers={"Set-Cookie": "session=1; Path=/"})
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


@pytest.mark.parametrize(("length", "aside"), [(LARGE_BODY_BYTES - 2, False), (LARGE_BODY_BYTES - 1, True)])
async def test_a_large_answer_is_decoded_aside(length: int, aside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def decode(body: bytes, _content_type: str) -> object:
        threads.append(threading.current_thread())
        return len(body) - 2

    monkeypatch.setattr("exporter.client.response.decode_json", decode)
    with scripted({"GET /": [answer("x" * length)]}) as server:
        async with client_of(account_with(server.url, monkeypatch), Tally()) as client:
            assert await client("/") == length

    assert [thread is not threading.main_thread() for thread in threads] == [aside]


def test_httpx_is_imported_by_four_modules_alone() -> None:
    """It may have to be replaced by a fork of it one day, in few files."""
    root = Path(exporter.__file__).parent
    imports = re.compile(r"^\s*(import|from) httpx\b", re.MULTILINE)

    assert sorted(path.name for path in root.rglob("*.py") if imports.search(path.read_text())) == [
        "connection.py",
        "connections.py",
        "network_errors.py",
        "trust.py",
    ]
