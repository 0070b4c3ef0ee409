"""What fails is tried at once when somebody has mended it: on a reload, on request, with a changed secret."""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest
from captured_logs import captured_logs
from exporter_process import ANY_PORT, Running, running
from patience import DEADLINE_SECONDS
from programs import eventually
from virtual_time import run_virtually, virtual_now

from exporter.app.chores import log_every_day
from exporter.app.exporter import Exporter, open_client
from exporter.cli import demo
from exporter.config import Config, parse
from exporter.sandbox import World, make_app

Script = Callable[[Exporter, anyio.abc.TaskGroup], Awaitable[None]]

OLD = "a-password-that-is-not-right"
PASSWORDS = demo.environment(("acme",))


def configured(path: str, sign_in: str = "password: '${ACME_NETNUT_PASSWORD}'") -> Config:
    """Two accounts: a works, and b asks the vendor below another path."""
    text = "accounts:\n" + "".join(
        f"  - {{vendor: netnut, name: {name}, base_url: 'http://127.0.0.1:1{below}', email: acme@example.com, "
        f"interval: 1h, {sign_in}}}\n"
        for name, below in (("a", "/netnut/v1"), ("b", path))
    )
    return parse(text.encode(), Path())


def polls_after(script: Script, config: Config, seconds: float = 10) -> dict[str, int]:
    """How often each account is polled in half a minute, a script, and some seconds more."""
    sandbox, counts = make_app(World(clock=virtual_now)), dict[str, int]()

    async def vendors(scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].startswith("/limited"):
            await sandbox(scope, receive, send)
            return
        wait = scope["path"].split("/")[2].encode()
        await send({"type": "http.response.start", "status": 429, "headers": [(b"retry-after", wait)]})
        await send({"type": "http.response.body", "body": b""})

    async def main() -> None:
        exporter = Exporter(virtual_now, partial(open_client, transport=httpx.ASGITransport(app=vendors)))
        async with anyio.create_task_group() as tasks:
            exporter.restart_polling(config, tasks)
            await anyio.sleep(30)
            await script(exporter, tasks)
            await anyio.sleep(seconds)
            counts.update({key[1]: one.polls.count for key, one in exporter.telemetry.accounts.items()})
            tasks.cancel_scope.cancel()

    run_virtually(main)
    return counts


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)


async def nothing(_exporter: Exporter, _tasks: anyio.abc.TaskGroup) -> None:
    """Ask for nothing."""


async def reload_the_same(exporter: Exporter, tasks: anyio.abc.TaskGroup) -> None:
    assert exporter.restart_polling(exporter.config, tasks) == {}


async def retry(exporter: Exporter, _tasks: anyio.abc.TaskGroup) -> None:
    exporter.retry()


async def poll_the_one_that_works(exporter: Exporter, _tasks: anyio.abc.TaskGroup) -> None:
    assert exporter.poll_now(("netnut", "a"))
    assert not exporter.poll_now(("netnut", "c"))


@pytest.mark.parametrize(
    ("script", "polls"),
    [
        (nothing, {"a": 1, "b": 1}),
        (reload_the_same, {"a": 1, "b": 2}),
        (retry, {"a": 1, "b": 2}),
        (poll_the_one_that_works, {"a": 2, "b": 1}),
    ],
)
def test_what_fails_is_polled_at_once_when_somebody_asks(script: Script, polls: dict[str, int]) -> None:
    assert polls_after(script, configured("/nowhere")) == polls


@pytest.mark.parametrize(("script", "polls"), [(retry, 1), (reload_the_same, 1)])
def test_a_vendor_that_asked_to_wait_is_not_asked_before(script: Script, polls: int) -> None:
    assert polls_after(script, configured("/limited/7200"))["b"] == polls


