"""Which board a vendor has: one of its own, or the generic one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from exporter.vendors import VENDORS

GENERIC: Final = "vendor"
"""The board, without `vu-`, of vendors that have none of their own."""

OWN: Final = tuple(name for name in sorted(VENDORS) if Path(__file__).with_name(f"{name}.py").exists())
"""The vendors that have a module here, and so a board."""


def with_board(expression: str) -> str:
    """Return series that have a label vendor with a label board beside it: the name, without `vu-`, of its board."""
    generic = f'label_replace({expression}, "board", "{GENERIC}", "", "")'
    return f'label_replace({generic}, "board", "$1", "vendor", "({"|".join(OWN)})")'
