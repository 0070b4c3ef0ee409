import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from exporter_process import ANY_PORT, Running, ended, running
from kept_logging import kept_logging
from patience import DEADLINE_SECONDS
from programs import eventually
from prometheus_client.parser import text_string_to_metric_families

from exporter.cli import demo
from exporter.cli.catalogue import FAMILIES
from exporter.cli.main import main
from exporter.metrics.own import (
    ACCOUNT_FAILING,
    CONTRACT_DRIFT,
    CREDENTIAL_EXPIRY,
    ITEMS_SKIPPED,
    POLL_FAILURES,
    QUOTA_THRESHOLD,
    QUOTAS_WITHHELD,
    STORAGE_SET_ASIDE,
)
from exporter.vendors import VENDORS

pytestmark = pytest.mark.slow

SET_UP_OTHERWISE = (CREDENTIAL_EXPIRY, QUOTA_THRESHOLD)
IN_TROUBLE = (ACCOUNT_FAILING, CONTRACT_DRIFT, ITEMS_SKIPPED, POLL_FAILURES, QUOTAS_WITHHELD, STORAGE_SET_ASIDE)
ELSEWHERE = (*SET_UP_OTHERWISE, *IN_TROUBLE)
HEADLINES = {"netnut_gb_used", "ionos_meter_quantity", "prolifi_event_count", "planship_lever_usage"}
ON_EVERY_PAGE = HEADLINES | {family.name.removesuffix("_total") for family in FAMILIES if family not in ELSEWHERE}
SECRETS = {**demo.environment(), "WRONG_KEY": "pk_this_is_not_the_key"}


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=SECRETS)


def family_names(page: str) -> set[str]:
    return {family.name for family in text_string_to_metric_families(page)}


