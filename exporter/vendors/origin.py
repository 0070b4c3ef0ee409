"""A vendor's origin: the exporter itself, a file that declares the vendor, or an installed wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from exporter import __version__


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a vendor comes from.

    Attributes:
        kind: the kind of origin, as in the label `origin` of `usage_exporter_vendor_info`.
        version: the version of the exporter or the wheel; empty for a file, or if the version is unknown.
        distribution: the name of the wheel's distribution; empty for other origins.

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
