"""Requests at a rate, on a clock that jumps."""

from itertools import pairwise, product

import anyio
import pytest
from virtual_time import run_virtually

from exporter.client.rate_limit import MAX_IN_FLIGHT, RateLimiter, StatedLimit
from exporter.durations import Rate


def seconds_for(limiter: RateLimiter, requests: int, stated: StatedLimit | None = None) -> float:
    async def main() -> float:
        began = anyio.current_time()
        if stated:
            limiter.update(stated)
        for _ in range(requests):
            await limiter.wait()
        return anyio.current_time() - began

    return run_virtually(main)


@pytest.mark.parametrize(
    ("configured", "assumed", "requests", "seconds"),
    [
        (None, None, 10_000, 0),
        (Rate(60, 60), None, MAX_IN_FLIGHT, 0),
        (Rate(60, 60), None, MAX_IN_FLIGHT + 5, 5),
        (Rate(1, 10), None, 3, 20),
        (None, Rate(1000, 60), 800 + MAX_IN_FLIGHT, 60),
        (Rate(2000, 60), Rate(1000, 60), 2000 + MAX_IN_FLIGHT, 60),
    ],
)
def test_requests_take(configured: Rate | None, assumed: Rate | None, requests: int, seconds: float) -> None:
    assert seconds_for(RateLimiter(configured, assumed), requests) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("configured", "assumed", "share", "requests", "seconds"),
    [
        (None, None, 0.5, 10_000, 0),
        (None, Rate(1000, 60), 0.5, 400 + 5, 60),
        (Rate(60, 60), None, 0.5, 5, 0),
        (Rate(60, 60), None, 0.5, 30 + 5, 60),
        (Rate(60, 60), None, 1 / 3, 20 + 3, 60),
        (Rate(10, 60), None, 0.01, 3, 1200),
    ],
)
def test_a_share_of_a_rate_is_as_much_slower(
    configured: Rate | None, assumed: Rate | None, share: float, requests: int, seconds: float
) -> None:
    assert seconds_for(RateLimiter(configured, assumed, share), requests) == pytest.approx(seconds)


def test_a_share_of_the_limit_that_the_vendor_states_is_used() -> None:
    stated = StatedLimit(limit=100, remaining=None)

    assert seconds_for(RateLimiter(None, Rate(1000, 60), 0.5), 40 + 5, stated) == pytest.approx(60)


@pytest.mark.parametrize(("remaining", "waited"), [(0, 4), (1, 4), (2, 3), (7, 1), (8, 0), (100, 0)])
def test_a_share_of_what_is_left_goes_at_once(remaining: int, waited: int) -> None:
    stated = StatedLimit(limit=1000, remaining=remaining)

    assert seconds_for(RateLimiter(None, Rate(1000, 60), 0.5), 4, stated) == pytest.approx(waited * 60 / 400)


def test_shards_together_send_no_more_in_a_minute_than_the_vendor_allows() -> None:
    async def main() -> list[float]:
        times: list[float] = []

        async def ask(limiter: RateLimiter) -> None:
            for _ in range(500):
                await limiter.wait()
                times.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for _ in range(7):
                tasks.start_soon(ask, RateLimiter(None, Rate(1000, 60), 1 / 7))
        return sorted(times)

    times = run_virtually(main)

    assert all(later - first >= 60 for first, later in zip(times, times[1000:], strict=False))
    assert times[-1] < 3500 / 800 * 60


def test_no_window_of_a_minute_holds_more_than_the_vendor_allows() -> None:
    async def main() -> list[float]:
        limiter, times = RateLimiter(None, Rate(1000, 60)), []
        for _ in range(3000):
            await limiter.wait()
            times.append(anyio.current_time())
        return times

    times = run_virtually(main)

    assert all(later - first >= 60 for first, later in zip(times, times[1000:], strict=False))


