"""Checks of the settings and the authentication that a vendor's file declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from exporter.vendors.declared.account import DeclaredAccount
from exporter.vendors.declared.document import Auth, Document
from exporter.vendors.declared.references import Found, not_one_of
from exporter.vendors.declared.templates import DATES, ITEM
from exporter.vendors.settings.types import Identifier, UserName

ONE_VALUE: Final[Mapping[str, Any]] = {"text": str, "user_name": UserName, "identifier": Identifier}
"""The types of the settings that are single values and not secrets, by kind."""
TAKEN: Final = {*DeclaredAccount.model_fields, *DeclaredAccount.__class_vars__, *DATES, ITEM}
"""Names that no setting can have, because another setting, a date or an item has the name."""


def setting_problems(document: Document) -> Found:
    """Yield (path, problem) for each invalid setting."""
    for name, setting in document.settings.items():
        where = f"settings.{name}"
        if not name.isidentifier() or not name.islower() or not name.isascii() or name.startswith(("_", "model_")):
            yield where, "write a name of lowercase letters, digits and _, beginning with a letter"
        elif hasattr(DeclaredAccount, name) or name in TAKEN:
            yield where, "is a name that every account has or dates have; write another"
        elif name.endswith("_file"):
            yield where, "must not end in _file, which a secret's twin does"
        if setting.default is not None and setting.kind in {"secret", "identifiers"}:
            yield f"{where}.default", "must not be given for this kind"
        elif setting.default is not None:
            yield from _default_problems(setting.default, ONE_VALUE[setting.kind], f"{where}.default")


def _default_problems(default: str, kind: Any, where: str) -> Found:
    try:
        TypeAdapter(kind).validate_python(default)
    except ValidationError as error:
        yield where, str(error.errors()[0]["msg"]).removeprefix("Value error, ")


def auth_problems(document: Document) -> Found:
    """Yield (path, problem) for each mistake in `auth`."""
    auth = document.auth
    given = [way for way in Auth.model_fields if getattr(auth, way) is not None]
    if len(given) != 1:
        yield "auth", f"write one of {', '.join(Auth.model_fields)}"
        return
    if login := auth.login:
        if not login.basic and not login.body:
            yield "auth.login", "write basic or body: the credentials to exchange for a token"
        for field in sorted(login.body.keys() & login.fixed.keys()):
            yield f"auth.login.fixed.{field}", "is also a field of body"
        for place, text in (("post", login.post), *((f"fixed.{field}", one) for field, one in login.fixed.items())):
            if set("{}") & set(text):
                yield f"auth.login.{place}", "braces are not allowed here"
    for where, name, kinds in _credentials(auth):
        setting = document.settings.get(name)
        if setting is None:
            yield where, not_one_of(name, document.settings, "setting")
        elif setting.kind not in kinds:
            yield where, f"the setting {name} must be of kind {' or '.join(kinds)}"


def _credentials(auth: Auth) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield (path, name, kinds) for each reference to a setting. The setting must be of one of these kinds."""
    names, login = ("user_name", "identifier", "text"), auth.login
    for way in ("bearer", "raw"):
        if name := getattr(auth, way):
            yield f"auth.{way}", name, ("secret",)
    if auth.header:
        yield "auth.header.secret", auth.header.secret, ("secret",)
    for where, basic in (("auth.basic", auth.basic), ("auth.login.basic", login.basic if login else None)):
        if basic:
            yield f"{where}.username", basic.username, names
            yield f"{where}.password", basic.password, ("secret",)
    for field, name in (login.body if login else {}).items():
        yield f"auth.login.body.{field}", name, (*names, "secret")
