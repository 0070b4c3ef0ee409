"""Quotas as an exporter shows them that polls the sandbox, on virtual time: of every vendor, and over a month's end."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from captured_logs import captured_logs
from configurations import account as configuration
from prometheus_client.parser import text_string_to_metric_families
from virtual_exporter import exporter, text_of
from virtual_time import START, run_virtually, virtual_now

from exporter.cli import demo
from exporter.config import parse
from exporter.errors import PollError, ServerFailed
from exporter.metrics import Family
from exporter.polling.poller import Poller
from exporter.sandbox import ACCOUNTS, SIMULATIONS
from exporter.store.reading import Reading
from exporter.store.store import Store
from exporter.vendors import VENDORS

DAY = 86_400.0
MONTHS_END = 9.5 * DAY
"""From noon on the 21st, when virtual time begins."""

Key = tuple[str, ...]
"""Vendor, account, quota and subject."""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def quotas(page: str, family: str) -> dict[Key, float]:
    return {
        tuple(sample.labels[label] for label in ("vendor", "account", "quota", "subject")): sample.value
        for metric in text_string_to_metric_families(page)
        for sample in metric.samples
        if sample.name == f"usage_quota_{family}"
    }


def cores_last_month(page: str) -> float:
    """What IONOS says in the end of the month before."""
    return sum(
        sample.value
        for metric in text_string_to_metric_families(page)
        for sample in metric.samples
        if sample.name == "ionos_previous_month_quantity" and sample.labels["meter_id"].startswith("C0")
    )


def pages_at(*moments: float, accounts: tuple[str, ...] = ("acme", "globex"), interval: str = "1h") -> list[str]:
    """The page at each of these seconds after the start."""
    pages: list[str] = []
    config = parse(demo.configuration("http://127.0.0.1:1", interval, accounts).encode(), Path())

    async def main() -> None:
        async with exporter(config) as parts, anyio.create_task_group() as tasks:
            for _, poller in parts.pollers:
                tasks.start_soon(poller.run)
            for moment in moments:
                await anyio.sleep_until(moment)
                pages.append(text_of(parts, anyio.current_time()))
            tasks.cancel_scope.cancel()

    run_virtually(main)
    return pages


def test_the_quotas_of_every_vendor_and_account_are_one_question() -> None:
    (page,) = pages_at(60)

    used, limits = quotas(page, "used"), quotas(page, "limit")

    assert {key[:2] for key in limits} == {
        (name, account)
        for name, vendor in VENDORS.items()
        if vendor.native_quotas or "quotas" in SIMULATIONS[name].demo("acme").settings
        for account in ACCOUNTS
    }
    assert {key[2] for key in limits} >= {"traffic", "core-hours", "api_calls", "invoicing/monthly-invoices"}
    assert all(0 <= used[key] <= 2 * limit for key, limit in limits.items())


@pytest.mark.slow
def test_over_the_end_of_a_month_the_figure_falls_and_the_counter_goes_on() -> None:
    before, after = pages_at(MONTHS_END - 60, MONTHS_END + 4 * 3600, accounts=("globex",), interval="3h")
    key = ("ionos", "globex", "core-hours", "33200881")
    ends = [quotas(page, "period_end_timestamp_seconds")[key] - START for page in (before, after)]

    grown = cores_last_month(after) - quotas(before, "used")[key]

    assert quotas(after, "used")[key] < quotas(before, "used")[key] / 50
    assert grown > 1
    assert quotas(after, "consumed_total")[key] == pytest.approx(
        quotas(before, "consumed_total")[key] + grown + quotas(after, "used")[key]
    )
    assert ends == [MONTHS_END, MONTHS_END + 31 * DAY]


class Ignored:
    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Nobody is told."""


def poll(store: Store, settings: str, *answers: float | PollError) -> list[str]:
    """Poll a NetNut account once for each answer, by a poller of its own; return the page after each."""
    pages: list[str] = []
    (account,) = parse(configuration("netnut", settings).encode(), Path()).accounts

    async def ask_once(answer: float | PollError, _path: str, *, read: Callable[[object], Any], **_: object) -> Any:
        if isinstance(answer, PollError):
            raise answer
        plan = {"id": 41, "product_type": "Residential", "total_gb_used": answer, "plan_gb": 1000, "is_active": True}
        return read({"success": True, "data": [{**plan, **PERIOD}]})

    async def main() -> None:
        for answer in answers:
            await Poller(account, partial(ask_once, answer), store, Ignored(), virtual_now).poll()
            parts = store[account.key].visible(anyio.current_time())
            pages.append(
                b"".join(
                    lines.text for part in parts for key, lines in part.rendered.items() if isinstance(key, Family)
                ).decode()
            )

    run_virtually(main)
    return pages


PERIOD = {"start_date": "2026-11-01T00:00:00.000Z", "end_date": "2026-12-01T00:00:00.000Z"}
TYPO = "quotas: [{name: cap, metric: netnut_gb_used, match: {product_type: Residental}, limit: 5}]"


def test_the_counter_goes_on_whoever_polls_and_over_a_failure() -> None:
    store = Store([("netnut", "a")])

    pages = poll(store, "", 1000, 1030, ServerFailed("HTTP 500"), 1025, 1050)

    totals = [quotas(page, "consumed_total")["netnut", "a", "traffic", "41/Residential"] for page in pages]
    assert totals == [0, 30, 30, 30, 50]


def test_a_quota_that_nothing_matches_is_said_once_and_so_is_its_end() -> None:
    store = Store([("netnut", "a")])

    with captured_logs() as logs:
        poll(store, TYPO, 1, 2, ServerFailed("HTTP 500"), 3)
        poll(store, TYPO.replace("Residental", "Residential"), 4, 5)

    told = [(line["log_level"], line["event"], line.get("error")) for line in logs if line.get("quota") == "cap"]
    assert told == [
        ("warning", "quota withheld", "no series matches; values of match are regular expressions"),
        ("info", "quota shown again", None),
    ]
