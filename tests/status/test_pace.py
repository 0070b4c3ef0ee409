"""How long a quota lasts, from its counter of the last day."""

import pytest

from exporter.quota import Ledger, QuotaId, Total
from exporter.status.pace import Paces, outlook
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store

HOUR = 3600.0
KEY, QUOTA = ("vendor", "main"), QuotaId("traffic", "p", "GB")


@pytest.mark.parametrize(
    ("used", "limit", "end", "pace", "expected"),
    [
        (10, None, 100.0, 1.0, ("unknown", None)),  # unlimited
        (100, 100, None, None, ("used_up", None)),  # also without history
        (0, 0, None, None, ("unknown", None)),  # nothing is allowed, and nothing used
        (1, 0, None, None, ("used_up", None)),
        (10, 100, 1000.0, None, ("unknown", None)),  # too little history
        (10, 100, 1000.0, 0.0, ("end_of_period", None)),
        (10, 100, None, 0.0, ("unknown", None)),  # no end to reach
        (10, 100, 1000.0, 1.0, ("runs_out", 90.0)),
        (10, 100, None, 1.0, ("runs_out", 90.0)),
        (10, 100, 90.0, 1.0, ("end_of_period", None)),  # just
        (10, 100, 0.0, 1.0, ("unknown", None)),  # the period is over and the vendor shows the old one
    ],
)
def test_a_quota_lasts(
    used: float, limit: float | None, end: float | None, pace: float | None, expected: object
) -> None:
    assert outlook(used, limit, end, pace, 0.0) == expected


def paces_of(*counts: tuple[float, float, float]) -> list[float | None]:
    """The pace after each look at a counter: hours, what it was then, and when it began."""
    paces, found = Paces(), []
    for hours, value, created in counts:
        totals = {QUOTA: Total(value, created)}
        store = Store([KEY])
        store.restore(KEY, Snapshot(ledger=Ledger(totals=totals)))
        found.append(paces.per_second(KEY, QUOTA, totals, hours * HOUR))
        paces.observe(store, hours * HOUR)
    return [None if pace is None else pace * HOUR for pace in found]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([(0, 0, 0), (1, 5, 0)], [None, None]),  # an hour says little
        ([(0, 0, 0), (2, 10, 0)], [None, 5]),
        ([(0, 0, 0), (2, 10, 0), (4, 0, 3), (5, 9, 3)], [None, 5, None, None]),  # it began anew
        (
            [(0, 0, 0), (2, 10, 0), (4, 20, 3), (5, 29, 3)],
            [None, 5, None, None],
        ),  # and is beyond the old
        ([(0, 0, 0), (12, 12, 0), (24, 12, 0), (36, 12, 0)], [None, 1, 0.5, 0]),  # a day ago is forgotten
        ([(0, 0, 0), (20, 40, 0), (32, 40, 0)], [None, 2, 1.25]),  # nobody looked meanwhile
        ([(0, 0, 0), (25, 50, 0), (27, 52, 0)], [None, None, 1]),  # nobody looked for longer than a day
        ([(9, 0, 0), (8, 1, 0), (10, 3, 0)], [None, None, 1]),  # the clock was put back
    ],
)
def test_a_pace_is_of_the_last_day(counts: list[tuple[float, float, float]], expected: list[float | None]) -> None:
    assert paces_of(*counts) == expected
