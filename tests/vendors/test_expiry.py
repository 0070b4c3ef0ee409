"""When a token ends, as it says itself."""

import base64
import json
from pathlib import Path

import pytest
from configurations import account, parsed

from exporter.vendors.expiry import credential_expiry, jwt_expiry


def token(claims: object) -> str:
    """A JSON Web Token whose signature is none."""
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({}, claims, "s")
    )


@pytest.mark.parametrize(
    ("text", "expiry"),
    [
        (token({"exp": 1_800_000_000}), 1_800_000_000),
        (token({"exp": 1_800_000_000.5, "sub": "ä" * 50}), 1_800_000_000.5),
        (token({}), None),
        (token({"exp": "1800000000"}), None),
        (token({"exp": True}), None),
        (token({"exp": -1}), None),
        (token([1]), None),
        ("pk_live_abcdef", None),
        ("a.b.c", None),
        ("a.%%%.c", None),
        (f"a.{base64.urlsafe_b64encode(b'[' * 9999).decode()}.c", None),
        ("", None),
    ],
)
def test_a_token_says_when_it_ends(text: str, expiry: float | None) -> None:
    assert jwt_expiry(text) == expiry


def test_of_an_account_it_is_read_where_the_secret_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOKEN", token({"exp": 1_800_000_000}))

    assert credential_expiry(parsed(account("ionos"), tmp_path)) == 1_800_000_000
    assert credential_expiry(parsed(account("planship"), tmp_path)) is None
    one = parsed(account("ionos"), tmp_path)
    monkeypatch.delenv("TOKEN")
    assert credential_expiry(one) is None
