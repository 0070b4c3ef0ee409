"""The one list of vendors; everything else reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final, cast

from exporter.vendors.account import Account

__all__ = ["VENDORS", "Account"]

_ACCOUNTS: Final = {"netnut": "NetNut", "ionos": "Ionos", "prolifi": "Prolifi", "planship": "Planship"}
"""By vendor, which is the name of its module."""


class _Vendors(Mapping[str, type[Account]]):
    """The kind of account of each vendor, which is imported when it is asked for: few configurations have all."""

    def __getitem__(self, vendor: str) -> type[Account]:
        account = _ACCOUNTS[vendor]
        return cast("type[Account]", getattr(import_module(f"{__name__}.{vendor}"), account))

    def __iter__(self) -> Iterator[str]:
        return iter(_ACCOUNTS)

    def __len__(self) -> int:
        return len(_ACCOUNTS)


VENDORS: Final = _Vendors()
