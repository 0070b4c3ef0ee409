"""The choice of the vendor's metrics that an account shows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from pydantic import Field

from exporter.metrics import Family, Figures
from exporter.vendors.settings.types import Settings


class FamilyChoice(Settings):
    """The vendor's metrics that an account shows. Quotas are counted and shown regardless of this choice."""

    keep: tuple[str, ...] = Field(default=(), description="The only metrics of the vendor to show.")
    leave_out: tuple[str, ...] = Field(
        default=(), description="Metrics of the vendor to hide; quotas still count them."
    )

    def shows(self, family: Family) -> bool:
        """Whether a vendor's metric is shown."""
        return family.name not in self.leave_out and (not self.keep or family.name in self.keep)

    def of(self, figures: Figures) -> Figures:
        """Return the figures of the families that are shown."""
        return {family: values for family, values in figures.items() if self.shows(family)}


def find_family_conflicts(
    vendor: str, given: Mapping[str, object], families: Iterable[Family]
) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each mistake in an account's choice of metrics."""
    choice, names = given.get("families"), [family.name for family in families]
    if not isinstance(choice, Mapping):
        return
    if choice.get("keep") and choice.get("leave_out"):
        yield "families", "give keep or leave_out, not both"
    for key in ("keep", "leave_out"):
        chosen = choice.get(key)
        for index, name in enumerate(chosen if isinstance(chosen, list) else ()):
            if isinstance(name, str) and name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                yield (
                    f"families.{key}[{index}]",
                    f"is not a metric of {vendor}" + (f"; did you mean {near[0]}?" if near else ""),
                )
