"""CPU of a scrape: of the whole serving process for one answer, including HTTP and the kernel.

Each page has the series of one account; the peers serve the same series (prometheus_client, node_exporter) or the same
bytes (nginx). Scrapes are made back to back, and also spaced, as Prometheus makes them: more than a second apart, so
that neither values cached for a second nor warm CPU caches help.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.exporting import Exporter, account_of, exporting
from benchmarks.figures import NO_BAR, Bar, Figure
from benchmarks.peers import CLIENT_LIBRARY, NGINX, NODE_EXPORTER, Peer, client_library, nginx, node_exporter
from benchmarks.scale import Scale
from benchmarks.scraping import AS_PROMETHEUS, Ask, cpu_of

_MS: Final = 1000.0
_MOST_AT_ONCE: Final = 200
_MOST_SECONDS: Final = 8.0
"""The maximum CPU seconds for all rounds of one measurement."""
_SMALL: Final = 1_000
_BARS: Final = {NGINX: Bar(ratio_at_most=6.0), CLIENT_LIBRARY: Bar(ratio_at_most=1 / 1500)}
_SMALL_BARS: Final = {"": Bar(value_at_most=0.9)}

Costs = Mapping[str, list[float]]
"""The CPU seconds of scrapes, by the peer's name, which is empty for the exporter."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the cost of scraping an unchanged page at each size: spaced, and back to back in each format."""
    for series in scale.series:
        with tempfile.TemporaryDirectory() as folder, exporting(account_of(series), Path(folder)) as exporter:
            exporter.wait_until_read()
            with _peers(exporter, Path(folder)) as servers:
                now_and_then = _now_and_then(servers, scale)
                in_a_row = {ask: _in_a_row(servers, ask, now_and_then, scale) for ask in Ask}
        bars = _SMALL_BARS if series <= _SMALL else _BARS
        yield from _rows(f"a scrape of {series:,} series, {AS_PROMETHEUS.words}, now and then", now_and_then, bars)
        for ask, costs in in_a_row.items():
            yield from _rows(f"a scrape of {series:,} series, {ask.words}, in a row", costs, {})


@contextmanager
def _peers(exporter: Exporter, folder: Path) -> Iterator[dict[str, Peer]]:
    """Run all servers; yield them by name, which is empty for the exporter."""
    plain, packed, text = map(exporter.scraper.scrape, (Ask.OPENMETRICS_PLAIN, AS_PROMETHEUS, Ask.TEXT_PLAIN))
    with ExitStack() as stack:
        running = {
            "": Peer(exporter.program, exporter.scraper),
            CLIENT_LIBRARY: stack.enter_context(client_library(text, folder)),
            NODE_EXPORTER: stack.enter_context(node_exporter(text, folder)),
            NGINX: stack.enter_context(nginx(plain, packed, folder)),
        }
        yield {name: peer for name, peer in running.items() if peer is not None}


def _cost(peer: Peer, ask: Ask, times: int = 1) -> float:
    return cpu_of(peer.program, lambda: peer.scraper.scrape(ask), times)


def _now_and_then(servers: Mapping[str, Peer], scale: Scale) -> Costs:
    """Return the costs of spaced scrapes; each round scrapes every server."""
    pause, rounds = scale.apart
    found: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        time.sleep(pause)
        for name, peer in servers.items():
            if sum(found[name]) < _MOST_SECONDS:
                found[name].append(_cost(peer, AS_PROMETHEUS))
    return found


def _in_a_row(servers: Mapping[str, Peer], ask: Ask, about: Costs, scale: Scale) -> Costs:
    """Return the costs of back-to-back scrapes. Each round scrapes every server; `about` has estimates per scrape."""
    found: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(scale.rounds):
        for name, peer in servers.items():
            times = min(_MOST_AT_ONCE, max(1, round(scale.round_seconds / median(about[name]))))
            found[name].append(_cost(peer, ask, times))
    return found


def _rows(what: str, costs: Costs, bars: Mapping[str, Bar]) -> Iterator[Figure]:
    own = [_MS * cost for cost in costs[""]]
    for name, peer in costs.items():
        if name:
            yield Figure.of(what, own, "ms", name, [_MS * cost for cost in peer], bars.get(name, NO_BAR))
    if "" in bars:
        yield Figure.of(what, own, "ms", bar=bars[""])
