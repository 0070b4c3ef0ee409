"""Who may import whom, read from the imports themselves; and how long a file may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from exporter.sandbox import SIMULATIONS
from exporter.vendors import VENDORS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "exporter"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {file: ast.parse(file.read_text()) for file in FILES}
MODULES = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in FILES}

# From the entrance inwards: a room may import what stands below it, and nothing beside it.
LAYERS = [
    ["__main__"],
    ["cli"],
    ["app", "history", "testing"],
    ["web"],
    ["status"],
    ["telemetry", "exposition", "polling"],
    ["store"],
    ["quota", "config", "vendor_api"],
    ["vendors"],
    ["client"],
    ["textformat", "rules", "log"],
    ["config_includes"],
    ["secret", "problems"],
    ["metrics", "sandbox", "errors", "durations", "sharding", "strict_yaml"],
    ["files"],
    ["exporter"],
]
LEVELS = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

# What a room may not know although it stands above it.
NEVER = {
    "exposition": {"vendors", "quota", "client"},
    "store": {"log", "config", "client"},
    "vendors": {"log"},
    "client": {"metrics"},
    "polling": {"client", "config"},
    "history": {"config", "web", "telemetry", "exposition", "log"},
    "web": {"vendors", "client", "quota", "polling"},
    "sandbox": {"exporter"},
}

# Each third-party package has its home; all of these are used there.
HOMES = {
    "bcrypt": {"web"},
    "click": {"cli"},
    "h11": {"web"},
    "httpcore": {"client"},
    "httpx": {"client"},
    "prometheus_client": {"exposition", "telemetry"},
    "pydantic": {"config", "status", "vendors"},
    "pydantic_core": {"vendors"},
    "rich": {"cli"},
    "starlette": {"sandbox"},
    "structlog": {"log"},
    "yaml": {"strict_yaml"},
}
EVERYWHERE = {"anyio"}

EMPTY_WORDS = {"manager", "handler", "service", "engine", "processor", "helper", "helpers", "util", "utils", "core"}


def imports(file: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands."""
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if deeper in MODULES else str(node.module)


def room_of(module: str) -> str:
    """The folder or the file of the package that a module is, or is in."""
    return [*module.split("."), "exporter"][1]


EDGES = [
    (module, imported)
    for module, file in MODULES.items()
    for imported in imports(file)
    if imported.partition(".")[0] == "exporter"
]


def is_wrong(module: str, imported: str) -> bool:
    """Whether an import leads outwards, sideways, or where the room may not look."""
    room, other = room_of(module), room_of(imported)
    return room != other and (LEVELS[room] >= LEVELS[other] or other in NEVER.get(room, set()))


def test_every_room_is_in_a_layer() -> None:
    rooms = {room_of(module) for module in MODULES}

    assert sorted(LEVELS) == sorted(rooms)
    assert rooms >= NEVER.keys() | set().union(*NEVER.values())


def test_imports_lead_inwards() -> None:
    assert [edge for edge in EDGES if is_wrong(*edge)] == []


def test_no_import_goes_in_a_circle() -> None:
    graph = {module: {imported for one, imported in EDGES if one == module} for module in MODULES}

    assert list(TopologicalSorter(graph).static_order())


def test_only_the_command_line_knows_the_sandbox() -> None:
    assert {room_of(module) for module, imported in EDGES if room_of(imported) == "sandbox"} == {"cli", "sandbox"}


def test_nothing_here_is_made_of_what_is_for_vendors_elsewhere() -> None:
    assert {room_of(module) for module, imported in EDGES if room_of(imported) == "vendor_api"} == set()
    assert {room_of(module) for module, imported in EDGES if room_of(imported) == "testing"} == {"cli", "testing"}


def test_no_vendor_knows_another() -> None:
    pairs = [[([*module.split("."), "", ""])[2] for module in edge] for edge in EDGES]

    assert [pair for pair in pairs if VENDORS.keys() >= set(pair) and pair[0] != pair[1]] == []


def test_declared_vendors_and_those_built_in_do_not_know_each_other() -> None:
    declared = "exporter.vendors.declared"
    rooms = {f"exporter.vendors.{vendor}" for vendor in VENDORS} | {"exporter.vendors"}

    def room(module: str) -> str:
        return ".".join(module.split(".")[:3]) if module in MODULES and "." in module else module

    pairs = {(room(module), room(imported)) for module, imported in EDGES}
    assert any(one == declared for one, _ in pairs)
    assert [pair for pair in pairs if declared in pair and rooms & set(pair)] == []


def test_a_vendor_is_named_in_its_own_folders_and_in_the_two_lists_of_all() -> None:
    lists = {PACKAGE / "vendors" / "registry.py", PACKAGE / "sandbox" / "vendors.py"}
    name = re.compile("|".join(VENDORS), re.IGNORECASE)
    elsewhere = [file for file in FILES if file not in lists and not VENDORS.keys() & {file.stem, file.parent.name}]

    assert [str(file) for file in elsewhere if name.search(file.read_text())] == []


def test_every_vendor_is_simulated() -> None:
    assert list(SIMULATIONS) == list(VENDORS)


def test_the_root_is_what_every_room_uses() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 12


def test_every_third_party_package_is_at_home_where_it_is_used() -> None:
    ours = {"exporter"} | EVERYWHERE | set(sys.stdlib_module_names)
    used: dict[str, set[str]] = {}
    for module, file in MODULES.items():
        for package in {one.partition(".")[0] for one in imports(file)} - ours:
            used.setdefault(package, set()).add(room_of(module))

    assert used == HOMES


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_sitting(file: Path) -> None:
    functions = [node for node in ast.walk(TREES[file]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert len(file.read_text().splitlines()) <= 260
    for function in functions:
        assert (function.end_lineno or 0) - function.lineno < 45, function.name


def words_of(name: str) -> set[str]:
    """The words of a name written in CamelCase or with underscores."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("RequestManager", {"request", "manager"}),
        ("_TLSHandler", {"tls", "handler"}),
        ("gzip_utils", {"gzip", "utils"}),
        ("EventLoop", {"event", "loop"}),
    ],
)
def test_the_words_of_a_name_are_told_apart(name: str, words: set[str]) -> None:
    assert words_of(name) == words


def test_names_are_not_empty_words() -> None:
    classes = {node.name for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    folders = {file.parent.name for file in FILES}

    named = {file.stem for file in FILES} | folders | classes

    assert {name for name in named if words_of(name) & EMPTY_WORDS} == set()


@pytest.mark.parametrize("command", ["schema", "metrics", "check"])
def test_a_command_imports_only_what_it_needs(command: str) -> None:
    asked = f"main(['{command}', '-h'], standalone_mode=False)"
    script = f"import sys; from exporter.cli.main import main; {asked}; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout

    assert not {"starlette", "httpx", "prometheus_client", "pydantic"} & set(loaded.split())


def test_a_configuration_imports_no_network() -> None:
    script = "import sys; from exporter import config; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout

    assert not {"httpx", "prometheus_client", "h11", "bcrypt"} & set(loaded.split())
