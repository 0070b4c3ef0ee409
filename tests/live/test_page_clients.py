"""The packed page over a real socket: read whole by clients that are not ours, from poll to poll."""

import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import anyio
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from programs import eventually, fetch, program
from readings import checked, kept
from servers import prometheus

from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.web.addresses import address_of, listen
from exporter.web.pages import Application
from exporter.web.server import Server

SERIES = 5000
KEYS = [("netnut", "a"), ("netnut", "b")]
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@dataclass(frozen=True)
class Served:
    """An exporter that is served, and the means to have polls land there."""

    url: str
    land: Callable[[float], None]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server of two accounts; what a poll brings changes a tenth of the series, and how many there are."""
    store = Store(KEYS)

    def land(number: float) -> None:
        for key in KEYS:
            samples = [
                NETNUT_GB_USED(number if plan % 10 == 0 else 0.5, plan_id=str(plan), product_type="x")
                for plan in range(SERIES + int(number) % 7)
            ]
            store.record_success(key, kept(checked(samples), key[1], before=store[key].slices.get(0)))

    (listening,) = listen(["127.0.0.1:0"])
    with start_blocking_portal() as portal:
        stop = portal.call(anyio.Event)
        server = portal.start_task_soon(Server(Application(store, Telemetry(0), "/metrics"), stop).run, [listening])
        yield Served(f"http://{address_of(listening)}", lambda number: portal.call(land, number))
        portal.call(stop.set)
        server.result()


def curl(url: str, accept: str, folder: Path) -> bytes:
    command = [program("curl"), "-sSf", "--compressed", "-H", f"Accept: {accept}", "-o", str(folder / "page"), url]
    subprocess.run(command, check=True)
    return (folder / "page").read_bytes()


def gzip_program(url: str, accept: str, folder: Path) -> bytes:
    headers = {"Accept": accept, "Accept-Encoding": "gzip"}
    with httpx.stream("GET", url, headers=headers) as answer:
        (folder / "page.gz").write_bytes(b"".join(answer.iter_raw()))
    subprocess.run([program("gzip"), "-t", folder / "page.gz"], check=True)
    return gzip.decompress((folder / "page.gz").read_bytes())


def with_httpx(url: str, accept: str, _folder: Path) -> bytes:
    answer = httpx.get(url, headers={"Accept": accept})
    assert answer.headers["content-encoding"] == "gzip"
    return answer.content


@pytest.mark.parametrize("read", [curl, gzip_program, with_httpx])
@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_the_packed_page_is_read_whole_from_poll_to_poll(
    accept: str, read: Callable[[str, str, Path], bytes], served: Served, tmp_path: Path
) -> None:
    for number in (1.0, 2.0, 6.0):
        served.land(number)
        page = read(f"{served.url}/metrics", accept, tmp_path).decode()

        assert page.count("\nnetnut_gb_used{") == 2 * (SERIES + int(number) % 7)
        assert page.count(f" {number}\n") >= 2 * SERIES // 10
        assert page.endswith("# EOF\n") is (accept == OPENMETRICS)
        plain = httpx.get(f"{served.url}/metrics", headers={"Accept": accept, "Accept-Encoding": "identity"}).text
        assert usage(page) == usage(plain)


def usage(page: str) -> list[str]:
    return [line for line in page.splitlines() if "netnut" in line]


def test_a_real_prometheus_reads_the_packed_page_whole_from_poll_to_poll(
    generation: str, served: Served, tmp_path: Path
) -> None:
    targets = [served.url.removeprefix("http://")]
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "e", "static_configs": [{"targets": targets}]}],
    }

    with prometheus(generation, tmp_path, config) as url:

        def found(expression: str) -> float:
            answer = json.loads(fetch(f"{url}/api/v1/query?{urlencode({'query': expression})}"))
            return min((float(one["value"][1]) for one in answer["data"]["result"]), default=0.0)

        for number in (1.0, 2.0, 6.0):
            served.land(number)
            series = SERIES + int(number) % 7
            changed = f"count by (account) (netnut_gb_used == {number}) == {len(range(0, series, 10))}"
            eventually(partial(found, f"{changed} and on () (count(netnut_gb_used) == {2 * series})"))
