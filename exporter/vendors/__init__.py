"""The vendors: their requests, replies and metrics. `registry` lists the built-in vendors."""

from exporter.vendors.account import Account
from exporter.vendors.registry import PASTS, VENDOR_FAMILIES, VENDORS

__all__ = ["PASTS", "VENDORS", "VENDOR_FAMILIES", "Account"]
