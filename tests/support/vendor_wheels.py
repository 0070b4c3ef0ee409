"""Vendors in wheels: the one of the guide, built and installed, and invented ones that only look installed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from patience import DEADLINE_SECONDS
from polled_accounts import SECRET

from exporter import config
from exporter.problems import ConfigError

GUIDE = Path(__file__).parents[2] / "docs" / "vendor-wheels.md"

FINE = """\
    from typing import ClassVar, Literal
    from pydantic import Field
    from exporter.vendor_api import *

    USED = Family("acme_used", "What was used.", ("project",), vendor="Acme", source="GET /usage used")

    class Acme(Account):
        api: ClassVar = 1
        sign_ins: ClassVar = (("api_key",),)
        reported: ClassVar = (USED,)
        vendor: Literal["acme"] = Field(description="Acme.")
        base_url: Url = "https://api.acme.example"
        api_key: SecretFromEnvironment | None = Field(default=None, description="Key.")
        api_key_file: SecretFromFile | None = Field(default=None, description="File of the key.")

        @property
        def auth(self):
            return ApiKey(self.secret("api_key"))

        async def read(self, poll):
            return ()
    """
BY = "the distribution acme-usage 1.2.0"


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


def packages_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are installed into; what is imported from it is forgotten afterwards."""
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def installed(site: Path, code: str, name: str = "acme", target: str = "Acme") -> str:
    """Install a module of its own name with this code, and return the name."""
    module = "acme_" + re.sub("[^a-z0-9]", "_", str(site).lower())
    (site / f"{module}.py").write_text(dedent(code))
    pretend_installed(site, "acme-usage", "1.2.0", **{name: f"{module}:{target}"})
    return module


def written(folder: Path, *vendors: str, **more: object) -> Path:
    accounts = [
        {"vendor": name, "name": f"main{number}", "token" if name == "ionos" else "api_key": "${VENDOR_SECRET}"}
        for number, name in enumerate(vendors)
    ]
    file = folder / "config.yaml"
    file.write_text(json.dumps({"accounts": accounts, **more}, indent=1))
    return file


def problems_of(file: Path, *plugins: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(file, plugins)
    return [str(one).removeprefix(f"{file}:") for one in caught.value.problems]
