"""When a quota's period is, as the configuration writes it."""

from datetime import UTC, datetime

import pytest

from exporter.vendors.periods import CalendarPeriod, FixedPeriod, Period, Span, read_period


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Span:
    return Span(at(start).timestamp(), at(end).timestamp())


MONTHS_FROM_31 = {"every": "month", "from": "2026-01-31"}
WEEKS = {"every": "1w", "from": "2026-11-02"}


@pytest.mark.parametrize(
    ("written", "now", "period"),
    [
        ("month", "2026-11-21T12:00", span("2026-11-01", "2026-12-01")),
        ("month", "2026-11-01T00:00", span("2026-11-01", "2026-12-01")),
        ("month", "2026-11-30T23:59:59.999999", span("2026-11-01", "2026-12-01")),
        ("month", "2026-12-31T12:00", span("2026-12-01", "2027-01-01")),
        ("month", "2028-02-29T12:00", span("2028-02-01", "2028-03-01")),
        ({"every": "month", "from": "2025-06-15"}, "2026-11-14T23:59", span("2026-10-15", "2026-11-15")),
        ({"every": "month", "from": "2025-06-15"}, "2026-11-15T00:00", span("2026-11-15", "2026-12-15")),
        ({"every": "month", "from": "2027-06-15"}, "2026-01-01T00:00", span("2025-12-15", "2026-01-15")),
        (MONTHS_FROM_31, "2026-02-27T12:00", span("2026-01-31", "2026-02-28")),
        (MONTHS_FROM_31, "2026-02-28T12:00", span("2026-02-28", "2026-03-31")),
        (MONTHS_FROM_31, "2026-03-31T00:00", span("2026-03-31", "2026-04-30")),
        (WEEKS, "2026-11-21T12:00", span("2026-11-16", "2026-11-23")),
        (WEEKS, "2026-11-23T00:00", span("2026-11-23", "2026-11-30")),
        (WEEKS, "2026-10-31T12:00", span("2026-10-26", "2026-11-02")),
        ({"every": "quarter", "from": "2020-01-01"}, "2026-11-14T00:00", span("2026-10-01", "2027-01-01")),
        ({"every": "quarter", "from": "2025-11-30"}, "2026-02-28T00:00", span("2026-02-28", "2026-05-30")),
        ({"every": "quarter", "from": "2026-02-01"}, "2026-01-31T23:59", span("2025-11-01", "2026-02-01")),
        ({"every": "year", "from": "2020-01-01"}, "2026-12-31T23:59", span("2026-01-01", "2027-01-01")),
        ({"every": "year", "from": "2024-02-29"}, "2026-02-28T00:00", span("2026-02-28", "2027-02-28")),
        ({"every": "1y", "from": "2020-01-01"}, "2026-11-14T00:00", span("2026-01-01", "2027-01-01")),
        ({"every": "3y", "from": "2020-07-01"}, "2026-06-30T00:00", span("2023-07-01", "2026-07-01")),
        ({"every": "30d", "from": "2026-01-15"}, "2026-02-14T00:00", span("2026-02-14", "2026-03-16")),
        ({"every": "1h30m", "from": "2026-11-21"}, "2026-11-21T02:59", span("2026-11-21T01:30", "2026-11-21T03:00")),
    ],
)
def test_the_period_that_a_moment_is_in(written: object, now: str, period: Span) -> None:
    read = read_period(written)

    assert isinstance(read, CalendarPeriod | FixedPeriod)
    assert read.span_at(at(now)) == period


@pytest.mark.parametrize(("written", "read"), [("plan", "plan"), ("none", "none"), ("month", CalendarPeriod())])
def test_what_is_not_a_span_of_its_own_stays_a_word(written: str, read: Period) -> None:
    assert read_period(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "year",
        "",
        None,
        30,
        ["month"],
        {},
        {"every": "30d"},
        {"from": "2026-01-15"},
        {"every": "30d", "from": "2026-01-15", "until": "2026-12-31"},
        {"every": "30", "from": "2026-01-15"},
        {"every": "0s", "from": "2026-01-15"},
        {"every": "1y2w", "from": "2026-01-15"},
        {"every": "0y", "from": "2026-01-15"},
        {"every": "30d", "from": "2026-02-30"},
        {"every": "30d", "from": "15.01.2026"},
        {"every": "30d", "from": "2026-1-5"},
        {"every": "30d", "from": 20260115},
    ],
)
def test_what_is_no_period_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^(write|must)"):
        read_period(written)
