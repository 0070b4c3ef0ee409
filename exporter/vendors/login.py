"""The identity with which an account signs in. Stored readings are used only while the identity is unchanged."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.client.auth import ApiKey, Auth, Basic
from exporter.secret import FileSecret


def login_of(auth: Auth) -> str:
    """Return the identity as text.

    For an API key, this is the file or the environment variable that holds the key. For a login, these are the values
    that are not secret, such as the user name.
    """
    if isinstance(auth, ApiKey):
        secret = auth.secret
        return f"key {secret.path.resolve()}" if isinstance(secret, FileSecret) else f"key {secret!r}"
    if isinstance(auth, Basic):
        return f"login {auth.username}"
    names = [auth.credentials.username] if auth.credentials else []
    return " ".join(["login", *names, *(value for _, value in auth.body if isinstance(value, str))])


def version2_text(auth: Auth) -> str:
    """Return the identity as it is in stored files of version 2: the `repr` of that version's auth object."""
    if isinstance(auth, ApiKey):
        return f"Key(secret={auth.secret!r}, scheme={auth.scheme!r})"
    if isinstance(auth, Basic):
        return f"Basic(username={auth.username!r}, password={auth.password!r})"
    fields: Iterable[tuple[str, object]] = (
        ("path", auth.path),
        ("token_field", auth.token_field),
        ("lifetime", auth.lifetime),
        ("credentials", auth.credentials),
        ("body", auth.body),
        ("lifetime_field", auth.lifetime_field),
        ("scheme", auth.scheme),
        ("doubted_on", auth.rejected_statuses if auth.body else frozenset()),
        ("refused_on", auth.rejected_statuses),
    )
    return f"Login({', '.join(f'{name}={value!r}' for name, value in fields)})"
