"""A configuration is read again: what changes on the page, and what does not."""

from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from page_text import value_of
from reloading import SECRETS, account, configured, page_after
from virtual_exporter import text_of
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.app.exporter import open_client as connect
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.sandbox import World, make_app
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import Account


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def value(page: str, series: str) -> float | None:
    return next((float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(series)), None)


def counted(page: str, name: str, account: str = "main") -> float | None:
    return value_of(page, f"usage_exporter_{name}", vendor="netnut", account=account)


def test_an_account_that_did_not_change_is_not_disturbed() -> None:
    same = account()

    _, before, _, after = page_after(configured(same), configured(same, account("other", email="globex")))

    for name in ("polls_total", "token_refreshes_total", "poll_last_success_timestamp_seconds"):
        assert counted(after, name) == counted(before, name) is not None
    assert counted(after, "polls_total", "other") == 1


def test_an_account_that_is_gone_leaves_nothing_on_the_page_at_once() -> None:
    _, before, at_once, _ = page_after(configured(account(), account("other")), configured(account()))

    assert 'account="other"' in before
    assert 'account="other"' not in at_once
    assert value(at_once, 'netnut_gb_used{account="main"') is not None


def test_an_account_that_is_set_up_otherwise_keeps_its_reading_and_its_counters_and_is_polled_again() -> None:
    _, before, at_once, after = page_after(configured(account()), configured(account(interval="1h")))

    assert value(at_once, 'netnut_gb_used{account="main"') == value(before, 'netnut_gb_used{account="main"')
    assert counted(at_once, "poll_interval_seconds") == 3600
    assert [counted(page, "polls_total") for page in (before, at_once, after)] == [1, 1, 2]


@pytest.mark.parametrize("other", [account(email="globex"), account().replace(":1/", ":2/")], ids=["login", "host"])
def test_another_account_under_the_same_name_shows_nothing_of_the_first(other: str) -> None:
    _, before, at_once, after = page_after(configured(account()), configured(other))

    assert value(before, "netnut_gb_used") is not None
    assert value(at_once, "netnut_gb_used") is None
    assert value(after, "netnut_gb_used") not in (None, value(before, "netnut_gb_used"))


@pytest.mark.slow
def test_the_counter_of_a_quota_survives() -> None:
    quota = "quotas: [{name: cap, metric: netnut_gb_used, limit: 5}]"
    series = 'usage_quota_consumed_total{account="main",vendor="netnut",quota="traffic",subject="410692/Residential"'

    pages = page_after(configured(account()), configured(account("main", quota)), seconds=6 * 3600)

    before, at_once, after = [value(page, series) or 0 for page in pages[1:]]
    assert 0 < before == at_once < after
    assert 'quota="cap"' in pages[3]


def test_accounts_are_shown_in_the_order_of_the_new_configuration() -> None:
    *_, after = page_after(configured(account("a"), account("b")), configured(account("b"), account("a")))

    shown = [line.split('"')[1] for line in after.splitlines() if line.startswith("netnut_plan_active")]
    assert list(dict.fromkeys(shown)) == ["b", "a"]


def test_a_poll_under_way_of_an_account_that_is_gone_ends() -> None:
    asked: list[str] = []

    async def hang(scope: Any, _receive: Any, _send: Any) -> None:
        asked.append(scope["path"])
        await anyio.sleep_forever()

    async def main() -> None:
        exporter = Exporter(virtual_now, partial(connect, transport=httpx.ASGITransport(app=hang)))
        async with anyio.create_task_group() as tasks:
            exporter.restart_polling(configured(account()), tasks)
            await anyio.sleep(5)
            exporter.restart_polling(configured(account("other")), tasks)
            await anyio.sleep(100)
            assert 'account="main"' not in text_of(exporter, anyio.current_time())
            tasks.cancel_scope.cancel()

    run_virtually(main)
    assert asked


def test_an_account_that_cannot_be_opened_fails_and_ends_nobody_else() -> None:
    sandbox = partial(connect, transport=httpx.ASGITransport(app=make_app(World(clock=virtual_now))))

    def open_client(opened: Account, limiter: RateLimiter, observer: AccountTelemetry) -> Client:
        if opened.name == "main":
            raise FileNotFoundError("the authorities are gone")
        return sandbox(opened, limiter, observer)

    pages: list[str] = []

    async def main() -> None:
        exporter = Exporter(virtual_now, open_client)
        async with anyio.create_task_group() as tasks:
            exporter.restart_polling(configured(account(), account("other")), tasks)
            await anyio.sleep(60)
            pages.append(text_of(exporter, anyio.current_time()))
            tasks.cancel_scope.cancel()

    run_virtually(main)

    assert counted(pages[0], "account_up", "other") == 1
    failing = {"vendor": "netnut", "account": "main", "reason": "internal"}
    assert value_of(pages[0], "usage_exporter_account_failing", **failing) == 1
