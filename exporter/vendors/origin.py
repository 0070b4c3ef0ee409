"""Where a vendor is from: the exporter itself, a file that declares it, or an installed wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from exporter import __version__


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a vendor is from.

    Attributes:
        kind: as `usage_exporter_vendor_info` has it.
        version: of what it is from; empty where that has none.
        distribution: the name of the wheel's distribution, if it is from one.

    """

    kind: Literal["builtin", "file", "wheel"]
    version: str = ""
    distribution: str = ""

    def __str__(self) -> str:
        if self.kind == "wheel":
            return f"the distribution {self.distribution} {self.version}"
        return "the exporter" if self.kind == "builtin" else "a file"


BUILT_IN: Final = Origin("builtin", __version__)
DECLARED: Final = Origin("file")
