"""How requests are signed: by a key, by basic authentication, or by what a sign-in answers."""

import base64
import math
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.client.auth import ApiKey, Basic, Login, StaticSigner
from exporter.errors import Malformed, SecretUnreadable, Unauthorized
from exporter.secret import EnvironmentSecret, FileSecret

HOUR = 3600.0
LOGIN = Login(path="/login", token_field="token", lifetime=HOUR)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> EnvironmentSecret:
    monkeypatch.setenv("AUTH_SECRET", "s3cret")
    return EnvironmentSecret("AUTH_SECRET")


@pytest.mark.parametrize(
    ("scheme", "answer", "header"),
    [
        ("Bearer", {"token": "abc"}, "Bearer abc"),
        ("", {"token": "abc", "success": True}, "abc"),
        ("Bearer", {"token": "abc", "expires_in": "soon", "more": None}, "Bearer abc"),
    ],
)
def test_a_token_becomes_a_header(scheme: str, answer: object, header: str) -> None:
    assert Login("/login", "token", HOUR, scheme=scheme).token(answer) == (header, HOUR)


@pytest.mark.parametrize("answer", [{}, {"token": None}, {"token": "abc", "success": False}])
def test_an_answer_without_a_token_is_a_refusal(answer: object) -> None:
    with pytest.raises(Unauthorized):
        LOGIN.token(answer)


@pytest.mark.parametrize("token", ["", 7, True, [], {}, "a b", "a\r\nX: y", "é", "\x7f", "x" * 16_385])
def test_what_cannot_be_a_token_is_not_sent_as_one(token: object) -> None:
    with pytest.raises(Malformed, match="token is not a token"):
        LOGIN.token({"token": token})


@pytest.mark.parametrize("answer", [None, [], "abc", 7, True])
def test_a_sign_in_is_answered_by_an_object(answer: object) -> None:
    with pytest.raises(Malformed):
        LOGIN.token(answer)


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (1000, 900.0),
        (0.5, 0.45),
        (10**400, 0.9 * 30 * 24 * HOUR),
        (math.inf, 0.9 * 30 * 24 * HOUR),
        (None, HOUR),
        (0, HOUR),
        (-1, HOUR),
        (math.nan, HOUR),
        (True, HOUR),
        ("1000", HOUR),
        ([], HOUR),
    ],
)
def test_nine_tenths_of_a_granted_lifetime_are_used(expires_in: object, lifetime: float) -> None:
    login = Login("/login", "token", HOUR, lifetime_field="expires_in")

    assert login.token({"token": "abc", "expires_in": expires_in})[1] == pytest.approx(lifetime)


@pytest.mark.parametrize("username", ["ops", "user@example.com", "Zoë", ""])
def test_basic_authentication_is_in_utf_8(username: str, secret: EnvironmentSecret) -> None:
    scheme, _, pair = Basic(username, secret).header().partition(" ")

    assert scheme == "Basic"
    assert base64.b64decode(pair).decode() == f"{username}:s3cret"


def test_a_key_stands_after_its_scheme(secret: EnvironmentSecret) -> None:
    assert (ApiKey(secret).header(), ApiKey(secret, "").header()) == ("Bearer s3cret", "s3cret")


@pytest.mark.parametrize("value", ["two words", "naïve"])
def test_a_key_that_cannot_stand_in_a_header_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_SECRET", value)
    with pytest.raises(SecretUnreadable) as caught:
        ApiKey(EnvironmentSecret("AUTH_SECRET")).header()

    assert value not in str(caught.value)


@pytest.mark.anyio
async def test_a_fixed_secret_is_read_anew_for_each_request_and_is_other_only_if_changed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("one\n")
    signer = StaticSigner(ApiKey(FileSecret(path)))
    first = await signer.header()
    same = await signer.header(refused=first)
    path.write_text("two\n")

    assert (first, same, await signer.header(refused=first)) == ("Bearer one", None, "Bearer two")
    assert (signer.on_status(401), signer.on_status(400), signer.on_status(403)) == (True, False, False)


def test_a_sign_in_has_a_body_or_basic_authentication(secret: EnvironmentSecret) -> None:
    by_body = Login("/login", "token", HOUR, body=(("email", "a@example.com"), ("password", secret)))
    by_header = Login("/login", "token", HOUR, credentials=Basic("id", secret))

    fields = {"email": "a@example.com", "password": "s3cret"}
    assert (by_body.content(), by_body.headers()) == ({"json": fields}, {})
    assert replace(by_body, encoding="form").content() == {"data": fields}
    assert (by_header.content(), list(by_header.headers())) == ({}, ["Authorization"])
