"""Who signs in to an account, which stays the same however the configuration spells it."""

from __future__ import annotations

from exporter.client.auth import ApiKey, Auth, Basic
from exporter.secret import FileSecret


def login_of(auth: Auth) -> str:
    """Return a login name, or where the key is that has none."""
    if isinstance(auth, ApiKey):
        secret = auth.secret
        return f"key {secret.path.resolve()}" if isinstance(secret, FileSecret) else f"key {secret!r}"
    if isinstance(auth, Basic):
        return f"login {auth.username}"
    names = [auth.credentials.username] if auth.credentials else []
    return " ".join(["login", *names, *(value for _, value in auth.body if isinstance(value, str))])
