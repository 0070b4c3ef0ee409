"""The exporter's own HTTP, over real sockets."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc
import httpx
import pytest
from patience import DEADLINE_SECONDS
from readings import checked, kept

from exporter.errors import ServerFailed
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.web.addresses import address_of, listen
from exporter.web.pages import Application
from exporter.web.server import Server

pytestmark = pytest.mark.anyio
KEY = ("netnut", "main")


def store_with(series: int = 1) -> Store:
    store = Store([KEY])
    samples = [NETNUT_GB_USED(number, plan_id=f"plan-{number}", product_type="Residential") for number in range(series)]
    store.record_success(KEY, kept(checked(samples, series), read_at=1795262400.0))
    return store


@asynccontextmanager
async def server(store: Store, path: str = "/metrics") -> AsyncIterator[tuple[str, anyio.Event]]:
    """A running server: its host and port, and the event that stops it."""
    stop = anyio.Event()
    (socket,) = listen(["127.0.0.1:0"])
    address = address_of(socket)
    async with anyio.create_task_group() as tasks:
        await tasks.start(Server(Application(store, Telemetry(0), path), stop).run, [socket])
        yield address, stop
        stop.set()


@asynccontextmanager
async def client(store: Store, path: str = "/metrics") -> AsyncIterator[httpx.AsyncClient]:
    async with server(store, path) as (address, _), httpx.AsyncClient(base_url=f"http://{address}") as one:
        yield one


async def raw(address: str, request: bytes) -> bytes:
    host, port = address.split(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(request)
        answer = b""
        with anyio.move_on_after(2):
            while True:
                try:
                    answer += await stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    break
        return answer


@pytest.mark.parametrize(
    ("method", "path", "status", "content_type"),
    [
        ("GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("HEAD", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("GET", "/metrics?name[]=x", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("GET", "/", 200, "text/html; charset=utf-8"),
        ("GET", "/-/healthy", 200, "text/plain; charset=utf-8"),
        ("GET", "/-/ready", 200, "text/plain; charset=utf-8"),
        ("GET", "/api/v1/status", 200, "application/json"),
        ("GET", "/accounts/netnut/main", 200, "text/html; charset=utf-8"),
        ("GET", "/accounts/netnut/other", 404, "text/plain; charset=utf-8"),
        ("GET", "/configuration", 404, "text/plain; charset=utf-8"),
        ("POST", "/api/v1/status", 405, "text/plain; charset=utf-8"),
        ("GET", "/metrics/", 404, "text/plain; charset=utf-8"),
        ("GET", "/favicon.ico", 404, "text/plain; charset=utf-8"),
        ("POST", "/-/reload", 403, "text/plain; charset=utf-8"),
        ("POST", "/metrics", 405, "text/plain; charset=utf-8"),
        ("PUT", "/", 405, "text/plain; charset=utf-8"),
        ("DELETE", "/-/healthy", 405, "text/plain; charset=utf-8"),
        ("OPTIONS", "/metrics", 405, "text/plain; charset=utf-8"),
    ],
)
async def test_a_request_gets(method: str, path: str, status: int, content_type: str) -> None:
    async with client(store_with()) as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
    assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)
    assert "server" not in answer.headers
    assert (answer.content == b"") == (method == "HEAD")


async def test_the_page_holds_what_the_store_has() -> None:
    async with client(store_with()) as http:
        page = (await http.get("/metrics")).text

    assert 'netnut_gb_used{account="main",plan_id="plan-0",product_type="Residential"} 0.0\n' in page
    assert "process_cpu_seconds_total" in page
    assert "python_info" in page


async def test_openmetrics_and_gzip_are_sent_to_those_who_ask() -> None:
    headers = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
    async with client(store_with()) as http, http.stream("GET", "/metrics", headers=headers) as answer:
        packed = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(packed)
    assert gzip.decompress(packed).endswith(b"# EOF\n")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_large_page_arrives_whole(encoding: str) -> None:
    async with client(store_with(20_000)) as http:
        page = (await http.get("/metrics", headers={"Accept-Encoding": encoding})).text

    assert page.count("\nnetnut_gb_used{") == 20_000


async def test_before_every_account_was_tried_it_is_healthy_but_not_ready() -> None:
    store = Store([KEY])
    async with client(store) as http:
        before = [(await http.get(path)).status_code for path in ("/-/healthy", "/-/ready", "/metrics", "/")]
        store.record_failure(KEY, ServerFailed("HTTP 500"))
        after = (await http.get("/-/ready")).status_code

    assert (before, after) == ([200, 503, 200, 200], 200)


async def test_the_metrics_can_be_elsewhere() -> None:
    async with client(store_with(), path="/usage") as http:
        statuses = [(await http.get(path)).status_code for path in ("/usage", "/metrics")]
        landing = (await http.get("/")).text

    assert statuses == [200, 404]
    assert '<a href="/usage">' in landing


async def test_the_pages_for_people_follow_the_store_and_let_nothing_run() -> None:
    store = store_with()
    async with client(store) as http:
        up = await http.get("/")
        store.record_failure(KEY, ServerFailed("HTTP 500"))
        down = await http.get("/")
        account = await http.get("/accounts/netnut/main")
        status = (await http.get("/api/v1/status")).json()

    assert '<span class="state up">up</span>' in up.text
    assert "failing (server), last reading shown" in down.text
    assert "HTTP 500" in account.text
    assert [one["reason"] for one in status["accounts"]] == ["server"]
    for answer in (up, account):
        assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /%ff%fe%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
async def test_junk_is_refused_and_the_next_scrape_answered(request_bytes: bytes) -> None:
    async with server(store_with()) as (address, _):
        answer = await raw(address, request_bytes)
        async with httpx.AsyncClient() as http:
            after = await http.get(f"http://{address}/metrics")

    assert answer == b"" or answer.split()[1][:1] == b"4"
    assert after.status_code == 200


async def test_an_idle_connection_holds_nobody_up() -> None:
    async with server(store_with()) as (address, _):
        host, port = address.split(":")
        async with await anyio.connect_tcp(host, int(port)) as idle:
            await idle.send(b"GET /metr")
            with anyio.fail_after(DEADLINE_SECONDS):
                async with httpx.AsyncClient() as http:
                    answer = await http.get(f"http://{address}/metrics")

    assert answer.status_code == 200


async def test_a_scrape_under_way_is_finished_when_the_exporter_stops() -> None:
    async with server(store_with(100_000)) as (address, stop):
        host, port = address.split(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            await stream.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await stream.receive()
            stop.set()
            with anyio.fail_after(DEADLINE_SECONDS):
                while True:
                    try:
                        answer += await stream.receive()
                    except anyio.EndOfStream:
                        break
    head, _, body = answer.partition(b"\r\n\r\n")

    assert f"content-length: {len(body)}".encode() in head


async def test_it_listens_on_several_addresses() -> None:
    stop = anyio.Event()
    sockets = listen(["127.0.0.1:0", "[::1]:0"])
    addresses = [address_of(one) for one in sockets]
    async with anyio.create_task_group() as tasks, httpx.AsyncClient() as http:
        await tasks.start(Server(Application(store_with(), Telemetry(0), "/metrics"), stop).run, sockets)
        statuses = [(await http.get(f"http://{address}/-/healthy")).status_code for address in addresses]
        stop.set()

    assert statuses == [200, 200]
