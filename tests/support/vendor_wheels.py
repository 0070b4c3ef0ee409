"""Vendors in wheels: the one of the guide, built and installed, and invented ones that only look installed."""

import re
import subprocess
import sys
from pathlib import Path

from patience import DEADLINE_SECONDS

GUIDE = Path(__file__).parents[2] / "docs" / "vendor-wheels.md"


def block(language: str) -> str:
    """The guide's first block in a language, without its indentation."""
    found = re.search(rf"^( *)```{language}\n(.*?)^ *```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, language
    return "".join(line.removeprefix(found[1]) for line in found[2].splitlines(keepends=True))


def write_project(folder: Path) -> Path:
    """Write the guide's files, and return the folder that they are in."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(block("toml"))
    source, test = re.findall(r"^   ```python\n(.*?)^   ```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    (folder / "acme_usage.py").write_text(re.sub("(?m)^   ", "", source))
    (tests / "test_acme.py").write_text(re.sub("(?m)^   ", "", test))
    (tests / "replies.json").write_text(block("json"))
    return folder


def install(project: Path, target: Path) -> Path:
    """Build a project's wheel, and install it into a folder of its own; nothing is asked of the network."""
    _run(project, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist")
    (wheel,) = (project / "dist").glob("*.whl")
    uv = Path(sys.executable).with_name("uv")
    _run(
        project, str(uv), "pip", "install", "--offline", "--no-index", "--no-deps", "--target", str(target), str(wheel)
    )
    return wheel


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr


def pretend_installed(folder: Path, distribution: str, version: str, **entries: str) -> None:
    """Let a folder on the path hold the metadata of an installed distribution with these entry points."""
    info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[usage_exporter.vendors]\n{lines}")
