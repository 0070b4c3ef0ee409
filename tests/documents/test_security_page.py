"""The security page: each promise and each fault has a test, and the test is there."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:\w+/)?test_\w+\.py)::(\w+)`", PAGE)))
ROW = re.compile(r"(?m)^\| (?P<what>.+?) \| (?P<tests>(?:`[^`|]+::[^`|]+`[ ]?)+|none yet) \|$")
REQUIREMENTS = 17
FAULTS = 43


def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def rows(heading: str) -> dict[str, str]:
    """Return the rows of the table below a heading: what each is about, and its tests."""
    (section,) = [part for part in PAGE.split("\n## ") if part.startswith(heading)]
    found = {row["what"]: row["tests"] for row in ROW.finditer(section)}
    assert len(found) == len([line for line in section.splitlines() if line.startswith("| ")]) - 2
    return found


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_a_test_that_is_named_is_there(file: str) -> None:
    assert {name for one, name in NAMED if one == file} <= names_in(file)


def test_nothing_that_looks_like_a_test_is_written_in_another_way() -> None:
    assert len(re.findall("::", PAGE)) == len(re.findall(r"`(?:\w+/)?test_\w+\.py::test_\w+`", PAGE)) + 1


def test_every_requirement_has_a_test() -> None:
    required = rows("Requirements and the tests")

    assert [int(what.split(" | ")[0]) for what in required] == list(range(1, REQUIREMENTS + 1))
    assert "none yet" not in required.values()


def test_every_fault_has_a_test() -> None:
    faults = rows("What may go wrong")

    assert len(faults) == FAULTS
    assert "none yet" not in faults.values()


def test_every_fuzzing_test_is_named() -> None:
    files = {str(file.relative_to(TESTS)) for file in TESTS.rglob("test_fuzz_*.py")}

    assert files <= {file for file, _ in NAMED}
