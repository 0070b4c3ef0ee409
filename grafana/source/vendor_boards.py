"""The board of each vendor: its own, or the generic one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from exporter.vendors import VENDORS

GENERIC: Final = "vendor"
"""The generic board's uid, without `vu-`."""

OWN: Final = tuple(name for name in sorted(VENDORS) if Path(__file__).with_name(f"{name}.py").exists())
"""The vendors with a module here, and so a board."""


def with_board(expression: str) -> str:
    """Return an expression's series with a label `board`: the uid, without `vu-`, of the vendor's board."""
    generic = f'label_replace({expression}, "board", "{GENERIC}", "", "")'
    return f'label_replace({generic}, "board", "$1", "vendor", "({"|".join(OWN)})")'
