"""The servers' versions that docs/README.md names are those that tests run against and that the Compose file brings."""

import re
from pathlib import Path

import pytest
import yaml
from servers import GENERATIONS, package_versions

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"(?m)^\| (\w+)(?: \([^|]*)? \| ([\d.]*) +\| ([\d.]*) +\| ([\d.]*) +\|$")
TABLE = {name: versions for name, *versions in ROW.findall((ROOT / "docs" / "README.md").read_text())}
PACKAGES = {
    "Prometheus": "prometheus",
    "Alertmanager": "prometheus-alertmanager",
    "VictoriaMetrics": "victoria-metrics",
}
RUN = [
    (name, generation, version)
    for name, versions in TABLE.items()
    for generation, version in zip(GENERATIONS, versions, strict=False)
    if version
]


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_the_table_is_of_every_server() -> None:
    assert TABLE.keys() == PACKAGES.keys()
    assert len(RUN) == 5


@pytest.mark.live
@pytest.mark.parametrize(("name", "generation", "version"), RUN)
def test_tests_run_against_this_version_or_a_later_one(name: str, generation: str, version: str) -> None:
    (found,) = re.findall(r"^\d+\.\d+", package_versions(generation)[PACKAGES[name]])

    assert numbers(found) >= numbers(version)


def test_the_compose_file_brings_these_versions_which_are_no_older_than_those_that_are_tested() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]

    for name in ("Prometheus", "Alertmanager"):
        _, newer, brought = TABLE[name]
        assert re.fullmatch(rf"\S+/{name.lower()}:v{re.escape(brought)}\.\d+", services[name.lower()]["image"])
        assert numbers(brought) >= numbers(newer)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("prometheus/rules/usage-alerts.yml", "Prometheus"),
        ("prometheus/rules/usage-recording.yml", "Prometheus"),
        ("prometheus/alertmanager.yml", "Alertmanager"),
    ],
)
def test_what_an_example_needs_is_the_older_generation(path: str, name: str) -> None:
    needed = re.findall(r"Needs (\w+) ([\d.]+) or later", (ROOT / path).read_text())

    assert needed == [(name, TABLE[name][0])]
