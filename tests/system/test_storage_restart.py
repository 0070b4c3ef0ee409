"""An exporter that is started again, and what it shows of the time before."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from exporter_process import ANY_PORT, Running, ended, running
from page_text import value_of
from programs import eventually
from stored_files import checked, documents_of

from exporter.cli import demo
from exporter.quota import QuotaId
from exporter.sharding import Shard
from exporter.store.files import Storage
from exporter.store.observations import Observation, Observations

pytestmark = pytest.mark.slow

SECRETS = demo.environment()


def account(url: str, name: str = "main", stale_after: str = "1h") -> str:
    return (
        "accounts:\n"
        f"  - {{vendor: netnut, name: {name}, base_url: {url}/netnut/v1, interval: 1s, stale_after: {stale_after},"
        " email: acme@example.com, password: '${ACME_NETNUT_PASSWORD}'}\n"
    )


@contextmanager
def exporter(folder: Path, text: str, storage: Path) -> Iterator[Running]:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(text)
    options = ("--config.file=config.yaml", f"--storage.path={storage}", ANY_PORT)
    with running(folder, "run", *options, env=SECRETS) as process:
        yield process


def own(page: str, name: str) -> float:
    value = value_of(page, f"usage_exporter_{name}", vendor="netnut", account="main")
    assert value is not None, name
    return value


def figures(page: str) -> list[str]:
    return re.findall(r"^netnut_gb_used.*$", page, re.MULTILINE)


def storing(process: Running, storage: Path) -> str:
    """The page, once a reading was stored, and then shown."""
    eventually(lambda: list(storage.glob("*.json")))

    def page() -> str:
        text = process.get("/metrics")[1]
        return text if figures(text) else ""

    return eventually(page)


NOBODY = "http://127.0.0.1:1"


@contextmanager
def left_by_an_exporter(folder: Path, *, ago: float) -> Iterator[tuple[str, str]]:
    """What an exporter showed, and a configuration for the same vendor, which is gone; it was read so long ago."""
    (folder / "gone").mkdir()
    with running(folder / "gone", "sandbox", "--web.listen-address=127.0.0.1:0") as vendor:
        text = account(vendor.url)
        with exporter(folder / "first", text, folder / "storage") as process:
            before = storing(process, folder / "storage")
            assert process.stop() == 0
    (file,) = (folder / "storage").glob("*.json")
    head, *bulk = documents_of(file.read_bytes())
    file.write_bytes(checked({**head, "asked_at": time.time() - ago}, *bulk))
    yield before, text


def test_after_a_restart_the_last_reading_is_shown_at_once_with_its_true_age(tmp_path: Path) -> None:
    with (
        left_by_an_exporter(tmp_path, ago=600) as (before, text),
        exporter(tmp_path / "second", text, tmp_path / "storage") as process,
    ):
        eventually(lambda: own(process.get("/metrics")[1], "polls_total") > 0)
        after = process.get("/metrics")[1]

    assert len(figures(after)) == len(figures(before)) == 3
    assert own(after, "account_up") == 0
    assert own(after, "poll_last_success_timestamp_seconds") >= own(before, "poll_last_success_timestamp_seconds")
    assert "usage_quota_consumed_total" in after


def test_a_stored_reading_that_is_too_old_is_not_shown(tmp_path: Path) -> None:
    with (
        left_by_an_exporter(tmp_path, ago=3601) as (_, text),
        exporter(tmp_path / "second", text, tmp_path / "storage") as process,
    ):
        page = process.get("/metrics")[1]

    assert figures(page) == []
    assert own(page, "account_series") == 0


def test_a_spoilt_file_is_counted_and_the_exporter_starts(sandbox: Running, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    (storage / "netnut-main.json").write_bytes(b"half a fi")

    with exporter(tmp_path / "first", account(sandbox.url), storage) as process:
        page = storing(process, storage)
        log = process.err.read_text()

    labels = {"vendor": "netnut", "account": "main", "reason": "damaged"}
    assert value_of(page, "usage_exporter_storage_files_set_aside_total", **labels) == 1
    assert "stored reading is invalid; set aside" in log
    assert len(list(storage.glob("*.set-aside"))) == 1


def is_removed(folder: Path) -> bool:
    """Remove a folder, which is to be tried again where a file came to it meanwhile."""
    shutil.rmtree(folder)
    return not folder.exists()


def test_a_folder_that_takes_nothing_for_a_while_costs_no_figure_and_each_change_is_said_once(
    sandbox: Running, tmp_path: Path
) -> None:
    storage = tmp_path / "storage"
    with exporter(tmp_path / "first", account(sandbox.url), storage) as process:
        storing(process, storage)
        eventually(partial(is_removed, storage))
        eventually(lambda: own(process.get("/metrics")[1], "storage_write_failures_total") >= 2)
        assert len(figures(process.get("/metrics")[1])) == 3
        assert process.err.read_text().count("reading cannot be stored") == 1
        storage.mkdir()
        eventually(lambda: process.err.read_text().count("readings are stored again") == 1)


def test_a_folder_that_cannot_be_made_is_said_at_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "config.yaml").write_text(account(NOBODY))

    result = ended("run", "--config.file=config.yaml", "--storage.path=file/storage", cwd=tmp_path, env=SECRETS)

    assert result.returncode == 2
    assert "cannot write to file/storage: Not a directory" in result.stderr


def test_no_secret_is_stored(sandbox: Running, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    with exporter(tmp_path / "first", account(sandbox.url), storage) as process:
        storing(process, storage)

    (file,) = storage.glob("*.json")
    stored = file.read_text()
    assert "acme@example.com" not in stored
    for secret in SECRETS.values():
        assert secret not in stored


def test_how_long_a_quota_lasts_is_known_after_a_restart(sandbox: Running, tmp_path: Path) -> None:
    """A day's observations at the counters, as an exporter stores them that runs for so long."""
    storage, text = tmp_path / "state", account(sandbox.url)

    def outlooks(process: Running) -> set[str]:
        def quotas() -> list[dict[str, object]]:
            (one,) = json.loads(process.get("/api/v1/status")[1])["accounts"]
            return [*one["quotas"]]

        return {str(quota["outlook"]) for quota in eventually(quotas) if quota["limit"]}

    with exporter(tmp_path / "first", text, storage) as process:
        storing(process, storage)
        assert "unknown" in outlooks(process)
    rows = [row for document in documents_of((storage / "netnut-main.json").read_bytes())
            for row in document.get("totals", [])]  # fmt: skip
    now = time.time()
    seen = Observation(now - 72_000, 0.0), Observation(now - 600, 0.0)
    observations = {
        (("netnut", "main"), QuotaId(name, subject, unit)): Observations(created, *seen)
        for name, subject, unit, _value, created, *_ in rows
    }
    stored = Storage(storage)
    anyio.run(stored.store_observations, Shard(), observations, now)
    stored.close()

    with exporter(tmp_path / "second", text, storage) as process:
        assert outlooks(process) <= {"used_up", "runs_out", "end_of_period"}
