"""The one list of vendors; everything else reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.vendors.account import Account
from exporter.vendors.ionos import Ionos
from exporter.vendors.netnut import NetNut
from exporter.vendors.planship import Planship
from exporter.vendors.prolifi import Prolifi

__all__ = ["VENDORS", "Account"]

VENDORS: Final[Mapping[str, type[Account]]] = {
    "netnut": NetNut,
    "ionos": Ionos,
    "prolifi": Prolifi,
    "planship": Planship,
}
