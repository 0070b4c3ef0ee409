"""The scale of a run of the benchmarks: full, or just enough to check that they work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes in a run.

    Attributes:
        series: sizes of the page in `scrape`, in series.
        rendered: sizes of a poll in `render`, in series.
        held: the accounts in `memory`: customers, series per customer, number of readings, number of measurements.
        hour_scrapes: the number of an hour's 240 scrapes that a round makes.
        many_accounts: the number of accounts while one of them is polled.
        large_replies: the number of simultaneous replies, and the number of values in each.
        stored: the series of a stored reading.
        chosen: the number of customers in `families`, with two series each, of which one is hidden.
        customers: the number of customers polled.
        polled_requests: the number of requests per round in `polling`, to the nearby and to the distant vendor.
        latency_series: the series on the page in `latency`.
        million: the series in `million`.
        quotas: the number of quotas in `quotas`.
        accounts: the number of accounts in `check`.
        delay: the delay of the distant vendor's answers, in seconds.
        rounds: the number of rounds of each measurement; the result is the median.
        round_seconds: the minimum CPU seconds of a round; shorter work is repeated.
        apart: the seconds between two spaced scrapes, and their number.
        idle_seconds: the seconds for which the idle exporter is measured.
        scrapes: the number of scrapes timed while customers are polled.
        scrape_pause: the seconds between two of those scrapes.
        prometheus_scrapes: the number of scrapes by a real Prometheus, and the seconds between two.

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