def test_what_a_configuration_changes_is_named() -> None:
    found: list[Mapping[str, str]] = []
    two, one = configured("/nowhere"), configured("/nowhere", "password: '${ACME_NETNUT_PASSWORD}', timeout: 9s")
    other = Config.model_construct(accounts=(one.accounts[0],))

    async def change(exporter: Exporter, tasks: anyio.abc.TaskGroup) -> None:
        found.append(exporter.restart_polling(other, tasks))
        found.append(exporter.restart_polling(two, tasks))

    polls_after(change, two)

    assert found == [
        {"removed": "netnut/b", "changed": "netnut/a"},
        {"added": "netnut/b", "changed": "netnut/a"},
    ]


def test_a_line_a_day_says_that_all_is_well_or_not() -> None:
    async def wait(exporter: Exporter, tasks: anyio.abc.TaskGroup) -> None:
        tasks.start_soon(log_every_day, exporter)

    with captured_logs() as logs:
        polls_after(wait, configured("/nowhere"), 90_000)

    (line,) = (log for log in logs if log["event"] == "daily summary")
    assert (line["accounts"], line["failing"], line["polls"] - line["failures"]) == (2, 1, 24)


def post(exporter: Running, query: str = "") -> str:
    answer = httpx.post(f"{exporter.url}/-/poll{query}", timeout=DEADLINE_SECONDS)
    return f"{answer.status_code} {answer.text}"


@pytest.mark.slow
def test_a_running_exporter_polls_on_request_and_when_a_secret_is_mended(sandbox: Running, tmp_path: Path) -> None:
    password, config = tmp_path / "password", tmp_path / "config.yaml"
    password.write_text(OLD)
    config.write_text(
        f"accounts: [{{vendor: netnut, name: a, base_url: '{sandbox.url}/netnut/v1', email: acme@example.com,"
        " password_file: password, interval: 1h}]"
    )
    options = (ANY_PORT, "--web.enable-lifecycle", "--log.level=debug")
    with running(tmp_path, "run", f"--config.file={config}", *options) as exporter:
        eventually(lambda: "reason=auth" in exporter.err.read_text())
        answers = [
            post(exporter, query) for query in ("", "?vendor=netnut&account=a", "?vendor=netnut&account=x", "?x=y")
        ]
        eventually(lambda: exporter.err.read_text().count("msg=polled") > 1)
        password.write_text(PASSWORDS["ACME_NETNUT_PASSWORD"])
        eventually(lambda: "poll recovered" in exporter.err.read_text())
        well = post(exporter)
    log = exporter.err.read_text()

    assert [answer.strip() for answer in answers] == [
        "200 polled now: netnut/a\na refused sign-in is repeated after a minute or more, unless its secret has changed",
        "200 polled now",
        "404 there is no such account",
        "400 give vendor and account, or neither to poll all failing accounts",
    ]
    assert well == "200 no failing account can be retried now\n"
    assert "secret changed; polling at once" in log
    assert re.search(rf"msg=request method=POST url={sandbox.url}/netnut/v1/auth/login status=400 ms=\d+ bytes=0", log)


@pytest.mark.slow
def test_nobody_asks_for_polls_over_http_unless_that_is_enabled(sandbox: Running, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(demo.configuration(sandbox.url, "1h", ("acme",)))
    with running(tmp_path, "run", f"--config.file={config}", ANY_PORT, env=PASSWORDS) as exporter:
        assert post(exporter) == "403 not enabled: start with --web.enable-lifecycle\n"
        assert exporter.get("/-/poll")[0] == 405


@pytest.mark.slow
def test_a_running_exporter_says_when_a_token_ends(tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 1800000000}').decode().rstrip("=")
    (tmp_path / "token").write_text(f"e30.{claims}.s")
    config = tmp_path / "config.yaml"
    config.write_text("accounts: [{vendor: ionos, name: a, base_url: 'http://127.0.0.1:1', token_file: token}]")
    ends = 'usage_exporter_credential_expiry_timestamp_seconds{vendor="ionos",account="a"} 1800000000.0'
    with running(tmp_path, "run", f"--config.file={config}", ANY_PORT) as exporter:
        eventually(lambda: ends in exporter.get("/metrics")[1].replace("1.8e+09", "1800000000.0"))
        (tmp_path / "token").write_text("no-web-token")
        eventually(lambda: ends.partition(" ")[0] not in exporter.get("/metrics")[1])
