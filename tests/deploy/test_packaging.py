"""What is shipped: requirements, wheel, image, deployment examples and the changelog agree with the code."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__
from exporter.web.addresses import DEFAULT_ADDRESS, split_address

ROOT = Path(__file__).parents[2]
PORT = split_address(DEFAULT_ADDRESS)[1]
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
MOST_RUNTIME_PACKAGES = 25

_IDENTITY = ("DynamicUser", "ExecReload", "LoadCredential", "SupplementaryGroups", "User", "Group")
_PIN = re.compile(
    r"(?m)^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
)
_PIN_BEGINS = re.compile(r"(?m)^\S+==")
_DIRECT = re.compile(r"(?ms)^([a-z0-9-]+)(?:\[[a-z,]+\])?==(?:(?!^\S).)*usage-exporter \(pyproject\.toml\)")
_FOREIGN = re.compile(r"/[w]ork/|/[r]oot/|[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.org|[d]eb\.debian\.org|[f]ile:///")


def _pins(name: str) -> dict[str, str]:
    return {match[1]: match[2] for match in _PIN.finditer((ROOT / name).read_text())}


def _distribution(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _instructions(text: str) -> list[str]:
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def _files_in_git() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


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


def test_the_changelog_tells_of_this_version() -> None:
    headings = re.findall(r"(?m)^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text())

    assert __version__ in headings


def test_the_image_runs_on_a_fixed_base_as_nobody_and_knows_its_health() -> None:
    instructions = _instructions((ROOT / "Dockerfile").read_text())
    final = instructions[max(index for index, line in enumerate(instructions) if line.startswith("FROM")) :]

    assert instructions[0] == "ARG BASE=docker.io/library/python:3.13-slim"
    assert [line for line in instructions if line.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert [line for line in final if line.startswith("USER")] == ["USER 65532:65532"]
    assert [line for line in final if line.startswith("COPY")] == [
        "COPY --from=build /opt/usage-exporter /opt/usage-exporter",
        "COPY --from=build --chown=65532:65532 --chmod=0700 /build/state /var/lib/usage-exporter",
    ]
    assert not [line for line in final if line.startswith(("RUN", "ADD"))]
    assert any(line.startswith("HEALTHCHECK") and "healthcheck" in line for line in final)
    assert f"EXPOSE {PORT}" in final
    assert f"ARG VERSION={__version__}" in final


def test_what_the_image_is_built_from_reaches_the_builder() -> None:
    sources = {
        source.rstrip("/")
        for line in _instructions((ROOT / "Dockerfile").read_text())
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    }
    rules = set(_instructions((ROOT / ".dockerignore").read_text()))

    assert rules == {"*", "**/__pycache__", *(f"!{source}" for source in sources)}


def test_prometheus_scrapes_where_the_exporter_listens() -> None:
    (job,) = _yaml("prometheus/prometheus.yml")["scrape_configs"]

    assert job["static_configs"] == [{"targets": [DEFAULT_ADDRESS]}]


def test_compose_runs_this_version_confined_and_shows_it_to_this_machine_alone() -> None:
    compose = _yaml("deploy/compose.yaml")
    exporter = compose["services"]["usage-exporter"]

    assert exporter["image"] == f"usage-exporter:{__version__}"
    assert f"{DEFAULT_ADDRESS}:{PORT}" in exporter["ports"]
    assert "--storage.path=/var/lib/usage-exporter" in exporter["command"]
    assert "usage-exporter-data:/var/lib/usage-exporter" in exporter["volumes"]
    assert {service.get("depends_on", ["usage-exporter"])[0] for service in compose["services"].values()} == {
        "usage-exporter"
    }
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_demo_stack_needs_no_file_of_yours() -> None:
    class Loader(yaml.SafeLoader):
        """Compose's own tag takes away what the other file says."""

    Loader.add_constructor("!reset", lambda _loader, _node: [])
    demo = yaml.load((ROOT / "deploy/compose.demo.yaml").read_text(), Loader)["services"]["usage-exporter"]  # noqa: S506

    assert demo["command"][0] == "demo"
    assert (demo["secrets"], demo["volumes"]) == ([], [])


