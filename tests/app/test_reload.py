"""A configuration is read again: what changes, what does not, and that a bad one changes nothing."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import httpx
import pytest
from anyio.lowlevel import current_token
from exporter_process import ANY_PORT, Running, running
from page_text import value_of
from patience import DEADLINE_SECONDS
from programs import eventually
from reloading import SECRETS, account, configured, page_after
from virtual_exporter import text_of
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.app.exporter import open_client as connect
from exporter.app.reload import watch
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.sandbox import World, make_app
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import VENDORS, Account

BAD = "accounts:\n  - {vendor: netnut, name: x, token: '${MISSING}'}\n  - {vendor: nettnut}\n"


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


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("states", "reloads"),
    [
        ("aaaa", 0),
        ("abbb", 1),
        ("bbbb", 1),
        ("abbaa", 2),
        ("ab", 0),
        ("abcdcaaa", 0),
        ("abcdcccc", 1),
    ],
)
async def test_a_file_that_is_watched_is_read_again_once_for_each_change_that_stays(
    states: str, reloads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.app.reload._SETTLED_SECONDS", 0.0)
    looked, done, counted, token = iter(states), anyio.Event(), [], current_token()

    def look() -> str:
        state = next(looked, None)
        if state is None:
            anyio.from_thread.run_sync(done.set, token=token)
            return "gone"
        return state

    async def reload() -> None:
        counted.append("reload")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, look, 0.001, "a", reload)
        await done.wait()
        tasks.cancel_scope.cancel()

    assert len(counted) == reloads


@contextmanager
def exporter(folder: Path, text: str, *arguments: str) -> Iterator[tuple[Running, Path]]:
    file = folder / "config.yaml"
    file.write_text(text)
    with running(folder, "run", f"--config.file={file}", ANY_PORT, *arguments, env=SECRETS) as process:
        yield process, file


def hang_up(exporter: Running) -> str:
    exporter.process.send_signal(signal.SIGHUP)
    return ""


def post(exporter: Running) -> str:
    answer = httpx.post(f"{exporter.url}/-/reload", timeout=DEADLINE_SECONDS)
    return f"{answer.status_code} {answer.text}"


def shows(exporter: Running, said: str) -> Callable[[], bool]:
    return lambda: said in exporter.get("/metrics")[1]


ACCEPTED = "usage_exporter_config_last_reload_successful 1.0"
REFUSED = "usage_exporter_config_last_reload_successful 0.0"


def text(*accounts: str) -> str:
    return "accounts:\n" + "".join(accounts)


@pytest.mark.parametrize("reload", [hang_up, post])
@pytest.mark.slow
def test_an_exporter_that_runs_takes_up_a_new_configuration_and_refuses_a_bad_one(
    reload: Callable[[Running], str], tmp_path: Path
) -> None:
    with exporter(tmp_path, text(account("a")), "--web.enable-lifecycle") as (process, file):
        file.write_text(text(account("b")))
        assert reload(process) in ("", "200 config reloaded\n")
        eventually(shows(process, 'usage_exporter_poll_interval_seconds{vendor="netnut",account="b"}'))
        assert 'account="a"' not in process.get("/metrics")[1]

        file.write_text(BAD)
        said = reload(process)
        eventually(shows(process, REFUSED))
        assert shows(process, 'account="b"')()
        log = process.err.read_text()
        for problem in (
            f"{file}:2 (netnut/x): token: the environment variable MISSING is not set",
            f"{file}:3: accounts[1].vendor: write one of {', '.join(VENDORS)}; did you mean netnut?",
        ):
            assert problem in log
            assert not said or (said.startswith("500 ") and problem in said)

        file.write_text(text(account("b")))
        reload(process)
        eventually(shows(process, ACCEPTED))
        assert process.stop() == 0


@pytest.mark.slow
def test_a_file_is_watched_on_request(tmp_path: Path) -> None:
    options = ("--config.auto-reload", "--config.auto-reload-interval=1s")
    with exporter(tmp_path, text(account("a")), *options) as (process, file):
        eventually(shows(process, 'account="a"'))
        file.write_text(text(account("b")))
        eventually(shows(process, 'account="b"'))
        file.unlink()
        eventually(shows(process, REFUSED))
        file.write_text(text(account("a")))
        eventually(shows(process, ACCEPTED))


@pytest.mark.slow
def test_nobody_has_it_read_again_over_http_unless_that_is_enabled(tmp_path: Path) -> None:
    with exporter(tmp_path, text(account("a"))) as (process, _):
        assert post(process) == "403 not enabled: start with --web.enable-lifecycle\n"
        assert process.get("/-/reload")[0] == 405


@pytest.mark.slow
def test_a_configuration_that_is_a_pipe_is_refused_and_holds_nothing_up(tmp_path: Path) -> None:
    watching = ("--config.auto-reload", "--config.auto-reload-interval=1s")
    with exporter(tmp_path, text(account("a")), *watching) as (process, file):
        file.unlink()
        os.mkfifo(file)
        hang_up(process)
        eventually(shows(process, REFUSED))
        assert f"{file} cannot be read: Not a regular file" in process.err.read_text()

        file.unlink()
        file.write_text(text(account("b")))
        hang_up(process)
        eventually(shows(process, 'account="b"'))

        file.unlink()
        os.mkfifo(file)
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(DEADLINE_SECONDS) == 0
