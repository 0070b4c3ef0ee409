"""The vendors: their requests, replies and metrics. `registry` is the only list of those that are built in."""

from exporter.vendors.account import Account
from exporter.vendors.registry import PASTS, VENDOR_FAMILIES, VENDORS

__all__ = ["PASTS", "VENDORS", "VENDOR_FAMILIES", "Account"]
