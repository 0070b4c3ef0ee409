"""Who may import whom, read from the imports themselves; and how long a file may be."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.vendors import VENDORS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "exporter"
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in FILES}

# From the entrance inwards: a room may import from its own row's rooms and from every row below.
ROWS = [
    ["exporter.__main__"],
    ["exporter.cli"],
    ["exporter.exits", "exporter.outlook"],
    ["exporter.healthcheck", "exporter.options", "exporter.probe", "exporter.web_options"],
    ["exporter.demo"],
    ["exporter.app"],
    ["exporter.accounts"],
    ["exporter.reload"],
    ["exporter.web"],
    ["exporter.catalogue", "exporter.reference", "exporter.rules"],
    ["exporter.telemetry", "exporter.account_figures", "exporter.histogram"],
    ["exporter.storage"],
    ["exporter.exposition", "exporter.negotiation", "exporter.poller", "exporter.schedule", "exporter.changes"],
    ["exporter.config", "exporter.client"],
    ["exporter.connections"],
    ["exporter.polled"],
    ["exporter.store"],
    ["exporter.reading", "exporter.blocks", "exporter.gzip_member"],
    ["exporter.quota"],
    ["exporter.vendors"],
    ["exporter.answer"],
    ["exporter.durations"],
    ["exporter.retry", "exporter.body", "exporter.auth", "exporter.pacing", "exporter.yaml_strict", "exporter.log"],
    ["exporter.sharding"],
    ["exporter.secret", "exporter.metrics", "exporter.sandbox", "exporter.event_loop"],
    ["exporter.errors"],
    ["exporter"],
]

# What a room may not know although it stands above it.
FORBIDDEN = [
    ("exporter.poller", "exporter.client"),
    ("exporter.poller", "exporter.connections"),
    ("exporter.poller", "exporter.exposition"),
    ("exporter.poller", "exporter.config"),
    ("exporter.exposition", "exporter.vendors"),
    ("exporter.exposition", "exporter.poller"),
    ("exporter.client", "exporter.store"),
    ("exporter.client", "exporter.config"),
    ("exporter.client", "exporter.metrics"),
    ("exporter.connections", "exporter.store"),
    ("exporter.connections", "exporter.metrics"),
    ("exporter.config", "exporter.client"),
    ("exporter.config", "exporter.connections"),
    ("exporter.web", "exporter.vendors"),
    ("exporter.web", "exporter.client"),
    ("exporter.vendors", "exporter.client"),
    ("exporter.vendors", "exporter.store"),
    ("exporter.vendors", "exporter.log"),
    ("exporter.quota", "exporter.log"),
    ("exporter.polled", "exporter.log"),
    ("exporter.blocks", "exporter.quota"),
    ("exporter.blocks", "exporter.vendors"),
    ("exporter.gzip_member", "exporter.metrics"),
    ("exporter.negotiation", "exporter.store"),
    ("exporter.schedule", "exporter.vendors"),
]

# Each third-party package has one home.
HOMES = {
    "yaml": {"exporter.yaml_strict"},
    "httpx": {"exporter.connections"},
    "prometheus_client": {"exporter.exposition", "exporter.telemetry", "exporter.web"},
    "h11": {"exporter.web"},
    "bcrypt": {"exporter.web"},
    "click": {"exporter.cli", "exporter.exits", "exporter.options", "exporter.web_options"},
    "structlog": {"exporter.log"},
    "starlette": {"exporter.sandbox"},
}


def imports(file: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if deeper in MODULES else str(node.module)


def within(module: str, room: str) -> bool:
    return module == room or (module.startswith(f"{room}.") and room != "exporter")


def row_of(module: str) -> int:
    (row,) = [number for number, rooms in enumerate(ROWS) if any(within(module, room) for room in rooms)]
    return row


EDGES = [
    (module, imported)
    for module, file in MODULES.items()
    for imported in imports(file)
    if imported.partition(".")[0] == "exporter"
]


@pytest.mark.parametrize(("module", "imported"), EDGES)
def test_imports_lead_inwards(module: str, imported: str) -> None:
    assert row_of(module) <= row_of(imported)


@pytest.mark.parametrize(("room", "other"), FORBIDDEN)
def test_a_room_does_not_know(room: str, other: str) -> None:
    assert not [edge for edge in EDGES if within(edge[0], room) and within(edge[1], other)]


def test_the_sandbox_knows_nothing_of_the_house_and_only_the_demo_knows_it() -> None:
    for module, imported in EDGES:
        if within(module, "exporter.sandbox"):
            assert within(imported, "exporter.sandbox")
        elif within(imported, "exporter.sandbox"):
            assert module in ("exporter.demo", "exporter.cli", "exporter.options")


@pytest.mark.parametrize("vendor", sorted((PACKAGE / "vendors").glob("*.py")), ids=lambda file: file.stem)
def test_no_vendor_knows_another(vendor: Path) -> None:
    known = {one.rpartition(".")[2] for one in imports(vendor) if one.startswith("exporter.vendors.")}
    others = set(VENDORS) - {vendor.stem.partition("_")[0]}

    assert vendor.stem == "__init__" or not {one.partition("_")[0] for one in known} & others


def test_no_import_goes_in_a_circle() -> None:
    graph = {module: {imported for one, imported in EDGES if one == module} for module in MODULES}
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for imported in graph.get(module, ()):
                walk(imported, (*path, module))
            done.add(module)

    for module in graph:
        walk(module, ())


@pytest.mark.parametrize(("package", "homes"), HOMES.items())
def test_a_package_is_at_home_in_one_place(package: str, homes: set[str]) -> None:
    users = {
        module
        for module, file in MODULES.items()
        if any(one.partition(".")[0] == package for one in imports(file))
        if not any(within(module, home) for home in homes)
    }

    assert not users


def test_every_third_party_package_is_a_dependency_with_a_home() -> None:
    own = {"exporter", "anyio", "pydantic", "pydantic_core"}
    used = {one.partition(".")[0] for file in FILES for one in imports(file)} - set(sys.stdlib_module_names)

    assert used - own == set(HOMES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_sitting(file: Path) -> None:
    tree = ast.parse(file.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert len(file.read_text().splitlines()) <= 260
    for function in functions:
        assert (function.end_lineno or 0) - function.lineno < 45, function.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_names_are_not_empty_words(file: Path) -> None:
    words = set(file.stem.split("_"))
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef):
            words |= set(node.name.lower().split("_"))

    assert not words & {"manager", "handler", "service", "engine", "processor", "helper", "helpers", "utils", "core"}


@pytest.mark.parametrize("command", ["schema", "metrics", "check"])
def test_a_command_imports_only_what_it_needs(command: str) -> None:
    asked = f"main(['{command}', '-h'], standalone_mode=False)"
    script = f"import sys; from exporter.cli import main; {asked}; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout

    assert not {"starlette", "httpx", "prometheus_client", "pydantic"} & set(loaded.split())


def test_a_configuration_imports_its_own_vendors_and_no_network() -> None:
    account = "{vendor: ionos, name: a, token: '${SHELL_SECRET}'}"
    parsed = f'config.parse(b"accounts: [{account}]", Path()).accounts[0].vendor'
    script = f"import sys; from pathlib import Path; from exporter import config; print({parsed}, *sys.modules)"

    vendor, *loaded = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"SHELL_SECRET": "x"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()

    assert vendor == "ionos"
    assert {f"exporter.vendors.{vendor}" for vendor in VENDORS} & set(loaded) == {"exporter.vendors.ionos"}
    assert not {"httpx", "prometheus_client", "h11", "bcrypt"} & set(loaded)


def test_rows_name_rooms_that_exist() -> None:
    rooms = [room for row in ROWS for room in row]

    assert len(rooms) == len(set(rooms))
    assert all(room in MODULES for room in rooms)
    assert all(one != other for one, other in pairwise(rooms))
