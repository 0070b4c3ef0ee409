import json
import os
import pickle
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from configurations import MINIMAL, account
from hypothesis import given
from hypothesis import strategies as st

from exporter.client.auth import Basic
from exporter.config import parse
from exporter.errors import SecretUnreadable
from exporter.secret import (
    MAX_SECRET_BYTES,
    REDACTED,
    EnvironmentSecret,
    FileSecret,
    redact,
    register,
    secret_reference,
)
from exporter.vendors import VENDORS


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


def test_every_form_of_a_secret_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    value = 'pä ss/"w\\rd"+&='
    monkeypatch.setenv("ALL_FORMS", value)
    header = Basic("user@example.com", EnvironmentSecret("ALL_FORMS")).header()
    forms = [
        value,
        quote(value, safe=""),
        quote_plus(value),
        b64encode(value.encode()).decode(),
        b64encode(value.encode()).decode().rstrip("="),
        header.removeprefix("Basic "),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    ]

    for form in forms:
        assert redact(f"before {form} after") == f"before {REDACTED} after"
    assert redact("\n".join(forms)).replace("=", "").split("\n") == [REDACTED] * len(forms)


def test_a_secret_within_a_longer_one_does_not_uncover_the_rest() -> None:
    register("inner-secret")
    register("outer-inner-secret-outer")

    assert redact("outer-inner-secret-outer inner-secret") == f"{REDACTED} {REDACTED}"


def test_a_word_too_short_to_be_a_secret_is_left_alone() -> None:
    assert register("abc") == "abc"
    assert redact("abc") == "abc"


def test_the_oldest_forms_are_forgotten_before_memory_is_full() -> None:
    register("the-oldest-token-of-all")
    for number in range(5000):
        register(f"a-token-in-a-long-row-{number}")

    assert redact("the-oldest-token-of-all") == "the-oldest-token-of-all"
    assert redact("a-token-in-a-long-row-4999") == REDACTED


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=8, max_size=40))
def test_no_text_that_was_remembered_is_written(value: str) -> None:
    register(value)

    assert value not in redact(f"a line with {value} in it")


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_object_of_a_configuration_shows_a_secret(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "never-shown-by-any-object")
    (tmp_path / "secret").write_text("never-shown-by-any-object")
    in_file = MINIMAL[vendor].replace(": '${TOKEN}'", "_file: secret")
    assert "_file" in in_file

    for text in (account(vendor), f"accounts: [{{{in_file}}}]"):
        config = parse(text.encode(), tmp_path)
        (one,) = config.accounts
        assert [thing.read() for thing in vars(one).values() if hasattr(thing, "read")] == ["never-shown-by-any-object"]
        for thing in (config, one, one.auth, *vars(one).values()):
            shown = f"{thing!r} {thing!s} {pickle.dumps(thing)!r}"
            assert "never-shown" not in shown
        assert "never-shown" not in config.model_dump_json(fallback=repr)


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


def test_a_secret_of_the_configuration_is_known_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {f"MANY_{number}": f"canary-of-many-{number:04}" for number in range(700)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
        EnvironmentSecret(name).read()
    for number in range(2000):
        register(f"a token that is used for a while {number}")

    assert [value for value in values.values() if redact(f"<{value}>") != "<<secret>>"] == []


def test_what_a_place_held_before_it_was_rotated_is_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        monkeypatch.setenv("ROTATED", f"canary-rotated-{number}")
        EnvironmentSecret("ROTATED").read()

    assert redact("canary-rotated-0 canary-rotated-1 canary-rotated-2") == "<secret> <secret> <secret>"


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