@pytest.fixture
def config(sandbox: Running, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(demo.configuration(sandbox.url, "1s", ("acme",)))
    return path


@pytest.fixture
def spoilt(config: Path) -> Path:
    """A configuration of which two accounts fail: one key is wrong, one server is not there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = config.read_text()
    text = re.sub(r"base_url: .*/ionos/billing", f"base_url: http://127.0.0.1:{port}", text)
    config.write_text(text.replace("${ACME_PROLIFI_API_KEY}", "${WRONG_KEY}"))
    return config


def test_a_good_configuration_is_exit_code_0(config: Path) -> None:
    result = invoke("check", "--config.file", str(config))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{config}: no problem found, accounts: {len(VENDORS)}\n"


def test_a_probe_says_of_each_account_how_many_series_came_and_how_fast(config: Path) -> None:
    result = ended("check", "--probe", f"--config.file={config}", env=SECRETS)

    assert (result.returncode, result.stderr) == (0, "")
    lines, _, table = result.stdout.partition("\n\n")
    first, *said = lines.splitlines()
    assert first.endswith(f"no problem found, accounts: {len(VENDORS)}")
    found = [re.sub(r"\d+ series in \d+\.\d\d s", "N", line) for line in said if not line.startswith("    ")]
    assert sorted(found) == sorted(f"{vendor}/acme: N" for vendor in VENDORS)
    assert table.partition("\n\n")[2].startswith("VENDOR    ACCOUNT  STATE")
    assert re.search(r"^netnut +acme +up .* traffic +410692/Residential +\d+ GB +1,000 +\d+%", table, re.MULTILINE)


def test_a_probe_says_in_words_why_an_account_failed(spoilt: Path) -> None:
    result = ended("check", "--probe", f"--config.file={spoilt}", env=SECRETS)

    assert (result.returncode, result.stderr) == (1, "")
    told = re.sub(r"\d+\.\d\d s", "N", re.sub(r"127\.0\.0\.1:\d+", "HOST", result.stdout)).splitlines()
    assert {line for line in told if "failed" in line} == {
        "ionos/acme: failed after N: GET http://HOST/profile: no connection: Connection refused (connect)",
        "prolifi/acme: failed after N: GET http://HOST/prolifi/api/v1/public/customers: HTTP 401 (auth)",
    }
    assert re.search(r"^netnut/acme: \d+ series in ", result.stdout, re.MULTILINE)


def test_a_probe_names_what_is_left_out(config: Path) -> None:
    config.write_text(config.read_text().replace('"team/blue"', '"team/red"'))

    result = ended("check", "--probe", f"--config.file={config}", env=SECRETS)

    assert result.returncode == 0
    assert re.search(r"planship/acme: \d+ series in .* s\n    warning: 3 items left out: the vendor", result.stdout)
    assert (
        len(re.findall(r"\n    warning: GET http://\S+/customers/team%2Fred/products/\S+: HTTP 404", result.stdout))
        == 3
    )


@pytest.mark.parametrize("command", ["once", "check", "schema", "metrics"])
def test_a_full_disk_is_one_clear_line(command: str, config: Path) -> None:
    arguments = [sys.executable, "-m", "exporter", command]
    arguments += [f"--config.file={config}"] if command in ("once", "check") else []
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, env={**os.environ, **SECRETS}, check=False
        )

    assert ended.returncode == 1
    assert ended.stderr.decode() == "cannot write to standard output: No space left on device\n"


def test_one_poll_is_printed_as_a_page(config: Path) -> None:
    result = ended("once", f"--config.file={config}", env=SECRETS)

    assert (result.returncode, result.stderr) == (0, "")
    assert family_names(result.stdout) >= HEADLINES | {"usage_exporter_account_up"}


def test_one_poll_that_fails_is_a_page_all_the_same_and_exit_code_1(spoilt: Path) -> None:
    result = ended("once", f"--config.file={spoilt}", env=SECRETS)

    assert result.returncode == 1
    assert sorted(re.findall(r"vendor=(\w+) .*reason=(\w+)", result.stderr)) == [
        ("ionos", "connect"),
        ("prolifi", "auth"),
    ]
    names = family_names(result.stdout)
    assert {"netnut_gb_used", "planship_lever_usage"} <= names
    assert not {"ionos_meter_quantity", "prolifi_event_count"} & names


def test_the_sandbox_lists_what_it_serves_and_stops_well(tmp_path: Path) -> None:
    with running(tmp_path, "sandbox", "--web.listen-address=127.0.0.1:0", "--seed=7") as sandbox:
        assert "/netnut/v1" in sandbox.get("/")[1]
        code = sandbox.stop()

    assert code == 0, sandbox.err.read_text()
    assert "sandbox started" in sandbox.err.read_text()


def test_the_demo_becomes_ready_serves_every_family_and_stops_well(tmp_path: Path) -> None:
    with running(tmp_path, "demo", ANY_PORT, "--interval=1s", "--log.format=json") as exporter:
        eventually(lambda: exporter.get("/-/ready") == (200, "ready\n"))
        eventually(lambda: family_names(exporter.get("/metrics")[1]) >= ON_EVERY_PAGE)
        assert exporter.get("/-/healthy") == (200, "healthy\n")
        landing = exporter.get("/")[1]
        assert all(f">{vendor}/{name}</a>" in landing for vendor in VENDORS for name in ("acme", "globex"))

        healthy = invoke("healthcheck", f"{exporter.url}/-/healthy")
        assert (healthy.exit_code, healthy.output) == (0, "")
        lost = invoke("healthcheck", f"{exporter.url}/nowhere")
        assert (lost.exit_code, lost.stderr) == (1, f"not healthy: {exporter.url}/nowhere: HTTP 404\n")

        code = exporter.stop()

    assert code == 0, exporter.err.read_text()
    assert exporter.out.read_text().startswith("# The configuration of this demo:\naccounts:\n")
    lines = [json.loads(line) for line in exporter.err.read_text().splitlines()]
    assert [lines[0]["msg"], lines[-1]["msg"]] == ["started", "stopping"]
    assert {line["level"] for line in lines} == {"info"}


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path, "sandbox", ANY_PORT, "--fault=*:*:hang") as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as unfinished:
            unfinished.sendall(b"GET /ionos/billing/x HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: sandbox.get("/")[0] == 200)
            sandbox.process.send_signal(signal.SIGTERM)
            eventually(lambda: b"stopping" in sandbox.err.read_bytes())
            code = sandbox.stop()

    assert code == 0, sandbox.err.read_text()
    assert "stopping at once" in sandbox.err.read_text()


def test_a_log_that_nobody_reads_any_more_stops_nothing(spoilt: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = [sys.executable, "-m", "exporter", "run", f"--config.file={spoilt}", f"--web.listen-address={address}"]
    with subprocess.Popen(arguments, stderr=write_end, env={**os.environ, **SECRETS}) as process:
        os.close(write_end)
        try:
            url = f"http://{address}/-/ready"
            eventually(lambda: invoke("healthcheck", url).exit_code == 0)
        finally:
            process.terminate()

        assert process.wait(DEADLINE_SECONDS) == 0
