"""The pinned requirements: few, with hashes, just what the project needs, and in the bill of materials."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from exporter import __version__

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
MOST_RUNTIME_PACKAGES = 25
_PIN = re.compile(
    r"(?m)^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
)
_PIN_BEGINS = re.compile(r"(?m)^\S+==")
_DIRECT = re.compile(r"(?ms)^([a-z0-9-]+)(?:\[[a-z,]+\])?==(?:(?!^\S).)*usage-exporter \(pyproject\.toml\)")


def _pins(name: str) -> dict[str, str]:
    return {match[1]: match[2] for match in _PIN.finditer((ROOT / name).read_text())}


def _distribution(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_required_package_is_pinned_with_hashes(path: Path) -> None:
    begun = len(_PIN_BEGINS.findall(path.read_text()))

    assert begun == len(_pins(path.name)) > 0


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_no_requirement_names_a_host(path: Path) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links", path.read_text())


def test_few_packages_are_needed_to_run() -> None:
    assert len(_pins("requirements.txt")) <= MOST_RUNTIME_PACKAGES


def test_the_requirements_hold_just_the_direct_dependencies_and_what_those_need(project: dict[str, Any]) -> None:
    direct = set(_DIRECT.findall((ROOT / "requirements.txt").read_text()))

    assert direct == {_distribution(one) for one in project["project"]["dependencies"]}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt"])
def test_development_uses_the_versions_that_are_shipped(name: str) -> None:
    assert _pins(name).items() <= _pins("requirements-dev.txt").items()


def test_the_bill_of_materials_names_what_is_pinned() -> None:
    printed = subprocess.run(
        [ROOT / "scripts" / "write-sbom", __version__], check=True, capture_output=True, text=True
    ).stdout
    document = json.loads(printed)

    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert {one["name"]: one["version"] for one in document["components"]} == _pins("requirements.txt")
    assert document["metadata"]["component"]["purl"] == f"pkg:pypi/usage-exporter@{__version__}"
