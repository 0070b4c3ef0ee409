"""The expiry time of a credential. A JSON Web Token states this time in its `exp` claim."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Final

from exporter.client.auth import ApiKey
from exporter.errors import SecretUnreadable
from exporter.vendors.account import Account

_PARTS: Final = 3


def credential_expiry(account: Account) -> float | None:
    """Return the Unix time at which an account's token expires.

    Returns None if the settings have no token, or if the token cannot be read or does not state this time.
    The token's signature is not verified.
    """
    if not isinstance(account.auth, ApiKey):
        return None
    try:
        return jwt_expiry(account.auth.secret.read())
    except SecretUnreadable:
        return None


def jwt_expiry(token: str) -> float | None:
    """Return the claim `exp` of a JSON Web Token. Returns None if the text is not a token or has no valid `exp`."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    ends = claims.get("exp") if isinstance(claims, dict) else None
    if not isinstance(ends, int | float) or isinstance(ends, bool) or not math.isfinite(ends):
        return None
    return float(ends) if ends > 0 else None
