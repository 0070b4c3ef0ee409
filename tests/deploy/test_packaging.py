"""What is shipped: image, deployment examples and the changelog agree with the code."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from exporter import __version__
from exporter.web.addresses import DEFAULT_ADDRESS, split_address

ROOT = Path(__file__).parents[2]
PORT = split_address(DEFAULT_ADDRESS)[1]

_IDENTITY = ("DynamicUser", "ExecReload", "LoadCredential", "SupplementaryGroups", "User", "Group")
_FOREIGN = re.compile(r"/[w]ork/|/[r]oot/|[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.org|[d]eb\.debian\.org|[f]ile:///")


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


def test_no_file_names_the_machine_it_was_written_on_or_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _files_in_git()
        for match in _FOREIGN.finditer(path.read_bytes().decode(errors="replace"))
    ]

    assert not found
