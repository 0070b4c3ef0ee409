"""Which of a vendor's metrics an account shows: all, unless the operator leaves some out or keeps only some."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from pydantic import Field

from exporter.metrics import Family, Figures
from exporter.vendors.settings import Settings


class FamilyChoice(Settings):
    """What an account shows of its vendor's metrics. Its quotas are counted and shown whatever is chosen."""

    keep: tuple[str, ...] = Field(default=(), description="Metrics of the vendor to show, and no others.")
    leave_out: tuple[str, ...] = Field(
        default=(), description="Metrics of the vendor not to show; quotas count them all the same."
    )

    def shows(self, family: Family) -> bool:
        """Whether a vendor's metric is shown."""
        return family.name not in self.leave_out and (not self.keep or family.name in self.keep)

    def of(self, figures: Figures) -> Figures:
        """Return those of a vendor's figures that are shown."""
        return {family: values for family, values in figures.items() if self.shows(family)}


def find_family_conflicts(
    vendor: str, given: Mapping[str, object], families: Iterable[Family]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an account's choice in the light of its vendor: the place, and what to do."""
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
                    f"is no metric of {vendor}" + (f"; did you mean {near[0]}?" if near else ""),
                )
