"""An exporter in shards as a person runs it: each command with `--shard`, and what they have together."""

import re
import signal
from collections import Counter
from pathlib import Path

import pytest
from exporter_process import ANY_PORT, Running, ended, running
from programs import eventually

from exporter.cli import demo
from exporter.config import load
from exporter.sandbox.accounts import ACCOUNTS
from exporter.sharding import Shard
from exporter.vendors import VENDORS

pytestmark = pytest.mark.slow

SECRETS = demo.environment()
TOTAL = 3
ACCOUNT_COUNT = len(VENDORS) * len(ACCOUNTS)
TOO_LONG = "longer than the interval of 15s; figures are shown for 1h only: set an interval of at least 4h11m15s"
SERIES = re.compile(rf"^((?:{'|'.join(VENDORS)}|usage_quota)_\w+\{{.*\}}) ", re.MULTILINE)


@pytest.fixture
def config(sandbox: Running, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(demo.configuration(sandbox.url, "15s"))
    return path


def shard(number: int, total: int = TOTAL) -> tuple[str, str]:
    return f"--shard={number}", f"--total-shards={total}"


def once(config: Path, *options: str) -> str:
    result = ended("once", f"--config.file={config}", *options, env=SECRETS)
    assert result.returncode == 0, result.stderr
    return result.stdout


def keys(config: Path, number: int) -> set[str]:
    """The accounts that a shard has something of, as vendor/name."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        return {"/".join(account.key) for account in load(config).shard_part(Shard(number, TOTAL)).accounts}


def accounts(page: str) -> set[str]:
    """The accounts of a page, likewise."""
    found = re.findall(r"^usage_exporter_account_up\{(.*)\}", page, re.MULTILINE)
    labels = (dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in found)
    return {f"{one['vendor']}/{one['account']}" for one in labels}


def test_one_poll_of_each_shard_prints_together_what_one_exporter_prints(config: Path) -> None:
    whole = once(config)

    pages = [once(config, *shard(number)) for number in range(TOTAL)]

    found = Counter(series for page in pages for series in SERIES.findall(page))
    assert set(found) == set(SERIES.findall(whole))
    assert set(found.values()) == {1}
    assert set().union(*map(accounts, pages)) == accounts(whole)
    assert 'usage_exporter_shard_info{shard="0",total="1"} 1' in whole
    for number, page in enumerate(pages):
        assert f'usage_exporter_shard_info{{shard="{number}",total="{TOTAL}"}} 1' in page


def test_check_says_how_many_of_the_accounts_a_shard_polls(config: Path) -> None:
    polled = []
    for number in range(TOTAL):
        result = ended("check", "--probe", f"--config.file={config}", *shard(number), env=SECRETS)
        first, *rest = [line for line in result.stdout.partition("\n\n")[0].splitlines() if not line.startswith(" ")]
        probed = [line for line in rest if " series in " in line]
        assert (result.returncode, result.stderr) == (0, "")
        assert first.startswith(
            f"{config}: no problem found, accounts: {ACCOUNT_COUNT}, of them polled by shard {number} of {TOTAL}: "
        )
        polled.append(int(first.rpartition(" ")[2]))
        assert len(probed) == polled[-1]

    assert ACCOUNT_COUNT <= sum(polled) < ACCOUNT_COUNT * TOTAL


def test_check_says_what_to_expect_and_that_is_no_failure(config: Path) -> None:
    config.write_text(config.read_text().replace("discover: true", "discover: true\n    max_customers: 100000"))

    result = ended("check", f"--config.file={config}", env=SECRETS)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:3] == [
        "prolifi/acme: up to 100,000 customers in 100 slices, 201,000 requests, a cycle of 4h11m15s",
        f"warning: prolifi/acme: up to 201,000 requests at 800 a minute take 4h11m15s, {TOO_LONG}",
    ]


def test_a_shard_stays_itself_when_the_configuration_is_read_again(config: Path, tmp_path: Path) -> None:
    owned = [keys(config, number) for number in range(TOTAL)]
    number = next(number for number in range(TOTAL) if 0 < len(owned[number]) < len(set().union(*owned)))
    with running(tmp_path, "run", f"--config.file={config}", ANY_PORT, *shard(number), env=SECRETS) as process:
        assert accounts(process.get("/metrics")[1]) == owned[number]
        config.write_text(config.read_text().replace("interval: 15s", "interval: 16s"))
        process.process.send_signal(signal.SIGHUP)
        eventually(lambda: "config reloaded" in process.err.read_text())

        page = process.get("/metrics")[1]
        intervals = re.findall(r"^usage_exporter_poll_interval_seconds\{.*\} (\S+)$", page, re.MULTILINE)
        assert accounts(page) == owned[number]
        assert set(intervals) == {"16.0"}
        assert f'usage_exporter_shard_info{{shard="{number}",total="{TOTAL}"}} 1' in page
        assert f'shard="{number} of {TOTAL}"' in process.err.read_text()


def test_a_shard_without_any_account_runs_and_is_ready(config: Path, tmp_path: Path) -> None:
    lines = config.read_text().split("  - vendor: ")
    config.write_text(f"{lines[0]}  - vendor: {lines[1]}")
    idle = next(number for number in range(TOTAL) if not keys(config, number))

    with running(tmp_path, "run", f"--config.file={config}", ANY_PORT, *shard(idle), env=SECRETS) as process:
        eventually(lambda: process.get("/-/ready") == (200, "ready\n"))
        assert "usage_exporter_shard_info" in process.get("/metrics")[1]
        assert process.stop() == 0
