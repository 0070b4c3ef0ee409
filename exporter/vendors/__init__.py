"""The one list of vendors; everything else reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exporter.vendors.account import Account
from exporter.vendors.ionos.account import Ionos
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.planship.account import Planship
from exporter.vendors.prolifi.account import Prolifi

__all__ = ["VENDORS", "VENDOR_FAMILIES", "Account"]

VENDORS: Final[Mapping[str, type[Account]]] = MappingProxyType(
    {"netnut": NetNut, "ionos": Ionos, "prolifi": Prolifi, "planship": Planship}
)

VENDOR_FAMILIES: Final = tuple(family for vendor in VENDORS.values() for family in vendor.reported)
"""What the vendors report, in the order of the page."""
