"""An hour of a small installation: eight accounts polled every five minutes, and a scrape every fifteen seconds.

CPU of the whole process, including polls. The hour is compressed: only a part of its polls and scrapes is made, more
closely together. That saves most scrapes the process metrics, which cost the exporter 0.1 to 0.3 ms each.
The peer is plain httpx with prometheus_client, which reads the same customers; both run at the same time. Another
row compares the hour with its requests alone, by bare httpx: the least that they can cost without another HTTP client.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.exporting import Account, exporting, serving_vendor
from benchmarks.figures import Bar, Figure
from benchmarks.peers import Peer, serving
from benchmarks.polling import bare_pace
from benchmarks.processes import as_installed, eventually, free_port
from benchmarks.scale import Scale

_POLLS_AN_HOUR: Final = 12
_SCRAPES_A_POLL: Final = 20
_SCRAPE_SECONDS: Final = 0.6
_INTERVAL_SECONDS: Final = _SCRAPES_A_POLL * _SCRAPE_SECONDS
_PEER: Final = "plain httpx and prometheus_client"
_REQUESTS: Final = "its requests alone, by bare httpx"
_ACCOUNT: Final = Account(
    36, buckets=3, interval=f"{_INTERVAL_SECONDS:.0f}s", others_interval=f"{_INTERVAL_SECONDS:.0f}s", accounts=8
)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the CPU seconds of an hour."""
    hours: tuple[list[float], list[float]] = [], []
    share = _POLLS_AN_HOUR * _SCRAPES_A_POLL / scale.hour_scrapes
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        exporter, peer = stack.enter_context(exporting(_ACCOUNT, folder)), stack.enter_context(_peer(folder))
        exporter.vendor.wait_for(_ACCOUNT.requests)
        servers = (Peer(exporter.program, exporter.scraper), peer)
        for _ in range(scale.rounds):
            before = [one.program.cpu_seconds for one in servers]
            _scrape(servers, scale.hour_scrapes)
            for hour, one, cpu in zip(hours, servers, before, strict=True):
                hour.append(share * (one.program.cpu_seconds - cpu))
    what = f"an hour of {_ACCOUNT.accounts} accounts with {_ACCOUNT.series:,} series, 12 polls each and 240 scrapes"
    yield Figure.of(what, hours[0], "s", _PEER, hours[1], Bar(ratio_at_most=1 / 5))
    requests = _POLLS_AN_HOUR * _ACCOUNT.requests
    paces = [bare_pace(_ACCOUNT, round(requests / share)) for _ in range(scale.rounds)]
    yield Figure.of(what, hours[0], "s", _REQUESTS, [requests * pace.cpu for pace in paces])


def _scrape(servers: tuple[Peer, ...], scrapes: int) -> None:
    began = time.monotonic()
    for number in range(1, scrapes + 1):
        for one in servers:
            one.scraper.scrape()
        time.sleep(max(0.0, began + number * _SCRAPE_SECONDS - time.monotonic()))


@contextmanager
def _peer(folder: Path) -> Iterator[Peer]:
    port = free_port()
    with serving_vendor(_ACCOUNT, folder) as vendor:
        numbers = (_ACCOUNT.accounts, _ACCOUNT.customers, _INTERVAL_SECONDS)
        with serving(as_installed("benchmarks.plain_exporter", vendor.url, port, *numbers), port, folder) as peer:
            eventually(lambda: vendor.answered >= _ACCOUNT.requests)
            yield peer
