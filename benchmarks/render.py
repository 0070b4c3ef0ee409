"""What a poll's samples cost until they are ready for the page: checked, counted in quotas, rendered, deflated, kept.

CPU in this very process, by series; the vendor's answer was read before. The peer sets the same labelled Gauges and
renders all of them once, as prometheus_client does at every scrape; it deflates nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count
from math import ceil, inf
from pathlib import Path
from statistics import median
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
_BAR: Final = Bar(ratio_at_most=1 / 5)
_SERIES_OF_A_SLICE: Final = 1000
_BUCKETS: Final = 100
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)

Places = Sequence[tuple[str, ...]]
"""The label values of series."""


class Polls:
    """An account whose polls come from here: what is done with their samples is the exporter's own."""

    def __init__(self, slices: int) -> None:
        os.environ.update(SECRET)
        (self._account,) = parse(Account(1).configuration("http://127.0.0.1").encode(), Path()).accounts
        self._store = Store()
        self._store.reconfigure({self._account.key: slices})

    def commit(self, number: int, samples: Sequence[Sample]) -> None:
        """Take what a poll of a slice brought to the page."""
        key, now = self._account.key, _NOW.timestamp()
        brought = PollResult(number, samples, Diagnostics(), None, asked_at=_NOW, read_at=now, stale_at=inf)
        polled = process(self._account, brought, self._store[key])
        self._store.record_success(key, polled.state, polled.account_state, number, polled.ledger)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield what a poll costs by series, where all of its figures changed, and where none did."""
    for series in scale.rendered:
        changed, stayed, library = (_MICRO * seconds / series for seconds in _turns(series, scale.rounds))
        what = f"a poll of {series:,} series, a series"
        yield Figure(f"{what}, all changed", changed, "µs", CLIENT_LIBRARY, library, _BAR)
        yield Figure(f"{what}, none changed", stayed, "µs", CLIENT_LIBRARY, library, _BAR)


def _turns(series: int, rounds: int) -> tuple[float, ...]:
    """Return the CPU seconds of a poll that changes all, of the same once more, and of the library's work."""
    places, polls, library = _places(0, series), Polls(1), _library(series)
    polls.commit(0, _samples(places, 0.5))
    turns = []
    for value in range(rounds):
        samples, same = _samples(places, value), _samples(places, value)
        turns.append((_cpu(partial(polls.commit, 0, samples)), _cpu(partial(polls.commit, 0, same)), _cpu(library)))
    return tuple(map(median, zip(*turns, strict=True)))


def commit_seconds(series: int, changed: int, scale: Scale) -> float:
    """Return the CPU seconds for polls of as many slices as hold the changed series; a slice has a thousand."""
    size = min(series, _SERIES_OF_A_SLICE)
    slices, again = ceil(series / size), ceil(changed / size)
    polls, values = Polls(slices), count()
    places = [_places(number * size, size) for number in range(slices)]
    for number in range(slices):
        polls.commit(number, _samples(places[number], 0.5))

    def poll() -> float:
        value = next(values)
        brought = [(number, _mixed(places[number], changed - number * size, value)) for number in range(again)]
        began = time.process_time()
        for number, samples in brought:
            polls.commit(number, samples)
        return time.process_time() - began

    return median(poll() for _ in range(scale.rounds))


def _places(first: int, series: int) -> Places:
    return [
        ("analytics", f"customer-{number // _BUCKETS:06}", "monthly-events", f"team-{number % _BUCKETS:03}")
        for number in range(first, first + series)
    ]


def _samples(places: Places, value: float) -> list[Sample]:
    return [Sample(FAMILY, labels, _figure(number) + value) for number, labels in enumerate(places)]


def _figure(number: int) -> float:
    return number * 2_654_435_761 % 2**32 / 100


def _mixed(places: Places, changed: int, value: float) -> list[Sample]:
    """Return samples of which the first `changed` have a figure that they never had."""
    changed = max(0, changed)
    return _samples(places[:changed], value) + _samples(places, 0.5)[changed:]


def _library(series: int) -> Callable[[], object]:
    registry = CollectorRegistry()
    gauge = Gauge(FAMILY.name, FAMILY.help, ("account", *FAMILY.labels), registry=registry)
    places, values = _places(0, series), count()

    def poll_and_render() -> bytes:
        value = next(values)
        for number, labels in enumerate(places):
            gauge.labels("main", *labels).set(_figure(number) + value)
        return generate_latest(registry)

    return poll_and_render


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
