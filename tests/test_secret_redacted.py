"""What is known to be a secret is redacted in whatever is written, and no object shows one."""

import json
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
from exporter.secret import REDACTED, EnvironmentSecret, redact, register
from exporter.vendors import VENDORS


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
