"""When to ask again: tables for pure functions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.client.response import Response
from exporter.client.retry import ATTEMPTS, reset_after, retry_after, retry_delay
from exporter.errors import (
    ConnectFailed,
    Forbidden,
    Malformed,
    PollError,
    RateLimited,
    ServerFailed,
    Unauthorized,
)
from exporter.polling.backoff import next_delay

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": " 30 "}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "86400"}, 3600.0),
        ({"retry-after": "999999999999999999999"}, 3600.0),
        ({"retry-after": "9" * 400}, 3600.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "30.0"}, 30.0),
        ({"retry-after": "1."}, None),
        ({"retry-after": "1, 5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:45 GMT"}, 45.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}, 3600.0),
        # The vendor's clock is an hour ahead of ours: its own Date says what it means.
        ({"retry-after": "Sat, 21 Nov 2026 13:00:20 GMT", "date": "Sat, 21 Nov 2026 13:00:00 GMT"}, 20.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:20 GMT", "date": "Sat, 21 Nov 2026 11:00:00 GMT"}, 20.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:45 GMT", "date": "junk"}, 45.0),
        ({"retry-after": "Sat, 21 Nov 99999 12:00:45 GMT"}, None),
    ],
)
def test_retry_after_says(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset": " 0.5 "}, 0.5),
        ({"ratelimit-reset": "30", "x-ratelimit-reset": "40"}, 30.0),
        ({"x-ratelimit-reset": "0"}, None),
        ({"x-ratelimit-reset": "86400"}, 3600.0),
        ({"x-ratelimit-reset": f"{NOW.timestamp() + 45:.0f}"}, 45.0),
        ({"x-ratelimit-reset": f"{1000 * (NOW.timestamp() + 45):.0f}"}, 45.0),
        ({"x-ratelimit-reset": f"{NOW.timestamp() - 45:.0f}"}, None),
        # The vendor's clock is an hour ahead of ours: its own Date says what it means.
        (
            {"x-ratelimit-reset": f"{NOW.timestamp() + 3620:.0f}", "date": "Sat, 21 Nov 2026 13:00:00 GMT"},
            20.0,
        ),
        ({"x-ratelimit-reset": "6m0s"}, None),
        ({"x-ratelimit-reset": "-5"}, None),
        ({"x-ratelimit-reset": "1e3"}, None),
        ({"x-ratelimit-reset": "9" * 16}, None),
    ],
)
def test_a_limit_starts_anew_after(headers: dict[str, str], seconds: float | None) -> None:
    assert reset_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7", "x-ratelimit-reset": "30"}, 7.0),
        (429, {"x-ratelimit-reset": "30"}, 30.0),
        (500, {"x-ratelimit-reset": "30"}, None),
        (503, {"retry-after": "7", "x-ratelimit-reset": "30"}, 7.0),
    ],
)
def test_a_limit_that_starts_anew_is_waited_for_only_where_it_is_the_reason(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    with pytest.raises(PollError) as caught:
        Response(status, headers, b"").raise_for_status(NOW)

    assert caught.value.retry_after == seconds


@given(st.text(), st.text())
def test_any_retry_after_is_understood_or_ignored(value: str, date: str) -> None:
    seconds = retry_after({"retry-after": value, "date": date}, NOW)

    assert seconds is None or 0 <= seconds <= 3600


@pytest.mark.parametrize(
    ("error", "attempt", "jitter", "delay"),
    [
        (ConnectFailed(""), 1, 0.5, 0.5),
        (ConnectFailed(""), 2, 0.5, 1.0),
        (ConnectFailed(""), 1, 0.0, 0.25),
        (ConnectFailed(""), 1, 1.0, 0.75),
        (ConnectFailed(""), ATTEMPTS, 0.5, None),
        (Malformed(""), 1, 0.5, None),
        (Unauthorized(""), 1, 0.5, None),
        (RateLimited(""), 1, 0.5, 5.0),
        (RateLimited("", retry_after=7.0), 1, 0.5, 7.0),
        (RateLimited("", retry_after=60.0), 2, 0.5, 60.0),
        (RateLimited("", retry_after=61.0), 1, 0.5, None),
        (ServerFailed("", retry_after=2.0), 1, 0.5, 2.0),
        (ServerFailed("", retry_after=0.0), 1, 0.5, 0.5),
        (RateLimited("", retry_after=1.0), 1, 0.5, 5.0),
    ],
)
def test_within_a_poll_a_request_waits(error: PollError, attempt: int, jitter: float, delay: float | None) -> None:
    assert retry_delay(error, attempt, jitter) == delay


@pytest.mark.parametrize(
    ("interval", "took", "failures", "error", "delay"),
    [
        (300, 2, 0, None, 298),
        (300, 400, 0, None, 0),
        (300, 2, 1, ConnectFailed(""), 15),
        (300, 2, 2, ConnectFailed(""), 30),
        (300, 2, 3, ConnectFailed(""), 60),
        (300, 2, 9, ConnectFailed(""), 300),
        (5, 2, 1, ConnectFailed(""), 5),
        (300, 2, 10_000, ConnectFailed(""), 300),
        (300, 2, 1, Forbidden(""), 300),
        (300, 2, 2, Forbidden(""), 600),
        (300, 2, 9, Forbidden(""), 3600),
        (7200, 2, 9, Forbidden(""), 7200),
        (300, 2, 1, RateLimited("", retry_after=1800.0), 1800),
        (300, 2, 1, RateLimited("", retry_after=1.0), 15),
        (300, 2, 1, RateLimited(""), 15),
        (300, 2, 1, ServerFailed("", retry_after=120.0), 120),
        (300, 2, 9, RateLimited("", retry_after=1.0), 300),
        (3600, 2, 9, Forbidden("", retry_after=0.0), 3600),
        (300, 2, 1, Unauthorized("", retry_after=1.0), 300),
    ],
)
def test_between_polls_an_account_waits(
    interval: float, took: float, failures: int, error: PollError | None, delay: float
) -> None:
    assert next_delay(interval, took, failures, error) == delay


@pytest.mark.parametrize("kind", PollError.__subclasses__())
@given(interval=st.floats(1, 1e6), failures=st.integers(1, 1000))
def test_a_failure_waits_no_longer_than_it_must(kind: type[PollError], interval: float, failures: int) -> None:
    delay = next_delay(interval, 1.0, failures, kind(""))

    assert 0 < delay <= (interval if kind.transient else max(interval, 3600))
