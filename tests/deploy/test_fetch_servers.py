"""scripts/fetch-servers, with an apt-get that fails, and where everything has been fetched."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from servers import GENERATIONS, package_versions

ROOT = Path(__file__).parents[2]
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def fetch_servers(checkout: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]])}
    command = [checkout / "scripts" / "fetch-servers"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not KEYRING.exists(), reason="needs the package debian-archive-keyring")
@pytest.mark.parametrize(
    ("apt_get", "problem"),
    [
        ("exit 0", "this machine's sources name no mirror of Debian"),
        ('case "$*" in indextargets*) echo stable main http://127.0.0.1:9/;; *) echo E: no network; exit 100;; esac',
         "E: no network"),
    ],
    ids=["no mirror", "no network"],
)  # fmt: skip
def test_what_cannot_be_fetched_is_an_error_for_each_generation(tmp_path: Path, apt_get: str, problem: str) -> None:
    scripts, path = tmp_path / "scripts", tmp_path / "path"
    scripts.mkdir()
    path.mkdir()
    shutil.copy(ROOT / "scripts" / "fetch-servers", scripts)
    (path / "apt-get").write_text(f"#!/bin/sh\n{apt_get}\n")
    (path / "apt-get").chmod(0o755)

    done = fetch_servers(tmp_path, path)

    errors = done.stderr.splitlines()
    assert done.returncode == 1
    assert len(errors) == len(GENERATIONS)
    for generation, error in zip(GENERATIONS, errors, strict=True):
        assert error.startswith(f"fetch-servers: {generation}: ")
        assert "prometheus-alertmanager" in error
        assert problem in error
    assert list((tmp_path / ".venv" / "servers").iterdir()) == []


@pytest.mark.live
def test_what_is_there_and_runs_is_not_fetched_again() -> None:
    before = [package_versions(generation) for generation in GENERATIONS]

    done = fetch_servers(ROOT)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [package_versions(generation) for generation in GENERATIONS] == before
