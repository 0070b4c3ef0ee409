"""Parses one entry under `accounts`. The result is an account, or a list of all problems with the entry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from exporter.client.auth import Auth
from exporter.problems import Problem
from exporter.vendors.account import Account
from exporter.vendors.settings.problems import settings_problems, unknown_vendor
from exporter.vendors.settings.secrets import secret_settings, unusable_secrets
from exporter.vendors.settings.slips import slips


def read_account(
    entry: object, directory: Path, vendors: Mapping[str, type[Account]], refused: Mapping[str, str]
) -> Account | list[Problem]:
    """Return the account that an entry describes, or all problems with the entry. Problems' paths start at the entry.

    Args:
        entry: the settings as read from the file.
        directory: the folder at which relative file paths start.
        vendors: the known vendors, by name.
        refused: the reasons why vendors cannot be used, by vendor name.

    """
    if not isinstance(entry, dict):
        return [Problem("", "write a mapping with vendor, name and the vendor's settings")]
    name = str(entry.get("vendor"))
    if name in refused:
        return [Problem("vendor", refused[name])]
    vendor = vendors.get(name)
    if vendor is None:
        return [unknown_vendor(entry, vendors)]
    try:
        return _read(entry, directory, vendor)
    except (Exception, SystemExit) as error:
        if vendor.origin.kind != "wheel":
            raise
        return [Problem("vendor", f"{vendor.origin}: its code fails with these settings: {type(error).__name__}")]


def _read(entry: dict[str, object], directory: Path, vendor: type[Account]) -> Account | list[Problem]:
    conflicts = {path: Problem(path, text) for path, text in vendor.find_conflicts(entry)}
    known = {key: value for key, value in entry.items() if key in vendor.model_fields}
    odd = {path: Problem(path, text) for path, text in slips(known, secret_settings(vendor))}
    try:
        account = vendor.model_validate(entry, context={"directory": directory})
    except ValidationError as error:
        return settings_problems(vendor, error, conflicts, odd)
    if not conflicts and not odd:
        odd = {path: Problem(path, text) for path, text in unusable_secrets(account)}
        if slow := account.estimate.problem:
            odd["interval"] = Problem("interval", slow)
    found = list((conflicts | odd).values())
    if not found and vendor.origin.kind == "wheel":
        _ = account.endpoint, account.estimate  # if these properties fail, they fail here and not at the first poll
        if not isinstance(account.auth, Auth):
            raise TypeError("auth is not an Auth")
    return found or account
