"""`usage-exporter history`, as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from exporter_process import Running, ended

from exporter.cli import demo

pytestmark = pytest.mark.slow

TODAY = datetime.now(UTC)
BEFORE, TOMORROW = (f"{TODAY + timedelta(days=days):%Y-%m-%d}" for days in (-2, 1))
DAYS_AGO, DAY_BEFORE = (f"{TODAY + timedelta(days=days):%Y-%m-%d}" for days in (-6, -2))


@pytest.fixture
def folder(tmp_path: Path, sandbox: Running) -> Path:
    (tmp_path / "config.yaml").write_text(demo.configuration(sandbox.url, "1h", ("acme",)))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", BEFORE, "--to", TOMORROW), f"--to {TOMORROW} is in the future"),
        (("--from", TOMORROW), f"--from {TOMORROW} is after --to"),
        (("--from", BEFORE, "--account", "planship/acme"), "planship/acme: the vendor has no dated figures"),
        (("--from", BEFORE, "--account", "ionos/none"), "--account ionos/none: no such account"),
        (("--from", BEFORE, "--label", "account=x"), "--label: account is a label that the series already have"),
        (("--from", BEFORE, "--step", "7s"), "--step: write whole seconds that divide a day"),
        (("--from", "soon"), "write a day, such as 2026-01-31"),
    ],
    ids=str,
)
def test_a_wrong_request_is_a_line_and_nothing_is_written(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = ended("history", *arguments, "--out", "out", cwd=folder, env=demo.environment())

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]
    assert not (folder / "out").exists()


def test_a_history_is_written_and_says_how_it_is_loaded(folder: Path) -> None:
    arguments = (
        "--from",
        BEFORE,
        "--out",
        "out",
        "--step",
        "1h",
        "--storage.path",
        "kept",
        "--account",
        "prolifi/acme",
    )

    done = ended("history", *arguments, cwd=folder, env=demo.environment())

    assert done.returncode == 0, done.stderr
    assert "promtool tsdb create-blocks-from --max-block-duration=24h openmetrics" in done.stdout
    assert "prolifi/acme: left out, because the vendor does not date it: prolifi_entitlement_used" in done.stderr
    assert "prolifi/acme: the exporter's counters continue from here" in done.stderr
    assert f"prolifi-acme-{BEFORE}.om" in {path.name for path in (folder / "out").iterdir()}
    assert demo.environment()["ACME_PROLIFI_API_KEY"] not in done.stdout + done.stderr


def test_a_vendor_that_does_not_let_us_in_is_a_failure_that_can_be_gone_on_from(folder: Path) -> None:
    arguments = ("history", "--from", BEFORE, "--out", "out", "--step", "1h", "--account", "ionos/acme")

    refused = ended(*arguments, cwd=folder, env={**demo.environment(), "ACME_IONOS_TOKEN": "an-invented-secret"})
    gone_on = ended(*arguments, cwd=folder, env=demo.environment())

    assert refused.returncode == 1
    assert "(auth); run the same command again to resume" in refused.stderr
    assert gone_on.returncode == 0, gone_on.stderr


def written(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.om")}


def test_killed_at_any_moment_and_run_again_it_writes_the_same_bytes(folder: Path) -> None:
    arguments = ("history", "--from", DAYS_AGO, "--to", DAY_BEFORE, "--step", "1h")
    whole = ended(*arguments, "--out", "whole", cwd=folder, env=demo.environment())
    assert whole.returncode == 0, whole.stderr

    command, kills = [sys.executable, "-m", "exporter", *arguments, "--out", "killed"], 0
    for attempt in count(1):
        with subprocess.Popen(command, cwd=folder, env={**os.environ, **demo.environment()}) as process:
            try:
                code = process.wait(0.4 * attempt)  # a little later each time, so that it ends
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
                continue
        assert code == 0
        break

    assert kills > 0
    assert written(folder / "killed") == written(folder / "whole") != {}
