"""What the documents say of the code is so."""

import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Group
from click.testing import CliRunner

from exporter.cli.catalogue import FAMILIES
from exporter.cli.main import main
from exporter.config import parse
from exporter.vendors import VENDORS
from exporter.web.addresses import DEFAULT_ADDRESS

ROOT = Path(__file__).parents[2]
WRITTEN = runpy.run_path(str(ROOT / "scripts" / "write-docs"))["documents"]()
DOCUMENTS = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
]
README = (ROOT / "README.md").read_text()
PACKAGES = [ROOT / name for name in ("exporter", "grafana", "tests")]
SOURCES = [f"/{path.relative_to(ROOT)}" for package in PACKAGES for path in package.rglob("*.py")]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_a_document_that_is_written_from_the_code_is_fresh(document: Path) -> None:
    assert document.read_text() == WRITTEN[document], "run make docs"


def test_the_readmes_configuration_is_whole_and_has_a_vendor_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (text,) = re.findall(r"<!-- configuration -->\n```yaml\n(.*?)```\n<!-- /configuration -->", README, re.DOTALL)
    token = tmp_path / "token"
    token.write_text("an-invented-token\n")
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, "an-invented-secret")

    config = parse(text.replace("/run/secrets/ionos-token", str(token)).encode(), tmp_path)

    shown = [account.vendor for account in config.accounts]
    assert shown == [vendor for vendor in VENDORS if vendor in shown]


def test_the_readmes_first_commands_are_those_that_make_has() -> None:
    (block,) = re.findall(r"```console\n(\$ make .*?)```", README, re.DOTALL)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert [line.split()[2] for line in block.splitlines()] == ["demo", "test"]
    assert {"demo", "test", "lint", "bench", "docs"} <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        assert link.startswith("https://") or (document.parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_source_files_that_are_named_exist(document: Path) -> None:
    text = re.sub(r"\]\([^)]*\)|https://\S+", "", document.read_text())
    named = {f"/{name}" for name in re.findall(r"(?<![\w./-])[\w/-]+\.py\b", text)}
    patterns = {name: re.compile(re.escape(name).replace("NAME", "[a-z]+") + "$") for name in named}

    assert [name for name, pattern in sorted(patterns.items()) if not any(map(pattern.search, SOURCES))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_metrics_that_are_named_exist(document: Path) -> None:
    names = {family.name for family in FAMILIES}
    named = set(re.findall(rf"`((?:{'|'.join(VENDORS)}|usage_exporter)_[a-z_]*[a-z])`", document.read_text()))

    assert named - {"usage_exporter_"} <= names


def commands_and_flags() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for line in re.findall(r"[`$] ?usage-exporter +([a-z]+[^`\n]*)", document.read_text()):
            command, *rest = line.split("#")[0].split()
            if rest and isinstance(main.commands.get(command), Group):
                command, rest = f"{command} {rest[0]}", rest[1:]
            for word in rest or [""]:
                yield command, word.partition("=")[0] if word.startswith("-") else ""


@pytest.mark.parametrize(("command", "flag"), sorted(set(commands_and_flags())))
def test_commands_and_flags_that_are_named_exist(command: str, flag: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"])

    assert result.exit_code == 0, f"no such command: {command}"
    assert flag in result.output


def test_the_default_address_is_the_same_everywhere() -> None:
    port = DEFAULT_ADDRESS.rpartition(":")[2]
    for name in ("README.md", "Dockerfile", "prometheus/prometheus.yml", "deploy/compose.yaml"):
        assert port in (ROOT / name).read_text(), name


def test_every_setting_that_switches_a_family_on_is_one() -> None:
    settings = {name for account in VENDORS.values() for name in account.model_fields}

    for family in FAMILIES:
        assert not family.option or set(family.option.split(", ")) <= settings
