"""What is said of a web configuration that is wrong: all of it at once, and nothing that was given."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml
from web_certificates import HASH, PASSWORD, USER, Place, place_with_bad_files, problems, tls

from exporter.secret import redact
from exporter.web.protection import WebConfig, load

USERS = {USER: HASH}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_with_bad_files(tmp_path_factory.mktemp("web"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a mapping with at least one of tls_server_config"),
        ("[]", "write a mapping with at least one of tls_server_config"),
        ("tls_server_config:", "tls_server_config: write a mapping with at least one of cert_file, key_file"),
        ("a: 1\na: 2", "line 2, column 1: the key 'a' occurs twice here"),
        ("basic_auth_users: {1: x}", "line 1, column 20: a key must be text"),
        ("http_server_config: {headers: []}", "http_server_config.headers: write a mapping with at least one of C"),
        ("basic_auth_users: &a {b: c}", "line 1, column 19: anchors are not supported"),
        ("\t", "line 1"),
        ("\xff", "not YAML in UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_web_configuration_is_refused(text: str, said: str, here: Place) -> None:
    here.file.write_bytes(text.encode("latin-1"))

    (problem, *_) = problems(here.file)
    assert problem.startswith(said)


def test_a_curve_that_this_python_cannot_use_is_a_problem_in_words(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_context: ssl.SSLContext, _name: str) -> None:
        raise ssl.SSLError(1, "[EC: UNKNOWN_GROUP] unknown group")

    monkeypatch.setattr(ssl.SSLContext, "set_ecdh_curve", refuse)

    assert problems(here.write(**tls(curve_preferences=["X25519"]))) == [
        "tls_server_config.curve_preferences: this Python cannot use that curve; choose another"
    ]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path / "web.yml") == ["cannot be read: No such file or directory"]


def test_every_problem_is_said_at_once(here: Place) -> None:
    file = here.write(
        tls_server_config={"cert_file": "nowhere", "min_version": "TLS10", "curve": 1},
        http_server_config={"http2": True, "headers": {"X-Frame-Options": "x", "Via": "x"}},
        basic_auth_users={"alice": "x", "bob": HASH, "c:d": "x"},
        rate_limit={},
        other=1,
    )

    assert [problem.partition(":")[0] for problem in problems(file)] == [
        "tls_server_config.cert_file",
        "tls_server_config.min_version",
        "tls_server_config.curve",
        "tls_server_config.key_file",
        "http_server_config.http2",
        "http_server_config.headers.X-Frame-Options",
        "http_server_config.headers.Via",
        "basic_auth_users[2]",
        "basic_auth_users.alice",
        "basic_auth_users[2]",
        "rate_limit",
        "other",
    ]


@pytest.mark.parametrize("secret", [PASSWORD, HASH, "canary-15/in the wrong place\n"])
@pytest.mark.parametrize(
    "sections",
    [
        {"SECRET": 1},
        {"tls_server_config": "SECRET"},
        {"tls_server_config": {"SECRET": "SECRET"}},
        {"tls_server_config": dict.fromkeys(("cert", "key", "client_ca", "client_auth_type", "min_version"), "SECRET")},
        tls(client_auth_type="SECRET", max_version=["SECRET"], cipher_suites=["SECRET"], curve_preferences="SECRET"),
        {"http_server_config": {"http2": "SECRET", "headers": {"X-Frame-Options": "SECRET", "SECRET": "SECRET"}}},
        {"basic_auth_users": "SECRET"},
        {"basic_auth_users": {"SECRET": "SECRET", "alice": "SECRETSECRET", "b:SECRET": "x"}},
    ],
    ids=str,
)
def test_no_problem_repeats_what_was_given(sections: dict[str, Any], secret: str, here: Place) -> None:
    here.file.write_text(yaml.safe_dump(sections).replace("SECRET", secret.strip().replace("'", "")))

    said = "\n".join(problems(here.file))
    assert said
    assert "canary" not in said
    assert HASH[7:] not in said


def test_what_is_configured_does_not_show_its_hashes(here: Place) -> None:
    protection, loaded = WebConfig(here.write(basic_auth_users=USERS)), load(here.file)

    shown = f"{protection!r} {protection!s} {loaded!r} {loaded.settings!r} {vars(protection)!r}"
    assert HASH[7:] not in shown
    assert redact(f"a log that says {HASH}") == "a log that says <secret>"


def test_a_client_cannot_have_keys_agreed_on_anew_over_and_over(here: Place) -> None:
    context = load(here.write(**tls())).context

    assert context
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
