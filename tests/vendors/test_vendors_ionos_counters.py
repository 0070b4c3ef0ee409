"""What IONOS Cloud's figures add to the counter of a quota, over the end of a month."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ionos_months import DECEMBER, QUOTA, ionos, month, place, question, read_at
from scripted_vendor import Script, answer, scripted

from exporter.quota import Ledger, read_quotas
from exporter.vendors import Account

DAY = timedelta(days=1)


def counters(account: Account, *times: datetime) -> list[float]:
    """The quota's counter after a poll at each of the times."""
    kept: dict[str, Any] = {}
    ledger, totals = Ledger(), []
    for now in times:
        ledger = read_quotas(account, read_at(account, now, kept)[0], (), ledger).ledger
        totals += [total.value for total in ledger.totals.values()] or [0.0]
    return totals


def test_what_a_month_grows_by_after_its_end_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    november = [answer(month("2026-11", place(quantity))) for quantity in (700, 706, 720)]
    script: Script = {
        question("2026-11"): november,
        question("2026-12"): [answer(month("2026-12", place(1)))],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, quotas=[QUOTA])
        found = counters(
            account, DECEMBER - timedelta(minutes=10), DECEMBER - timedelta(minutes=1), DECEMBER + timedelta(hours=7)
        )

    assert found == [0, 6, 21]


@pytest.mark.parametrize(
    "period",
    [
        "month",
        "none",
        {"every": "quarter", "from": "2026-11-01"},
        {"every": "quarter", "from": "2026-12-01"},
        {"every": "year", "from": "2026-01-01"},
        {"every": "30d", "from": "2026-11-20"},
    ],
    ids=str,
)
def test_figures_that_start_anew_each_month_are_counted_alike_whatever_the_quotas_period(
    period: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(quantity))) for quantity in (700, 710, 715, 720)],
        question("2026-12"): [answer(month("2026-12", place(quantity))) for quantity in (5, 9)],
    }
    begins = datetime(2026, 11, 20, tzinfo=UTC)
    times = [begins - timedelta(minutes=1), begins + timedelta(minutes=1), DECEMBER + DAY / 4, DECEMBER + DAY / 2]
    with scripted(script) as server:
        found = counters(ionos(server.url, monkeypatch, quotas=[{**QUOTA, "period": period}]), *times)

    assert found == [0, 10, 15 + 5, 20 + 9]


def test_a_small_figure_of_a_new_month_is_new_use_even_if_it_is_not_below_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(quantity))) for quantity in (2, 3)],
        question("2026-12"): [answer(month("2026-12", place(quantity))) for quantity in (3, 5)],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, quotas=[QUOTA])
        found = counters(account, DECEMBER - timedelta(minutes=1), DECEMBER + DAY / 2, DECEMBER + DAY)

    assert found == [0, 1 + 3, 1 + 5]


def test_a_meter_that_is_not_in_the_new_month_is_counted_to_the_end_of_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(quantity))) for quantity in (2900, 3000)],
        question("2026-12"): [answer(month("2026-12"))],
    }
    with scripted(script) as server:
        found = counters(
            ionos(server.url, monkeypatch, quotas=[QUOTA]), DECEMBER - timedelta(minutes=1), DECEMBER + DAY
        )

    assert found == [0, 100]
