"""The secrets of an account: the settings that hold secrets, secrets in files, and unusable secrets."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.client.auth import ApiKey
from exporter.errors import SecretUnreadable
from exporter.secret import FileSecret
from exporter.vendors.account import Account


def secret_settings(account: type[Account]) -> tuple[str, ...]:
    """Return the settings that hold a secret, without their `_file` twins."""
    return tuple(name for name in account.model_fields if f"{name}_file" in account.model_fields)


def file_secrets(account: Account) -> dict[str, FileSecret]:
    """Return the secrets that are in files, by name of the setting."""
    given = {name: getattr(account, name) for name in type(account).model_fields}
    return {name: secret for name, secret in given.items() if isinstance(secret, FileSecret)}


def unusable_secrets(account: Account) -> Iterator[tuple[str, str]]:
    """Yield (setting, problem) for each secret that cannot be sent in a header."""
    auth = account.auth
    if not isinstance(auth, ApiKey):
        return
    try:
        auth.header()
    except SecretUnreadable as error:
        settings = (name for name in type(account).model_fields if getattr(account, name) is auth.secret)
        yield next(settings, ""), "; ".join([str(error), *auth.secret.doubts()])
