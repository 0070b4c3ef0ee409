"""A vendor on a real socket that answers from a script and records what it was asked."""

import contextlib
import json
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BufferedIOBase
from typing import Any


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
