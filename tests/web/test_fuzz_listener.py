"""Raw bytes at the listener, over a real socket: it answers or closes in time, and the next scrape works."""

import http.client
import re
import socket
import struct
from collections.abc import Iterator
from http import HTTPStatus

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from patience import DEADLINE_SECONDS
from prometheus_client.parser import text_string_to_metric_families
from readings import checked, kept
from structlog.testing import capture_logs

from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.web.addresses import listen
from exporter.web.limits import Limits
from exporter.web.pages import Application
from exporter.web.server import Server

pytestmark = pytest.mark.slow

KEY = ("netnut", "main")
LIMITS = Limits(
    header_seconds=0.1, body_bytes=100, body_seconds=0.1, idle_seconds=0.1, answer_seconds=1.0, connections=4,
    grace_seconds=0.5,
)  # fmt: skip
STATUSES = {100, 200, 400, 403, 404, 405, 413, 431, 501, 503, 505}
CANARY = b"CaNaRy"

HEADERS = (
    *(b"Host: x\r\n", b"Host: " + CANARY + b"\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b": \r\n"),
    *(b"Content-Length: 101\r\n", b"Content-Length: 9999999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Transfer-Encoding: gzip\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\n"),
    *(
        b"Connection: keep-alive, Upgrade\r\n",
        b"Accept: ;q=" + CANARY + b"\r\n",
        b"Accept: \xff\xfe\r\n",
        b" folded\r\n",
    ),
    *(b"Accept: application/openmetrics-text\r\n", b"Accept-Encoding: gzip;q=1e400\r\n", b"Authorization: \xff\r\n"),
    b"X: " + b"x" * 20_000 + b"\r\n",
)
METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"CONNECT ", b"OPTIONS ")
PATHS = (b"/metrics", b"/", b"/-/reload", b"/" + CANARY, b"*", b"/metrics?" + CANARY)
PIECES = st.sampled_from(
    (
        *(*METHODS, *PATHS, *HEADERS, b"get ", b"G\xc9T ", CANARY + b" ", b"/%00", b"/%ff", b"/../", b"x:80", b"#"),
        *(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/9.9\r\n", b"\r\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n"),
        *(
            b"ffffffffffffffffff\r\n",
            b"\x00",
            b"\r",
            b"\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00",
        ),
    )
)
WHOLE = st.builds(
    lambda method, target, headers, body: method + target + b" HTTP/1.1\r\n" + b"".join(headers) + b"\r\n" + body,
    st.sampled_from(METHODS),
    st.sampled_from(PATHS),
    st.lists(st.sampled_from(HEADERS), max_size=3).map(lambda more: [HEADERS[0], *more]),
    PIECES | st.just(b""),
)
SENT = st.lists(WHOLE | PIECES | st.binary(max_size=20), min_size=1, max_size=8)
ENDINGS = st.sampled_from(["half", "half", "half", "wait", "reset", "close"])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server with one reading listens; it has nothing to say, and whatever ends it early fails the test."""
    store = Store([KEY])
    samples = [NETNUT_GB_USED(1.5, plan_id="41", product_type="Residential")]
    store.record_success(KEY, kept(checked(samples)))
    (listening,) = listen(["127.0.0.1:0"])
    with capture_logs() as logs, start_blocking_portal() as portal:
        stop = portal.call(anyio.Event)
        server = Server(Application(store, Telemetry(0), "/metrics"), stop, LIMITS)
        running = portal.start_task_soon(server.run, [listening])
        yield listening.getsockname()[1]
        portal.call(stop.set)
        running.result(timeout=DEADLINE_SECONDS)
    assert logs == []


def received(port: int, sent: list[bytes], ending: str) -> bytes:
    """Return what the server sends until it closes, which it must in time, to a client that ends like this."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as client:
        answer = b""
        try:
            for part in sent:
                client.sendall(part)
            if ending == "half":
                client.shutdown(socket.SHUT_WR)
            if ending == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            while ending in ("half", "wait") and (part := client.recv(65_536)):
                answer += part
        except TimeoutError:
            raise
        except OSError:
            pass  # it was refused before it had said all
    return answer


def scraped(port: int) -> float | None:
    """Return the one figure of a scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    connection.request("GET", "/metrics", headers={"Connection": "close"})
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    assert answer.status == HTTPStatus.OK
    families = {family.name: family for family in text_string_to_metric_families(page)}
    return families["netnut_gb_used"].samples[0].value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=SENT, ending=ENDINGS)
@example(sent=[b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"] * 20, ending="half")
@example(sent=[b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], ending="wait")
@example(sent=[b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", b"junk"], ending="wait")
@example(sent=[b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"], ending="wait")
@example(sent=[b"HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"], ending="wait")
@example(sent=[b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", b"x" * 101], ending="wait")
@example(sent=[b"HEAD / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"], ending="wait")
@example(sent=[b"\x00" * 100_000], ending="half")
@example(sent=[b"GET /" + CANARY + b" HTTP/1.1\r\nHost: x\r\nAccept: " + CANARY + b"\r\n\r\n"], ending="half")
def test_any_bytes_are_answered_or_refused_in_time_and_the_next_scrape_works(
    port: int, sent: list[bytes], ending: str
) -> None:
    answer = received(port, sent, ending)

    assert not answer or answer.startswith(b"HTTP/1.1 ")
    assert {int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)} <= STATUSES
    assert CANARY not in answer
    assert scraped(port) == 1.5


def test_what_is_sent_would_reach_a_page_and_come_back_if_it_were_reflected(port: int) -> None:
    request = b"GET /metrics?" + CANARY + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert received(port, [request], "wait").startswith(b"HTTP/1.1 200 OK\r\n")
    assert received(port, [request.replace(b"GET ", b"GOT ")], "wait").startswith(b"HTTP/1.1 405 ")
    assert received(port, [b"\r\n\r\n\x00\r\n\r\n"], "wait").startswith(b"HTTP/1.1 400 ")
