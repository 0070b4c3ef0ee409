"""`scripts/new-vendor` writes a vendor that works, and leaves sentences for what only a person knows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_complete import DOCUMENTS, FILES, LISTS

from exporter.vendors import VENDORS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("new vendor")]
ROOT = Path(__file__).parents[2]
NAME, TITLE = "acmecloud", "Acme Cloud"
ASKED = (
    "tests/vendors/test_vendors.py",
    "tests/vendors/test_vendors_disturbed.py",
    "tests/sandbox/test_sandbox_vendors.py",
    "tests/dashboards/test_metric_contract.py",
    "tests/test_architecture.py",
)


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(words, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def asked(folder: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    return run(folder, sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with a new vendor."""
    folder = tmp_path_factory.mktemp("copy")
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard").stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all")
    made = run(folder, sys.executable, "scripts/new-vendor", NAME, TITLE)
    assert made.returncode == 0, made.stderr
    return folder


def test_it_writes_the_files_that_the_guide_names_and_no_others(copy: Path) -> None:
    changed = run(copy, "git", "status", "--porcelain", "--untracked-files=all").stdout.splitlines()
    written = {line[3:] for line in changed if not line.startswith("A  ")}

    assert written == {one.replace("NAME", NAME) for one in (*(some[0] for some in FILES), *LISTS, *DOCUMENTS)}


def test_ruff_accepts_them(copy: Path) -> None:
    for words in (["check"], ["format", "--check"]):
        found = run(copy, sys.executable, "-m", "ruff", *words, "--no-cache", "exporter", "tests/vendors")
        assert found.returncode == 0, found.stdout


def test_what_is_left_to_do_is_said_in_sentences(copy: Path) -> None:
    found = asked(copy, "tests/vendors/test_complete.py")
    said = re.findall(r"^E +(\S.*)$", found.stdout, re.MULTILINE)
    sentences = [line for line in said if not line.startswith(("AssertionError", "assert not"))]

    assert "1 failed" in found.stdout
    assert len(sentences) > 20
    assert [line for line in sentences if not re.match(r"finish [\w/.]+(:\d+)?: TODO", line)] == []


def test_the_generic_suites_ask_it_and_are_answered(copy: Path) -> None:
    found = asked(copy, *ASKED, "-k", " and ".join(f"not {vendor}" for vendor in VENDORS))

    assert found.returncode == 0, found.stdout[-5000:]


@pytest.mark.parametrize("words", [[], ["Acme"], ["acme-cloud"], ["netnut"], ["a", "b", "c"]], ids=" ".join)
def test_what_is_no_name_of_a_new_vendor_writes_nothing(words: list[str], copy: Path) -> None:
    before = run(copy, "git", "status", "--porcelain").stdout
    found = run(copy, sys.executable, "scripts/new-vendor", *words)

    assert found.returncode == 1
    assert found.stderr
    assert run(copy, "git", "status", "--porcelain").stdout == before
