"""Real servers of two generations, as scripts/fetch-servers has fetched them, started for a test and ended with it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any, Final

import pytest
import yaml
from programs import eventually, fetch, free_port, running

GENERATIONS: Final = ("stable", "current")
"""What this machine's Debian has, which some still run, and what Debian's next release will have."""
NEWEST: Final = GENERATIONS[-1]

_FRUGAL: Final = {"GOGC": "400", "GOMAXPROCS": "1"}
"""For tools, which run for seconds and beside other tests.

Garbage is collected seldom, but soon enough that the same memory is used again: fresh memory costs more than that.
More processors would help little, and vmalert-tool has buffers for each of them.
"""

_FOLDER: Final = Path(__file__).parents[2] / ".venv" / "servers"


def server(name: str, generation: str) -> str:
    """The path of a server or of one of its tools; the test is skipped without it."""
    path = _FOLDER / generation / "bin" / name
    if not path.exists():
        pytest.skip(f"no {name} of the {generation} generation: run scripts/fetch-servers")
    return str(path)


def package_versions(generation: str) -> dict[str, str]:
    """The version of each package that a generation was fetched from."""
    path = _FOLDER / generation / "versions"
    if not path.exists():
        pytest.skip(f"no servers of the {generation} generation: run scripts/fetch-servers")
    return dict(line.split() for line in path.read_text().splitlines())


def run_tool(name: str, generation: str, *arguments: str | Path, page: str | None = None) -> CompletedProcess[str]:
    """Run a server's tool until it ends, with a page as its input if one is given."""
    command = [server(name, generation), *arguments]
    return run(command, input=page, capture_output=True, text=True, check=False, env=os.environ | _FRUGAL)


@contextmanager
def prometheus(generation: str, folder: Path, config: Mapping[str, Any], *options: str) -> Iterator[str]:
    """Run a Prometheus whose files are in a folder, and give its URL."""
    (folder / "prometheus.yml").write_text(yaml.safe_dump(dict(config)))
    command = (
        server("prometheus", generation),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        *options,
    )
    with _serving(folder / "prometheus.log", "--web.listen-address=", "/-/ready", *command) as url:
        yield url


@contextmanager
def alertmanager(generation: str, folder: Path, config: Path) -> Iterator[str]:
    """Run an Alertmanager whose files are in a folder, and give its URL."""
    command = (
        server("prometheus-alertmanager", generation),
        f"--config.file={config}",
        f"--storage.path={folder / 'alerts'}",
        "--cluster.listen-address=",
    )
    with _serving(folder / "alertmanager.log", "--web.listen-address=", "/-/ready", *command) as url:
        yield url


@contextmanager
def victoria_metrics(folder: Path, *options: str) -> Iterator[str]:
    """Run a VictoriaMetrics whose files are in a folder, and give its URL."""
    command = (server("victoria-metrics", NEWEST), f"-storageDataPath={folder / 'victoria'}", *options)
    with _serving(folder / "victoria.log", "-httpListenAddr=", "/health", *command) as url:
        yield url


@contextmanager
def _serving(log: Path, listen_option: str, ready_path: str, *command: str) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    with running(*command, listen_option + address, log=log) as process:

        def is_ready() -> bool:
            assert process.poll() is None, f"it ended: {log.read_text()}"
            return bool(fetch(f"http://{address}{ready_path}"))

        eventually(is_ready)
        yield f"http://{address}"
