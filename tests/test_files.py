"""Files that do not answer: what reads them waits, and nothing else does."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest
from patience import DEADLINE_SECONDS

from exporter import strict_yaml
from exporter.client import file_thread
from exporter.client.auth import ApiKey, Basic, Login, TokenSource
from exporter.client.file_thread import read_credentials
from exporter.errors import SecretUnreadable
from exporter.files import read_in_thread, read_regular_file
from exporter.secret import EnvironmentSecret, FileSecret


class Mount:
    """Answers a read only once it is back."""

    def __init__(self) -> None:
        self.is_back = threading.Event()
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        self.is_back.wait(DEADLINE_SECONDS)
        return "content"


@pytest.fixture
def mount() -> Iterator[Mount]:
    one = Mount()
    yield one
    one.is_back.set()


@pytest.mark.anyio
async def test_what_is_read_or_raised_is_passed_on() -> None:
    for number in range(20):
        assert await read_in_thread("same", partial(str, number)) == str(number)
    with pytest.raises(ZeroDivisionError):
        await read_in_thread("same", lambda: 1 / 0)
    assert await read_in_thread("same", lambda: "again") == "again"


@pytest.mark.anyio
async def test_of_a_mount_that_hangs_each_file_holds_one_thread_and_no_other_file(mount: Mount) -> None:
    for _ in range(5):
        with anyio.move_on_after(0.01):
            await read_in_thread("hanging", mount.read)

    assert await read_in_thread("another", lambda: "content") == "content"
    assert mount.reads == 1

    mount.is_back.set()
    assert await read_in_thread("hanging", mount.read) == "content"


def test_a_thread_that_hangs_keeps_no_process_from_ending() -> None:
    code = (
        "import anyio, threading\nfrom exporter.files import read_in_thread\n"
        "async def main():\n"
        " with anyio.move_on_after(0.01): await read_in_thread('hanging', threading.Event().wait)\n"
        "anyio.run(main)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=DEADLINE_SECONDS)


FILE = FileSecret(Path("secret"))
VARIABLE = EnvironmentSecret("VARIABLE")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("credentials", "in_file"),
    [
        (ApiKey(FILE), True),
        (ApiKey(VARIABLE), False),
        (Basic("user", FILE), True),
        (Basic("user", VARIABLE), False),
        (Login("/", "token", 60, body=(("email", "a@example.com"), ("password", FILE))), True),
        (Login("/", "token", 60, body=(("email", "a@example.com"), ("password", VARIABLE))), False),
        (Login("/", "token", 60, credentials=Basic("user", FILE)), True),
        (Login("/", "token", 60, credentials=Basic("user", VARIABLE)), False),
    ],
    ids=repr,
)
async def test_credentials_in_files_are_read_in_a_thread(credentials: ApiKey | Basic | Login, in_file: bool) -> None:
    thread = await read_credentials(credentials, threading.current_thread)

    assert (thread is not threading.main_thread()) is in_file


@pytest.mark.anyio
async def test_a_password_that_does_not_answer_fails_its_sign_in_alone(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileSecret, "read", lambda _: mount.read())
    monkeypatch.setattr(file_thread, "_FILE_SECONDS", 0.05)

    async def sign_in() -> tuple[str, float]:
        raise AssertionError("there is nothing to sign in with")

    source = TokenSource(Login("/", "token", 60, body=(("password", FILE),)), sign_in)

    with pytest.raises(SecretUnreadable, match="a file does not respond"):
        await source.header()


def test_a_pipe_is_read_where_a_shell_passes_it_and_refused_in_a_folder(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (strict_yaml.read, lambda path: read_regular_file(path, 100)):
        with pytest.raises(OSError, match="Not a regular file"):
            read(pipe)

    end, other_end = os.pipe()
    os.write(other_end, b"accounts: []\n")
    os.close(other_end)
    assert strict_yaml.read(Path(f"/dev/fd/{end}")) == b"accounts: []\n"
    os.close(end)
