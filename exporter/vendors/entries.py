"""From one entry under `accounts` to an account, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from exporter.client.auth import Auth
from exporter.problems import Problem
from exporter.vendors.account import Account
from exporter.vendors.problems import settings_problems, unknown_vendor
from exporter.vendors.secrets import secret_settings, unusable_secrets
from exporter.vendors.slips import slips


def read_account(
    entry: object, directory: Path, vendors: Mapping[str, type[Account]], refused: Mapping[str, str]
) -> Account | list[Problem]:
    """Return the account that an entry is, or what is wrong with it; paths are relative to the entry.

    Args:
        entry: its settings, as they were read.
        directory: where paths within start.
        vendors: those that it can be at.
        refused: vendors that cannot be used, with the reason.

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
        _ = account.endpoint, account.estimate  # what is made of settings fails here, and not when it is polled
        if not isinstance(account.auth, Auth):
            raise TypeError("auth is no Auth")
    return found or account