def test_the_systemd_unit_runs_confined_and_reads_its_files_again() -> None:
    lines = _instructions((ROOT / "deploy/systemd/usage-exporter.service").read_text())
    settings = [line.split("=", 1) for line in lines if not line.startswith("[")]

    (command,) = [value for key, value in settings if key == "ExecStart"]
    assert command.startswith("/opt/usage-exporter/bin/usage-exporter run ")
    assert "--config.file=/etc/usage-exporter/config.yaml" in command
    assert [f"{key}={value}" for key, value in settings if key in _IDENTITY] == [
        "ExecReload=/bin/kill -HUP $MAINPID",
        "SupplementaryGroups=usage-exporter-secrets",
        "DynamicUser=yes",
    ]
    assert {"NoNewPrivileges", "ProtectSystem", "RestrictAddressFamilies", "CapabilityBoundingSet"} <= {
        key for key, _ in settings
    }


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone_and_is_built_the_same_twice(tmp_path: Path) -> None:
    built = []
    for name in ("one", "two"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / name],
            cwd=ROOT,
            env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
            check=True,
            capture_output=True,
        )
        (wheel,) = (tmp_path / name).iterdir()
        built.append(wheel.read_bytes())
    with zipfile.ZipFile(wheel) as archive:
        folders = {name.split("/", 1)[0] for name in archive.namelist()}
        modules = {name for name in archive.namelist() if name.startswith("exporter/")}

    assert built[0] == built[1]
    assert folders == {"exporter", f"usage_exporter-{__version__}.dist-info"}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "exporter").rglob("*.py")} <= modules
    others = {name for name in modules if not name.endswith((".py", "py.typed", "/revision"))}
    assert {name for name in others if not name.startswith("exporter/shipped/")} == set()
    assert len(others) == 4 + len(list((ROOT / "grafana" / "dashboards").glob("*.json")))


@pytest.mark.slow
def test_the_wheel_installed_alone_brings_everything(tmp_path: Path) -> None:
    """Without the checkout: another folder, and a path of the wheel and of what it requires."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    commit = {**os.environ, "USAGE_EXPORTER_REVISION": "0123456789ab"}
    subprocess.run(build, cwd=ROOT, env=commit, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", "from exporter.__main__ import main; main()", *arguments]
        env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
        done = subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, text=True)
        return done.stdout

    where = "import exporter; print(exporter.__file__)"
    assert (
        str(tmp_path)
        in subprocess.run(
            [sys.executable, "-c", where], cwd=tmp_path / "site", check=True, capture_output=True, text=True
        ).stdout
    )
    assert len(run("dashboards", "boards").splitlines()) == len(list((ROOT / "grafana" / "dashboards").glob("*.json")))
    assert {file.name for file in (tmp_path / "boards").iterdir()} == {
        file.name for file in (ROOT / "grafana" / "dashboards").glob("*.json")
    }
    assert run("example") == (ROOT / "config.example.yaml").read_text()
    assert run("example", "alertmanager") == (ROOT / "prometheus" / "alertmanager.yml").read_text()
    assert yaml.safe_load(run("rules"))["groups"]
    assert "usage_quota_used" in run("metrics")
    assert run("--version").startswith(f"usage-exporter, version {__version__} (revision 0123456789ab, Python 3.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "revision"), [("", "{commit}"), ("# changed\n", "{commit}-dirty"), (None, "{commit}")]
)
def test_what_is_built_from_git_knows_its_commit(change: str | None, revision: str, tmp_path: Path) -> None:
    """A checkout, one with changes, and an sdist of one: git is asked where there is one, and only when building."""
    checkout = tmp_path / "checkout"
    for source in ("exporter", "grafana/dashboards", "deploy", "prometheus", "scripts"):
        shutil.copytree(ROOT / source, checkout / source, ignore=shutil.ignore_patterns("__pycache__"))
    for source in ("pyproject.toml", "README.md", "LICENSE", "config.example.yaml"):
        shutil.copy(ROOT / source, checkout)
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    commit = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True)
    if change:
        (checkout / "README.md").write_text(change)
    folder = checkout if change is not None else _unpacked_sdist(checkout, tmp_path)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"], cwd=folder,
                   check=True, capture_output=True)  # fmt: skip
    (wheel,) = (tmp_path / "dist").iterdir()

    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("exporter/shipped/revision").decode() == revision.format(commit=commit.strip()) + "\n"


def _unpacked_sdist(checkout: Path, folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder / "sdist")]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)
    (sdist,) = (folder / "sdist").iterdir()
    (folder / "unpacked").mkdir()
    subprocess.run(["tar", "-xf", sdist, "-C", folder / "unpacked"], check=True)
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked


def test_the_bill_of_materials_names_what_is_pinned() -> None:
    printed = subprocess.run(
        [ROOT / "scripts" / "write-sbom", __version__], check=True, capture_output=True, text=True
    ).stdout
    document = json.loads(printed)

    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert {one["name"]: one["version"] for one in document["components"]} == _pins("requirements.txt")
    assert document["metadata"]["component"]["purl"] == f"pkg:pypi/usage-exporter@{__version__}"


def test_no_file_names_the_machine_it_was_written_on_or_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _files_in_git()
        for match in _FOREIGN.finditer(path.read_bytes().decode(errors="replace"))
    ]

    assert not found
