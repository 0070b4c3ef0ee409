"""When a credential expires, if it says so itself, as a JSON Web Token does in its claim `exp`."""

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
    """Return when an account's token expires (Unix time); None if the token does not say, or comes from a login.

    The token's signature is not verified; that is up to the vendor.
    """
    if not isinstance(account.auth, ApiKey):
        return None
    try:
        return jwt_expiry(account.auth.secret.read())
    except SecretUnreadable:
        return None


def jwt_expiry(token: str) -> float | None:
    """Return the claim `exp` of a JSON Web Token; None if the text is not such a token or lacks the claim."""
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
