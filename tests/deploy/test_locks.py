"""The locks are whole: pip installs one with --no-deps, so whatever a package requires has to be a line of it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS: Final = ["3.11", "3.12", "3.13", "3.14"]
LOCKS: Final = ["requirements.txt", "requirements-build.txt", "requirements-dev.txt"]

# What installs a lock, in the files that people and machines follow.
GUIDES: Final = ["Makefile", "Dockerfile", "README.md", "CONTRIBUTING.md", ".ci/run"] + [
    path.relative_to(ROOT).as_posix()
    for folder in ("deploy", "docs", "scripts")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and path.suffix not in {".png", ".pyc"}
]

Lock = Mapping[str, Requirement]


def entries(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each line of a lock, with the hashes that may be installed for it."""
    lines = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / name).read_text()).replace("\\\n", " ").splitlines()
    return [(Requirement(re.sub(r"\s--hash=\S+", "", line)), re.findall(r"--hash=(\S+)", line)) for line in lines]


def environment(python: str) -> dict[str, str]:
    """What markers ask of CPython on Linux."""
    ours = {key: str(value) for key, value in default_environment().items()}
    return ours | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
    }


def applies(requirement: Requirement, environment: Mapping[str, str], extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra})


def lock_for(name: str, environment: Mapping[str, str]) -> Lock:
    return {canonicalize_name(one.name): one for one, _ in entries(name) if applies(one, environment)}


def group(name: str) -> Iterator[str]:
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


def roots(lock: str) -> list[str]:
    """The requirements that a lock was written for."""
    project: dict[str, Any] = PROJECT["project"]
    return {
        "requirements.txt": list(project["dependencies"]),
        "requirements-build.txt": [*group("build"), *PROJECT["build-system"]["requires"]],
        "requirements-dev.txt": [*project["dependencies"], *group("dev")],
    }[lock]


def required_by(locked: Requirement, extra: str, environment: Mapping[str, str]) -> Iterator[tuple[str, Requirement]]:
    """What a package asks for, from the metadata of the installed one. One that this Python does not need is absent."""
    try:
        found = requires(locked.name) or []
        assert locked.specifier.contains(version(locked.name), prereleases=True), f"{locked} is not what is installed"
    except PackageNotFoundError:
        here = {key: str(value) for key, value in default_environment().items()}
        assert not applies(locked, here), f"{locked.name} is locked for this Python and not installed"
        return
    for text in found:
        requirement = Requirement(text)
        if applies(requirement, environment, extra):
            yield str(locked), requirement


def resolved(lock: Lock, wanted: list[str], environment: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """The packages that are reached from what is wanted, and every requirement that the lock does not meet."""
    pending = [("pyproject.toml", Requirement(one)) for one in wanted]
    pending = [(source, one) for source, one in pending if applies(one, environment)]
    visited: set[tuple[str, str]] = set()
    unmet: list[str] = []
    while pending:
        source, requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        locked = lock.get(name)
        if locked is None:
            unmet.append(f"{source} requires {requirement}, which is not locked")
            continue
        (pin,) = locked.specifier
        if not requirement.specifier.contains(pin.version, prereleases=True):
            unmet.append(f"{source} requires {requirement}, and {locked} is locked")
        for extra in {"", *requirement.extras} - {extra for seen, extra in visited if seen == name}:
            visited.add((name, extra))
            pending += required_by(locked, extra, environment)
    return {name for name, _ in visited}, sorted(set(unmet))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_just_what_its_packages_require(name: str, python: str) -> None:
    target = environment(python)
    lock = lock_for(name, target)

    reached, unmet = resolved(lock, roots(name), target)

    assert not unmet
    assert reached == lock.keys()


@pytest.mark.parametrize("name", LOCKS)
def test_each_line_of_a_lock_is_one_release_with_its_hashes(name: str) -> None:
    for locked, hashes in entries(name):
        assert [pin.operator for pin in locked.specifier] == ["=="], locked
        assert not any("*" in pin.version for pin in locked.specifier), locked
        assert hashes, locked
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), locked


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ("coverage>=99", "coverage>=99, and coverage"),
        ("left-pad", "left-pad, which is not locked"),
        ("click; python_version < '3'", ""),
    ],
)
def test_a_requirement_that_a_lock_does_not_meet_is_named(wanted: str, complaint: str) -> None:
    target = environment("3.11")

    _, unmet = resolved(lock_for("requirements-dev.txt", target), [wanted], target)

    assert complaint in "".join(unmet)
    assert bool(unmet) == bool(complaint)


def test_whoever_installs_a_lock_resolves_nothing_and_checks_hashes() -> None:
    commands = [
        f"{path}: {command.strip()}"
        for path in GUIDES
        for line in (ROOT / path).read_text().replace("\\\n", " ").splitlines()
        for command in line.split("&&")
        if re.search(r"\s-r \S*requirements", command)
    ]

    assert "FROM_LOCK := $(INSTALL) --no-deps --require-hashes\n" in (ROOT / "Makefile").read_text()
    assert len(commands) >= 5
    assert not [one for one in commands if "--no-deps --require-hashes -r" not in one and "$(FROM_LOCK) -r" not in one]
