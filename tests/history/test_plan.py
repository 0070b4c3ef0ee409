"""Which requests are refused, and how many samples a day has."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from written_histories import NOW, config

from exporter.cli import demo
from exporter.history.plan import Plan, WrongRequest, midnight, planned
from exporter.vendors import PASTS, VENDORS
from exporter.vendors.history import Days

ACCOUNT = "there is ionos/acme, prolifi/acme"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)


def asked(first: str, last: str, now: datetime = NOW, wanted: tuple[str, ...] = (), **settings: Any) -> Plan:
    plan = Plan(days=Days(midnight(first), midnight(last)), asked_at=now)
    return planned(config("ionos", "prolifi").accounts, wanted, replace(plan, **settings))


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        (
            {"last": "2026-11-22"},
            ["--to 2026-11-22 is in the future; the last day that can be exported is 2026-11-21"],
        ),
        ({"first": "2026-11-21", "last": "2026-11-20"}, ["--from 2026-11-21 is after --to 2026-11-20"]),
        (
            {"first": "2026-11-21", "now": datetime(2026, 11, 21, 2, tzinfo=UTC)},
            ["--from 2026-11-21: samples end three hours before now, at 2026-11-20 23:00"],
        ),
        ({"wanted": ("ionos/acne",)}, [f"--account ionos/acne: no such account; {ACCOUNT}"]),
        ({"step": 7.0}, ["--step: write whole seconds that divide a day, such as 1m, 5m or 1h"]),
        ({"step": 0.5}, ["--step: write whole seconds that divide a day, such as 1m, 5m or 1h"]),
        ({"labels": {"account": "x"}}, ["--label: account is a label that the series already have"]),
        ({"labels": {"1st": "x"}}, ["--label: '1st' is not a label name"]),
        ({"labels": {"job": ""}}, ["--label: the value of job is empty, too long, or not printable"]),
        (
            {"step": 7.0, "last": "2026-11-30"},
            [
                "--step: write whole seconds that divide a day, such as 1m, 5m or 1h",
                "--to 2026-11-30 is in the future; the last day that can be exported is 2026-11-21",
            ],
        ),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_said_in_a_line(given: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(WrongRequest) as caught:
        asked(**{"first": "2026-11-01", "last": "2026-11-21", **given})

    assert str(caught.value).splitlines() == problems


def test_accounts_of_which_nothing_is_dated_are_refused_alone_and_left_out_beside_others() -> None:
    accounts = demo.load(demo.configuration("http://127.0.0.1:1", "1h", ("acme",))).accounts
    days = Plan(days=Days(midnight("2026-11-01"), midnight("2026-11-02")), asked_at=NOW)

    with pytest.raises(WrongRequest, match=r"^planship/acme: the vendor has no dated figures"):
        planned(accounts, ("planship/acme",), days)
    assert [one.vendor for one in planned(accounts, (), days).left_out] == [one for one in VENDORS if one not in PASTS]


@pytest.mark.parametrize(
    ("day", "step", "count", "last"),
    [
        ("2026-11-20", 300, 288, "2026-11-20 23:55"),
        ("2026-11-20", 3600, 24, "2026-11-20 23:00"),
        ("2026-11-21", 300, 109, "2026-11-21 09:00"),
    ],
)
def test_samples_are_a_step_apart_and_end_three_hours_before_now(day: str, step: int, count: int, last: str) -> None:
    times = asked("2026-11-20", "2026-11-21", step=step).times(midnight(day))

    assert (len(times), f"{datetime.fromtimestamp(times[-1], UTC):%Y-%m-%d %H:%M}") == (count, last)
