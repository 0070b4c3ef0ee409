"""The folder that readings are stored in: whose it is, who may change it, and what else may be found there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from stored_accounts import MAIN, PLAN, kept, stored

from exporter.store.account_files import StoredAccount
from exporter.store.files import FolderInUse, Storage
from exporter.vendors.netnut.families import NETNUT_GB_USED


def test_nothing_was_written_so_nothing_is_read(tmp_path: Path) -> None:
    assert Storage(tmp_path / "made" / "here").read(MAIN) == StoredAccount()


def test_a_file_is_for_its_owners_eyes_and_has_no_companion(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "storage")
    for _ in range(2):
        storage.write(MAIN, 0, kept(NETNUT_GB_USED(1, **PLAN)))

    lock, file = sorted((tmp_path / "storage").iterdir())
    assert lock.name == ".lock"
    assert (file.name, file.stat().st_mode & 0o777) == ("netnut-main.json", 0o600)
    assert (tmp_path / "storage").stat().st_mode & 0o777 == 0o700


def test_another_process_that_writes_is_left_alone_until_it_ends(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from exporter.store.files import Storage;"
        " from stored_accounts import MAIN, kept;"
        " Storage(Path(sys.argv[1])).write(MAIN, 0, kept()); print(flush=True); input()"
    )
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    storage = Storage(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(FolderInUse):
            storage.write(MAIN, 0, kept())
        other.communicate(b"\n")

    storage.write(MAIN, 0, kept())


@pytest.mark.parametrize(
    ("mode", "warns"), [(0o700, False), (0o750, False), (0o770, True), (0o777, True), (0o1777, False)]
)
def test_a_folder_that_others_may_change_is_told(mode: int, warns: bool, tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    folder.mkdir()
    folder.chmod(mode)

    assert bool(Storage(folder).warning) == warns


@pytest.mark.parametrize("name", ["netnut-main.json", "netnut-main.json.other"])
@pytest.mark.parametrize(
    "put",
    [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)],
    ids=["pipe", "endless", "loop"],
)
def test_what_is_no_file_of_ours_holds_nothing_up_and_makes_room(
    put: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    put(tmp_path / name)
    storage = Storage(tmp_path)

    assert not storage.read(MAIN).readings
    storage.write(MAIN, 0, kept())
    storage.write(MAIN, 0, replace(kept(NETNUT_GB_USED(7.5, **PLAN)), asked_at=2000.0))

    assert stored(storage).asked_at == 2000.0
    assert all(one.is_file() and not one.is_symlink() for one in tmp_path.glob("netnut-main.json*"))


def test_a_folder_that_is_moved_while_it_is_used_is_still_the_same(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "storage")
    (tmp_path / "storage").rename(tmp_path / "away")

    storage.write(MAIN, 0, kept())

    assert (tmp_path / "away" / "netnut-main.json").exists()


def test_a_folder_that_is_made_anew_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    storage = Storage(folder)
    storage.write(MAIN, 0, kept())
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError):
        storage.write(MAIN, 0, kept())
    folder.mkdir()

    storage.write(MAIN, 0, kept())

    assert Storage(folder).read(MAIN).readings
