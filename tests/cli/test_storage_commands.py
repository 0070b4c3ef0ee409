"""`usage-exporter storage`: what it lists of a folder, and what it removes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from exporter.cli.main import main

CONFIG = """
accounts:
  - {vendor: netnut, name: main, token: "${TOKEN}"}
  - {vendor: prolifi, name: a-b, api_key: "${TOKEN}", discover: true}
"""
NEEDED = [
    "netnut-main.json",
    "netnut-main.json.other",
    "prolifi-a-b+shard1of2+0of3.json",
    "prolifi-a-b+shard1of2+1of3.json.other",
]
OTHERS = [
    "netnut-gone.json",
    "netnut-gone.json.other",
    "netnut-lost.json.other",
    "netnut-main.json.new",
    "netnut-main.set-aside",
    "netnut-main.set-aside.other",
]
FOREIGN = [".lock", "notes.txt", "notes.json", "notes.json.other", "lost+found"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    folder = tmp_path / "state"
    folder.mkdir()
    for name in (*NEEDED, *OTHERS, *FOREIGN):
        (folder / name).write_text("x" * 1234)
    return folder


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(main, ["storage", *arguments], env={"TOKEN": "an-invented-secret"})
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_the_files_are_listed_with_their_accounts(folder: Path) -> None:
    lines = [" ".join(line.split()) for line in run("ls", str(folder))]

    assert lines == [
        "VENDOR ACCOUNT PART KIND AGE BYTES",
        "netnut gone reading 0s 2,468",
        "netnut lost reading 0s 1,234",
        "netnut main reading 0s 2,468",
        "netnut main left over 0s 1,234",
        "netnut main set aside 0s 2,468",
        "prolifi a-b shard1of2 0of3 reading 0s 1,234",
        "prolifi a-b shard1of2 1of3 reading 0s 1,234",
    ]


def test_only_what_no_account_needs_is_removed(folder: Path) -> None:
    config = f"--config.file={folder.parent / 'config.yaml'}"

    planned = run("prune", str(folder), config, "--dry-run")
    before = {path.name for path in folder.iterdir()}
    removed = run("prune", str(folder), config)

    assert before == {*NEEDED, *OTHERS, *FOREIGN}
    assert planned == [line.replace("removed", "would remove") for line in removed]
    assert {line.rpartition("/")[2] for line in removed} == {name.removesuffix(".other") for name in OTHERS}
    assert {path.name for path in folder.iterdir()} == {*NEEDED, *FOREIGN}


@pytest.mark.parametrize("command", ["ls", "prune"])
def test_a_folder_that_is_not_there_is_said(command: str, folder: Path) -> None:
    arguments = ["storage", command, "/none"]
    if command == "prune":
        arguments.append(f"--config.file={folder.parent / 'config.yaml'}")
    result = CliRunner().invoke(main, arguments, env={"TOKEN": "an-invented-secret"})

    assert (result.exit_code, result.stderr) == (1, "/none: No such file or directory\n")
