"""The cost of a poll's samples until they are on the page: validated, counted in quotas, rendered, deflated, stored.

CPU of this process, per series, without reading the vendor's answer. The peer sets the same labelled Gauges and
renders all of them once, as prometheus_client does at every scrape, without compression.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count
from math import inf
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from benchmarks.exporting import SECRET, Account
from benchmarks.figures import Bar, Figure
from benchmarks.peers import CLIENT_LIBRARY
from benchmarks.scale import Scale
from exporter.config import parse
from exporter.metrics import Sample
from exporter.polling.pipeline import PollResult, process
from exporter.store.store import Store
from exporter.vendors.planship.families import PLANSHIP_LEVER_BUCKET_USAGE as FAMILY
from exporter.vendors.reply import Diagnostics

_MICRO: Final = 1e6
_BAR: Final = Bar(ratio_at_most=1 / 4)
_BUCKETS: Final = 100
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)

Places = Sequence[tuple[str, ...]]
"""The label values of each series."""


class Polls:
    """An account whose poll results are made up by the benchmark and processed by the exporter."""

    def __init__(self, slices: int) -> None:
        os.environ.update(SECRET)
        (self._account,) = parse(Account(1).configuration("http://127.0.0.1").encode(), Path()).accounts
        self._store = Store()
        self._store.reconfigure({self._account.key: slices})

    def commit(self, number: int, samples: Sequence[Sample]) -> None:
        """Commit the samples of a slice's poll."""
        key, now = self._account.key, NOW.timestamp()
        result = PollResult(number, samples, Diagnostics(), None, asked_at=NOW, read_at=now, stale_at=inf)
        polled = process(self._account, result, self._store[key])
        self._store.record_success(key, polled.state, polled.account_state, number, polled.ledger)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the cost of a poll per series, if all figures changed, and if none did."""
    for series in scale.rendered:
        turns = _turns(series, scale.rounds)
        changed, stayed, library = ([_MICRO * turn[side] / series for turn in turns] for side in range(3))
        what = f"a poll of {series:,} series, a series"
        yield Figure.of(f"{what}, all changed", changed, "µs", CLIENT_LIBRARY, library, _BAR)
        yield Figure.of(f"{what}, none changed", stayed, "µs", CLIENT_LIBRARY, library, _BAR)


def _turns(series: int, rounds: int) -> list[tuple[float, ...]]:
    """Return the CPU seconds of polls that change all figures, of polls that change none, and of the library."""
    places, polls, library = places_of(0, series), Polls(1), library_work(series)
    polls.commit(0, samples_of(places, 0.5))
    turns: list[tuple[float, ...]] = []
    for value in range(rounds):
        samples, same = samples_of(places, value), samples_of(places, value)
        turns.append(
            (
                cpu_seconds(partial(polls.commit, 0, samples)),
                cpu_seconds(partial(polls.commit, 0, same)),
                cpu_seconds(library),
            )
        )
    return turns


def places_of(first: int, series: int) -> Places:
    """Return the label values of `series` series, numbered from `first`."""
    return [
        ("analytics", f"customer-{number // _BUCKETS:06}", "monthly-events", f"team-{number % _BUCKETS:03}")
        for number in range(first, first + series)
    ]


def samples_of(places: Places, value: float) -> list[Sample]:
    """Return a poll's samples of these series; another `value` changes all figures."""
    return [Sample(FAMILY, labels, _figure(number) + value) for number, labels in enumerate(places)]


def _figure(number: int) -> float:
    return number * 2_654_435_761 % 2**32 / 100


def library_work(series: int, changed: int | None = None) -> Callable[[], bytes]:
    """Return the work of prometheus_client for a poll that changes some or all series, and a scrape of all."""
    registry = CollectorRegistry()
    gauge = Gauge(FAMILY.name, FAMILY.help, ("account", *FAMILY.labels), registry=registry)
    places, values = places_of(0, series), count()
    for labels in places:
        gauge.labels("main", *labels).set(0.5)

    def poll_and_render() -> bytes:
        value = next(values)
        for number, labels in enumerate(places[:changed]):
            gauge.labels("main", *labels).set(_figure(number) + value)
        return generate_latest(registry)

    return poll_and_render


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process for a piece of work."""
    began = time.process_time()
    work()
    return time.process_time() - began
