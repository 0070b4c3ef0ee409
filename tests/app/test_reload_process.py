"""An exporter that runs reads its configuration again: when its file changes, by a signal, or over HTTP."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.from_thread
import httpx
import pytest
from anyio.lowlevel import current_token
from exporter_process import ANY_PORT, Running, running
from patience import DEADLINE_SECONDS
from programs import eventually
from reloading import SECRETS, account

from exporter.app.reload import watch
from exporter.vendors import VENDORS

BAD = "accounts:\n  - {vendor: netnut, name: x, token: '${MISSING}'}\n  - {vendor: nettnut}\n"


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
