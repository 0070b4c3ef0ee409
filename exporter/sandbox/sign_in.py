"""How callers authenticate: passwords and keys in headers, and tokens that expire."""

import secrets
from base64 import b64decode
from collections.abc import Callable


class Tokens:
    """The issued tokens that are still valid.

    Tokens expire by the clock `now`. A token is valid only at the vendor that issued it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._issued: dict[tuple[str, str], tuple[str, float]] = {}

    def issue(self, vendor: str, account: str, lifetime: float) -> str:
        """Return a new token of `vendor` for `account`, valid for `lifetime` seconds."""
        now = self._now()
        self._issued = {key: known for key, known in self._issued.items() if known[1] > now}
        token = secrets.token_urlsafe(24)
        self._issued[vendor, token] = (account, now + lifetime)
        return token

    def account(self, vendor: str, token: str | None) -> str | None:
        """Return the token's account; None if the token is unknown, revoked or expired."""
        account, ends = self._issued.get((vendor, token or ""), (None, 0.0))
        return account if ends > self._now() else None

    def revoke_all(self) -> None:
        """Forget every token, so that every caller has to sign in again."""
        self._issued.clear()


def bearer(header: str | None) -> str | None:
    """Return the token in an Authorization header of the scheme Bearer."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def basic(header: str | None) -> tuple[str, str] | None:
    """Return the name and password in an Authorization header of the scheme Basic."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None
