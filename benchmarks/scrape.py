"""CPU of a scrape: a page that the exporter joins from ready blocks, and one that prometheus_client renders.

Both hold the same series with the same labels and values. prometheus_client's
are labelled Gauges, as most exporters keep them, packed at the gzip level that
its own server uses. The exporter renders when a poll ends instead, which is
the third piece of work, set against the same page of prometheus_client's.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from exporter.exposition import Exposition, Format, compress, render
from exporter.metrics.usage import PROLIFI_EVENT_COUNT
from exporter.store import Reading, Store

_ACCOUNTS: Final = 10
_ROUNDS: Final = 5
_ROUND_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a piece of work, as a median."""

    series: int
    work: str
    exporter_seconds: float
    prometheus_client_seconds: float

    @property
    def ratio(self) -> float:
        """How many times the exporter does its work while prometheus_client does its own once."""
        return self.prometheus_client_seconds / self.exporter_seconds


def costs(series: int) -> Iterator[Cost]:
    """Yield what so many series cost: a scrape, plain and gzip, and rendering all of them at a poll."""
    store, registry = _store(series), _registry(series)
    exposition = Exposition(store, CollectorRegistry())

    def exporters_page() -> bytes:
        return b"".join(exposition.page(Format.TEXT, 0.0))

    def clients_page() -> bytes:
        return generate_latest(registry)

    if len(exporters_page().splitlines()) != len(clients_page().splitlines()):
        raise RuntimeError("the two pages do not hold the same series")
    rendered = _cpu(clients_page)
    yield Cost(series, "scrape, plain", _cpu(exporters_page), rendered)
    yield Cost(
        series, "scrape, gzip", _cpu(lambda: compress(exporters_page())), _cpu(lambda: gzip.compress(clients_page()))
    )
    yield Cost(series, "poll, render", _cpu(lambda: _render(store)), rendered)


def _render(store: Store) -> None:
    for (_, name), snapshot in store:
        if snapshot.reading is not None:
            render(name, snapshot.reading.samples)


def _store(series: int) -> Store:
    store = Store((("prolifi", name) for name in _names()), render)
    for account, name in enumerate(_names()):
        samples = [
            PROLIFI_EVENT_COUNT(value, customer_id=customer, event_name=event)
            for customer, event, value in _values(series, account)
        ]
        reading = Reading.checked(samples, max_series=series)
        store.succeeded(("prolifi", name), reading, read_at=0.0, stale_at=1.0)
    return store


def _registry(series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    labels = ("account", *PROLIFI_EVENT_COUNT.labels)
    gauge = Gauge(PROLIFI_EVENT_COUNT.name, PROLIFI_EVENT_COUNT.help, labels, registry=registry)
    for account, name in enumerate(_names()):
        for customer, event, value in _values(series, account):
            gauge.labels(name, customer, event).set(value)
    return registry


def _names() -> Iterator[str]:
    return (f"account-{number}" for number in range(_ACCOUNTS))


def _values(series: int, account: int) -> Iterator[tuple[str, str, float]]:
    """Yield customer, event and value of one account's share of the series."""
    for number in range(series // _ACCOUNTS):
        yield f"customer-{number // 4:06}@example.com", f"event.{number % 4}", float(number * 37 + account)


def _cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a piece of work: the median of a few rounds, each long enough for the clock."""
    began = time.process_time()
    work()
    repeats = max(1, round(_ROUND_SECONDS / max(time.process_time() - began, 1e-6)))
    return median(_round(work, repeats) for _ in range(_ROUNDS))


def _round(work: Callable[[], object], repeats: int) -> float:
    began = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - began) / repeats
