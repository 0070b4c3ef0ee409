"""Where secrets are read from: variables and files, each time anew, and what is refused."""

import os
from pathlib import Path

import pytest

from exporter.errors import SecretUnreadable
from exporter.secret import MAX_SECRET_BYTES, EnvironmentSecret, FileSecret, secret_reference


def replace(path: Path, content: str) -> None:
    """Put a new file in the place of another, as a careful writer does."""
    new = path.with_suffix(".new")
    new.write_text(content)
    new.replace(path)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("${NAME}", EnvironmentSecret("NAME")),
        ("${_a1}", EnvironmentSecret("_a1")),
        ("$NAME", None),
        ("${1A}", None),
        ("${NAME} ", None),
        ("${NAME}\n", None),
        ("${A}${B}", None),
    ],
)
def test_a_reference_names_one_variable(text: str, secret: EnvironmentSecret | None) -> None:
    assert secret_reference(text) == secret


def test_a_variable_is_read_again_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = EnvironmentSecret("ROTATED")
    monkeypatch.setenv("ROTATED", "first-value")
    assert secret.read() == "first-value"

    monkeypatch.setenv("ROTATED", "second-value")
    assert secret.read() == "second-value"

    monkeypatch.delenv("ROTATED")
    with pytest.raises(SecretUnreadable, match=r"\Athe environment variable ROTATED is not set\Z"):
        secret.read()


def test_a_file_is_read_again_each_time(tmp_path: Path) -> None:
    secret = FileSecret(tmp_path / "secret")
    secret.path.write_text("first-value\n")
    assert secret.read() == "first-value"

    secret.path.write_text("second-value")
    assert secret.read() == "second-value"

    replace(secret.path, "third-value\r\n")
    assert secret.read() == "third-value"


def test_a_file_behind_symbolic_links_that_are_swapped_is_read_anew(tmp_path: Path) -> None:
    for version in ("first", "second"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "secret").write_text(f"{version}-value\n")
    (tmp_path / "..data").symlink_to("first")
    (tmp_path / "secret").symlink_to("..data/secret")
    secret = FileSecret(tmp_path / "secret")
    assert secret.read() == "first-value"

    (tmp_path / "..data.new").symlink_to("second")
    (tmp_path / "..data.new").replace(tmp_path / "..data")
    assert secret.read() == "second-value"


def test_a_file_that_is_gone_or_unfit_for_a_moment_leaves_its_last_good_value(tmp_path: Path) -> None:
    secret = FileSecret(tmp_path / "secret")
    secret.path.write_text("good-value\n")
    assert secret.read() == "good-value"

    for content in (b"", b"\n", b"half\x00", b"\xff\xff", b"two\nlines\n", b"a" * (MAX_SECRET_BYTES + 1)):
        secret.path.write_bytes(content)
        assert secret.read() == "good-value"
    secret.path.unlink()
    assert secret.read() == "good-value"
    secret.path.mkdir()
    assert FileSecret(secret.path).read() == "good-value"
    secret.path.rmdir()

    secret.path.write_text("new-value")
    assert secret.read() == "new-value"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"value", "value"),
        (b"value\n", "value"),
        (b"value\r\n", "value"),
        (b" value \n", " value "),
        ("pä\u00a0ß€\n".encode(), "pä\u00a0ß€"),
    ],
)
def test_one_line_end_is_not_part_of_a_secret(content: bytes, value: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)

    assert FileSecret(tmp_path / "secret").read() == value


UNFIT = "contains a control character, such as a line break, or is not UTF-8"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file {} is empty"),
        (b"\n", "the file {} is empty"),
        (b"value\n\n", f"the file {{}} {UNFIT}"),
        (b"value\r\n\r\n", f"the file {{}} {UNFIT}"),
        (b"va\tlue", f"the file {{}} {UNFIT}"),
        (b"va\x7flue", f"the file {{}} {UNFIT}"),
        (b"value\x00", f"the file {{}} {UNFIT}"),
        (b"\xff\xfe", "a secret file must be UTF-8 text"),
        (b"a" * (MAX_SECRET_BYTES + 1), "a secret may have at most 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_without_its_content(
    content: bytes, problem: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(content)

    with pytest.raises(SecretUnreadable) as raised:
        FileSecret(tmp_path / "secret").read()

    assert str(raised.value) == problem.format(tmp_path / "secret")


@pytest.mark.parametrize(
    ("value", "problem"),
    [(b"", "is empty"), (b"two\nlines", UNFIT), (b"caf\xe9", UNFIT)],
)
def test_a_variable_that_holds_no_secret_is_refused_without_its_content(
    value: bytes, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFIT", os.fsdecode(value))

    with pytest.raises(SecretUnreadable) as raised:
        EnvironmentSecret("UNFIT").read()

    assert str(raised.value) == f"the environment variable UNFIT {problem}"


@pytest.mark.parametrize(
    ("mode", "exposed"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True), (0o700, False)]
)
def test_a_file_that_others_can_read_is_known(mode: int, exposed: bool, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a-secret\n")
    file.chmod(mode)

    assert FileSecret(file).others_can_read() is exposed
    assert not FileSecret(tmp_path / "gone").others_can_read()


@pytest.mark.parametrize(
    ("mode", "ours", "exposed"),
    [(0o440, True, False), (0o640, True, False), (0o644, True, True), (0o440, False, True), (0o400, False, False)],
)
def test_a_file_that_is_ours_by_its_group_alone_is_read_by_no_others(
    mode: int, ours: bool, exposed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("an-invented-secret\n")
    file.chmod(mode)
    group = file.stat().st_gid
    monkeypatch.setattr("os.geteuid", lambda: file.stat().st_uid + 1)
    monkeypatch.setattr("os.getegid", lambda: group if ours else group + 1)
    monkeypatch.setattr("os.getgroups", list)

    assert FileSecret(file).others_can_read() is exposed


def test_a_pipe_that_nobody_writes_to_is_no_secret_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SecretUnreadable, match="Not a regular file"):
        FileSecret(tmp_path / "pipe").read()


def test_a_file_that_became_a_pipe_is_what_it_held_last(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("canary-before")
    secret = FileSecret(path)
    before = secret.read()
    path.unlink()
    os.mkfifo(path)

    assert secret.read() == before == "canary-before"
