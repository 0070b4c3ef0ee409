"""How much of everything a run of the benchmarks has: all of it, or just enough to see that they work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of a run.

    Attributes:
        series: sizes of the page in the benchmark of scrapes.
        rendered: sizes of a poll in the benchmark of rendering.
        held: on the page in the benchmark of memory: customers, series of each, how often they are read, and how often
            that is measured.
        hour_scrapes: of the 240 of an hour, how many are made in a round.
        many_accounts: how many there are while one of them is polled.
        large_replies: how many come at once, and how many values each has.
        stored: series of a reading that is stored.
        chosen: customers, of whose two series each one is left out.
        customers: that are polled.
        polled_requests: how many requests a round of polling has, next door and far away.
        latency_series: on the page while scrapes are timed.
        million: series that one process holds for a real Prometheus.
        quotas: that the rules and the overview look at.
        accounts: in the configuration that is checked.
        delay: of the vendor that is far away, in seconds.
        rounds: of each measurement; its median counts.
        round_seconds: of CPU that a round takes, where one piece of work takes less.
        apart: seconds between two scrapes that are made now and then, and how many of those are made.
        idle_seconds: that the exporter is watched while nothing happens.
        scrapes: that are timed while customers are polled.
        scrape_pause: seconds between two of those.
        prometheus_scrapes: that a real Prometheus makes, and how many seconds lie between two.

    """

    series: tuple[int, ...] = (1_000, 100_000)
    rendered: tuple[int, ...] = (1_000, 100_000)
    held: tuple[tuple[int, int, int, int], ...] = ((1_000, 100, 4, 3), (100_000, 10, 1, 1))
    hour_scrapes: int = 60
    many_accounts: tuple[int, ...] = (100, 1_000, 4_000)
    large_replies: tuple[int, int] = (10, 230_000)
    stored: int = 100_000
    chosen: int = 8_000
    customers: int = 10_000
    polled_requests: tuple[int, int] = (4_000, 1_000)
    latency_series: int = 100_000
    million: int = 1_000_000
    quotas: int = 5_000
    accounts: int = 1_000
    delay: float = 0.1
    rounds: int = 3
    round_seconds: float = 0.2
    apart: tuple[float, int] = (1.2, 9)
    idle_seconds: float = 20.0
    scrapes: int = 600
    scrape_pause: float = 0.05
    prometheus_scrapes: tuple[int, int] = (4, 10)


FULL: Final = Scale()
TINY: Final = Scale(
    series=(200,),
    rendered=(200,),
    held=((2, 100, 1, 1),),
    hour_scrapes=1,
    many_accounts=(2,),
    large_replies=(2, 100),
    stored=200,
    chosen=20,
    customers=20,
    polled_requests=(20, 20),
    latency_series=200,
    million=1_000,
    quotas=20,
    accounts=8,
    delay=0.01,
    rounds=1,
    round_seconds=0.01,
    apart=(0.01, 1),
    idle_seconds=0.2,
    scrapes=5,
    scrape_pause=0.01,
    prometheus_scrapes=(1, 1),
)
