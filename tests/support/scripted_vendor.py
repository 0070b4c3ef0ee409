"""A vendor on a real socket that answers from a script and records what it was asked."""

import contextlib
import json
import re
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from readings import checked

from exporter import config, strict_yaml
from exporter.client.auth import Login
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter, StatedLimit
from exporter.errors import PollError
from exporter.metrics import Family
from exporter.sandbox import ACCOUNTS, SIMULATIONS
from exporter.store.reading import Reading, in_page_order
from exporter.textformat.lines import label_pairs, render
from exporter.vendors import VENDORS, Account
from exporter.vendors.poll import Poll

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORDED = Path(__file__).parents[1] / "vendors"
SECRET = "invented-secret"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return f"{self.method} {self.target}"


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer; or `raw` bytes after which the connection ends, by a reset or a proper close."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    reset: bool = False
    hangs: bool = False

    def __bytes__(self) -> bytes:
        lines = [f"{name}: {value}" for name, value in {**self.headers, "Content-Length": len(self.body)}.items()]
        return "\r\n".join([f"HTTP/1.1 {self.status} scripted", *lines, "\r\n"]).encode() + self.body


Scripted = Answer | Callable[[Request], Answer]
Script = Mapping[str, Sequence[Scripted]]
"""By method and raw path with its query; the last answer of each is given for ever."""