def test_an_assumed_rate_follows_the_limit_that_the_vendor_states() -> None:
    stated = StatedLimit(limit=100, remaining=None)

    assert seconds_for(RateLimiter(None, Rate(1000, 60)), 80 + MAX_IN_FLIGHT, stated) == pytest.approx(60)


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ({}, StatedLimit()),
        ({"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "998"}, StatedLimit(1000, 998)),
        ({"ratelimit-limit": "100", "ratelimit-remaining": "5"}, StatedLimit(100, 5)),
        ({"ratelimit-limit": "100, 100;w=60, 5000;w=3600"}, StatedLimit(100, None, 60)),
        ({"ratelimit-limit": "100; w=60"}, StatedLimit(100, None, 60)),
        ({"x-ratelimit-limit": "7", "ratelimit-limit": "100"}, StatedLimit(7)),
        ({"ratelimit-limit": "100;w=0"}, StatedLimit(100)),
        ({"ratelimit-limit": "many", "ratelimit-remaining": "-1"}, StatedLimit()),
        ({"x-ratelimit-limit": "1e3"}, StatedLimit()),
    ],
)
def test_a_limit_is_stated_in_either_form(headers: dict[str, str], stated: StatedLimit) -> None:
    assert StatedLimit.from_headers(headers) == stated


def test_a_limit_is_for_the_time_that_it_says() -> None:
    stated = StatedLimit(limit=100, remaining=None, seconds=600)

    assert seconds_for(RateLimiter(None, Rate(1000, 60)), 80 + MAX_IN_FLIGHT, stated) == pytest.approx(600)


def test_a_configured_rate_stays_whatever_the_vendor_states() -> None:
    stated = StatedLimit(limit=6000, remaining=0)

    assert seconds_for(RateLimiter(Rate(60, 60), Rate(1000, 60)), MAX_IN_FLIGHT + 6, stated) == pytest.approx(6)


@pytest.mark.parametrize(("remaining", "waited"), [(0, 4), (1, 3), (3, 1), (4, 0), (100, 0)])
def test_no_more_go_at_once_than_the_vendor_says_are_left(remaining: int, waited: int) -> None:
    stated = StatedLimit(limit=1000, remaining=remaining)

    assert seconds_for(RateLimiter(None, Rate(1000, 60)), 4, stated) == pytest.approx(waited * 60 / 800)


def test_a_pause_holds_everybody() -> None:
    async def main() -> list[float]:
        limiter, times = RateLimiter(None, None), []
        limiter.pause(30)

        async def ask() -> None:
            await limiter.wait()
            times.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(ask)
        return times

    times = run_virtually(main)

    assert times[-1] - 30 == pytest.approx(times[0] - 30)
    assert len(times) == 5


def sent_at(limiters: list[RateLimiter], requests: int) -> list[float]:
    """Return when requests are sent by those who share a limit, as fast as each is let."""

    async def main() -> list[float]:
        times: list[float] = []

        async def ask(limiter: RateLimiter) -> None:
            for _ in range(requests):
                await limiter.wait()
                times.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for limiter in limiters:
                tasks.start_soon(ask, limiter)
        return sorted(times)

    return run_virtually(main)


# Shards that may not send one each in a window do not know of each other's: 3 shards have no row of Rate(1, 10).
@pytest.mark.parametrize(
    ("rate", "shards"),
    [(Rate(1, 10), 1), *product([Rate(5, 60), Rate(15, 60), Rate(60, 60), Rate(800, 60)], [1, 3])],
)
def test_no_window_holds_more_than_a_configured_rate_says(rate: Rate, shards: int) -> None:
    times = sent_at([RateLimiter(rate, None, 1 / shards) for _ in range(shards)], 3 * rate.requests)

    windows = zip(times, times[rate.requests :], strict=False)
    assert min(later - first for first, later in windows) >= rate.seconds - 1e-6


def test_those_who_waited_for_the_end_of_a_pause_go_one_after_the_other() -> None:
    async def main() -> list[float]:
        limiter, times = RateLimiter(Rate(60, 60), None), list[float]()

        async def ask() -> None:
            await limiter.wait()
            times.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(ask)
            await anyio.sleep(0.5)
            limiter.pause(30)
        return times

    after = [time for time in run_virtually(main) if time > 1]

    assert len(after) == 30
    assert after[0] == pytest.approx(30.5)
    assert all(later - first >= 0.999 for first, later in pairwise(after))


def test_what_was_sent_counts_when_the_rate_changes() -> None:
    async def main() -> float:
        limiter = RateLimiter(Rate(5, 60), None)
        for _ in range(5):
            await limiter.wait()
        limiter.configure(Rate(6, 60), None)
        await limiter.wait()
        await limiter.wait()
        return anyio.current_time()

    assert run_virtually(main) >= 60
