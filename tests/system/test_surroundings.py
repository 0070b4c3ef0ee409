"""What the machine may do to the exporter: no file descriptor left, nothing to write to, an odd environment."""

import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from exporter_process import ANY_PORT, Running, running
from patience import DEADLINE_SECONDS
from programs import eventually
from prometheus_client.parser import text_string_to_metric_families

from exporter.cli import demo

pytestmark = pytest.mark.slow

SECRETS = demo.environment()


@pytest.fixture
def config(sandbox: Running, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(demo.configuration(sandbox.url, "1s", ("acme",)))
    return path


def scraped_over(connection: HTTPConnection) -> Callable[[str], float]:
    """Ask for a figure over a connection that is open already: the smallest one of the family."""

    def ask(name: str) -> float:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        return min(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE))

    return ask


def processor_seconds(exporter: Running) -> float:
    fields = Path(f"/proc/{exporter.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_file_descriptor_is_left_polls_go_on_and_it_can_be_scraped_afterwards(config: Path) -> None:
    with (
        running(config.parent, "run", f"--config.file={config}", ANY_PORT, env=SECRETS) as exporter,
        ExitStack() as flood,
    ):
        host, port = exporter.url.removeprefix("http://").split(":")
        connection = flood.enter_context(closing(HTTPConnection(host, int(port), timeout=DEADLINE_SECONDS)))
        ask = scraped_over(connection)
        eventually(lambda: ask("usage_exporter_account_up") == 1)
        resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE, (64, 64))

        idle = [
            flood.enter_context(socket.create_connection((host, int(port)), timeout=DEADLINE_SECONDS))
            for _ in range(150)
        ]
        eventually(lambda: b"cannot accept connections for now" in exporter.err.read_bytes())
        polls, cpu, began = ask("usage_exporter_polls_total"), processor_seconds(exporter), time.monotonic()
        eventually(lambda: ask("usage_exporter_polls_total") >= polls + 4)
        took = time.monotonic() - began
        used = processor_seconds(exporter) - cpu
        for one in idle:
            one.close()

        assert used < 0.5 * took
        assert eventually(lambda: exporter.get("/metrics")[0] == 200)
        assert exporter.err.read_text().count("cannot accept connections for now") < 20
        assert "Traceback" not in exporter.err.read_text()
        assert exporter.stop() == 0


SURROUNDINGS = {
    "no home, no locale": {"LANG": "C", "LC_ALL": "C"},
    "another time zone": {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8"},
    "without assertions and docstrings": {"PYTHONOPTIMIZE": "2"},
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_it_runs_the_same_where_nothing_can_be_written_and_the_environment_is_odd(
    surroundings: dict[str, str], config: Path
) -> None:
    command = [sys.executable, "-m", "exporter", "once", f"--config.file={config}"]

    def families(folder: str, environment: dict[str, str]) -> set[str]:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return {family.name for family in text_string_to_metric_families(done.stdout)}

    odd = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **SECRETS, **surroundings}

    assert families("/proc", odd) == families(str(config.parent), {**os.environ, **SECRETS})