def answer(document: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/json", **headers})


class _Connection(socketserver.StreamRequestHandler):
    server: "ScriptedVendor"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.connections.append(self.client_address)
        with contextlib.suppress(OSError):
            while (request := _read(self.rfile)) and self._answers(request):
                pass

    def _answers(self, request: Request) -> bool:
        given = self.server.next_answer(request)
        if given.hangs:
            self.server.stopped.wait(30)
            return False
        self.connection.sendall(bytes(given) if given.raw is None else given.raw)
        if given.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        return given.raw is None


class ScriptedVendor(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.script = script
        self.requests: list[Request] = []
        self.connections: list[Any] = []
        self.stopped = threading.Event()
        self._given: Counter[str] = Counter()
        self._one_at_a_time = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next_answer(self, request: Request) -> Answer:
        with self._one_at_a_time:
            self.requests.append(request)
            answers = self.script.get(request.key, [answer({}, 404)])
            given = answers[min(self._given[request.key], len(answers) - 1)]
            self._given[request.key] += 1
        return given if isinstance(given, Answer) else given(request)

    def asked(self, key: str) -> int:
        return sum(request.key == key for request in self.requests)


@contextlib.contextmanager
def scripted(script: Script) -> Iterator[ScriptedVendor]:
    with ScriptedVendor(script) as vendor:
        thread = threading.Thread(target=partial(vendor.serve_forever, poll_interval=0.005))
        thread.start()
        try:
            yield vendor
        finally:
            vendor.stopped.set()
            vendor.shutdown()
            thread.join()


def _read(stream: BufferedIOBase) -> Request | None:
    method, _, rest = stream.readline().decode("latin-1").partition(" ")
    if not rest:
        return None
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Request(method, rest.rpartition(" ")[0], headers, body)


@dataclass
class Tally:
    """Who is told of requests; it counts."""

    codes: Counter[str] = field(default_factory=Counter)
    sign_ins: int = 0
    stated: list[StatedLimit] = field(default_factory=list)

    def on_request(self, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.codes[code] += 1

    def on_token_refreshed(self) -> None:
        self.sign_ins += 1

    def on_stated_limit(self, stated: StatedLimit) -> None:
        self.stated.append(stated)


def account_at(url: str, monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, object]) -> Account:
    """Return the account of a configuration with these settings, `{base_url}` in them replaced."""
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    text = json.dumps({"accounts": [settings]}).replace("{base_url}", url)
    return config.parse(text.encode(), Path()).accounts[0]


def recorded_settings(vendor: str) -> dict[str, Any]:
    """Return the account that the recorded replies are of: a file's, or the sandbox's account of the demo."""
    file = RECORDED / vendor / "account.yaml"
    if file.exists():
        settings = strict_yaml.load(file.read_bytes())
        assert isinstance(settings, dict)
        return settings
    demo = strict_yaml.load(
        re.sub(r"\$\{\w+\}", "${VENDOR_SECRET}", SIMULATIONS[vendor].demo(ACCOUNTS[0]).settings).encode()
    )
    assert isinstance(demo, dict)
    base_url = urlsplit(VENDORS[vendor].model_fields["base_url"].default).path
    return {"vendor": vendor, "name": "main", "base_url": f"{{base_url}}{base_url}", **demo}


def recording(vendor: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((RECORDED / vendor / "replies.json").read_text())
    return recorded


def recorded_replies(vendor: str) -> dict[str, Any]:
    """Return what answers each call."""
    return {key: reply for key, reply in recording(vendor).items() if key != "fields"}


def recorded_fields(vendor: str) -> dict[str, Any]:
    """Return what the contract leaves open: under `fields` of the recording, or in a file of its own."""
    file = RECORDED / vendor / "fields.json"
    said = json.loads(file.read_text()) if file.exists() else recording(vendor).get("fields", {})
    return {"nullable": [], "keys": [], "entries": [], "loose": [], "otherwise": {}, **said}


def expected_page(vendor: str) -> str:
    """Return the lines that the recorded replies must give."""
    return (RECORDED / vendor / "expected.prom").read_text()


def sign_in_of(account: Account) -> str:
    """Return the call that an account signs in with; empty where there is none."""
    return f"POST {urlsplit(account.base_url).path}{account.auth.path}" if isinstance(account.auth, Login) else ""


def recorded_sign_in(vendor: str) -> str:
    """Return the call that the recorded account signs in with; empty where there is none."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return sign_in_of(account_at("http://127.0.0.1", monkeypatch, recorded_settings(vendor)))


def recorded_script(vendor: str) -> dict[str, list[Scripted]]:
    return {key: [answer(document)] for key, document in recorded_replies(vendor).items()}


def client_of(account: Account, tally: Tally, transport: httpx.AsyncBaseTransport | None = None) -> Client:
    return Client(account.endpoint, RateLimiter(account.rate_limit, account.assumed_rate), tally, transport)


async def poll_once(account: Account, poll: Poll) -> Reading | PollError:
    try:
        samples = await account.read(poll)
    except PollError as error:
        return error
    as_of = poll.as_of.timestamp() if poll.as_of else None
    return checked(samples, account.max_series, poll.diagnostics, as_of)


def polled_at(account: Account, *times: datetime, tally: Tally | None = None) -> list[Reading | PollError]:
    """Poll through the real client, once at each of the times, as one poller would."""

    async def main() -> list[Reading | PollError]:
        kept: dict[str, tuple[datetime, Any]] = {}
        async with client_of(account, tally or Tally()) as client:
            return [await poll_once(account, Poll(client, now, kept)) for now in times]

    return anyio.run(main)


def polled(account: Account, now: datetime = NOW, tally: Tally | None = None) -> Reading | PollError:
    return polled_at(account, now, tally=tally)[0]


def lines(outcome: Reading | PollError) -> list[str]:
    """Return the sample lines that a reading puts on the page, in its order, without the account."""
    text = _text("", outcome)
    return text.replace('account="",', "").replace('{account=""}', "").splitlines()


def page(account: Account, outcome: Reading | PollError) -> str:
    """Return the sample lines that a reading puts on the page, in its order."""
    return _text(account.name, outcome)


def _text(account: str, outcome: Reading | PollError) -> str:
    assert isinstance(outcome, Reading), outcome
    lines = render(label_pairs({"account": account}), outcome.figures, {})
    return b"".join(
        lines[family].text for family in in_page_order(one for one in lines if isinstance(one, Family))
    ).decode()


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests be tried again at once."""
    monkeypatch.setattr("exporter.client.retry._FIRST_RETRY_SECONDS", 0.001)


def account_with(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    """Return an account of the vendor that needs the fewest settings."""
    common = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
    return account_at(url, monkeypatch, {**common, **settings})


async def error_of(client: Client, path: str = "/") -> PollError:
    """Return the error that a question fails with."""
    with pytest.raises(PollError) as caught:
        await client(path)
    return caught.value
