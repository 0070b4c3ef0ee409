"""CPU of a scrape: of the whole serving process, its HTTP and the kernel's part included, for one answer.

Each page has the series of one account; beside it stand the same series (prometheus_client, node_exporter) or the
same bytes (nginx). Scrapes are made one after the other, and now and then, as Prometheus makes them: more than a
second apart, so that nothing that is kept for a second is of use to them, and no cache of the processor's is warm.
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
from benchmarks.render import commit_seconds
from benchmarks.scale import Scale
from benchmarks.scraping import AS_PROMETHEUS, Ask, cpu_of

_MS: Final = 1000.0
_MOST_AT_ONCE: Final = 200
_MOST_SECONDS: Final = 6.0
"""Of CPU that all rounds of one measurement may take."""
_POLLED_SERIES: Final = 300_000
"""In all polls of one measurement, if they are more than one."""
_BAR_SERIES: Final = 100_000
_BARS: Final = {NGINX: Bar(ratio_at_most=2.0), CLIENT_LIBRARY: Bar(ratio_at_most=1 / 1500)}
_CHANGED_BARS: Final = {1000: Bar(ratio_at_most=1 / 300)}

Costs = Mapping[str, float]
"""CPU seconds of a scrape, by who is asked; the exporter has no name."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield what a scrape costs at each size: with nothing changed, in each format; then after each change."""
    for series in scale.series:
        with tempfile.TemporaryDirectory() as folder, exporting(account_of(series), Path(folder)) as exporter:
            exporter.wait_until_read()
            with _peers(exporter, Path(folder)) as servers:
                now_and_then = _now_and_then(servers, scale)
                in_a_row = {ask: _in_a_row(servers, ask, now_and_then, scale) for ask in Ask}
            bars = _BARS if series == _BAR_SERIES else {}
            yield from _rows(f"a scrape of {series:,} series, {AS_PROMETHEUS.words}, now and then", now_and_then, bars)
            for ask, costs in in_a_row.items():
                yield from _rows(f"a scrape of {series:,} series, {ask.words}, in a row", costs, {})
            for changed in scale.changed:
                if changed <= series:
                    yield from _changed(exporter, changed, now_and_then[CLIENT_LIBRARY], scale)


@contextmanager
def _peers(exporter: Exporter, folder: Path) -> Iterator[dict[str, Peer]]:
    """Run all who are asked; the exporter has no name."""
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
    """Return the median of scrapes with pauses between them; all servers have a turn in each round."""
    pause, rounds = scale.apart
    found: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        time.sleep(pause)
        for name, peer in servers.items():
            if sum(found[name]) < _MOST_SECONDS:
                found[name].append(_cost(peer, AS_PROMETHEUS))
    return {name: median(costs) for name, costs in found.items()}


def _in_a_row(servers: Mapping[str, Peer], ask: Ask, about: Costs, scale: Scale) -> Costs:
    """Return the median of rounds of scrapes without pauses, each `about` so costly; all have a turn in each round.

    A server that is so slow that one scrape is too much is left out.
    """
    found: dict[str, list[float]] = {name: [] for name in servers}
    for turn in range(scale.rounds):
        for name, peer in servers.items():
            if (turn + 1) * about[name] < _MOST_SECONDS:
                times = min(_MOST_AT_ONCE, max(1, round(scale.round_seconds / about[name])))
                found[name].append(_cost(peer, ask, times))
    return {name: median(costs) for name, costs in found.items() if costs}


def _rows(what: str, costs: Costs, bars: Mapping[str, Bar]) -> Iterator[Figure]:
    if len(costs) == 1:
        yield Figure(what, _MS * costs[""], "ms")
    for name, cost in costs.items():
        if name:
            yield Figure(what, _MS * costs[""], "ms", name, _MS * cost, bars.get(name, NO_BAR))


def _changed(exporter: Exporter, changed: int, library: float, scale: Scale) -> Iterator[Figure]:
    """Yield the first scrape after a poll that brought other figures, without and with what the poll had to do."""
    costs, before = [], exporter.first_figure
    for _ in range(max(1, min(scale.rounds, _POLLED_SERIES // exporter.account.series))):
        exporter.vendor.change(changed)
        exporter.poll_again()
        costs.append(_MS * cpu_of(exporter.program, exporter.scraper.scrape))
    if exporter.first_figure != before + len(costs):
        raise RuntimeError("the page does not show what the vendor changed")
    series, scrape = exporter.account.series, median(costs)
    what = f"{series:,} series, {changed:,} changed"
    yield Figure(f"{what}, the first scrape after", scrape, "ms", CLIENT_LIBRARY, _MS * library)
    whole = scrape + _MS * commit_seconds(series, changed, scale)
    bar = _CHANGED_BARS.get(changed, NO_BAR) if series == _BAR_SERIES else NO_BAR
    yield Figure(f"{what}, their commit and that scrape", whole, "ms", CLIENT_LIBRARY, _MS * library, bar)
