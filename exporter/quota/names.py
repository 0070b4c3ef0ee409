"""Display names of quotas' subjects, for subjects that are ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from exporter.metrics import Figures, clean_label
from exporter.vendors.quotas import NameSource

_BETWEEN: Final = ", "


class Names:
    """The display names that a reading contains for label values. A value with several names has no display name."""

    def __init__(self, sources: Iterable[NameSource] = (), figures: Figures | None = None) -> None:
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for source in sources:
            place, name = (source.family.labels.index(label) for label in (source.label, source.name))
            for labels in (figures or {}).get(source.family, {}):
                found[source.label][labels[place]].add(labels[name])
        self._names: Mapping[str, Mapping[str, str]] = {
            label: {value: names.pop() for value, names in by_value.items() if len(names) == 1}
            for label, by_value in found.items()
        }

    def of(self, labels: Sequence[str], values: Sequence[str]) -> str:
        """Return the display name of the subject with these label values, or an empty text if there is no name.

        A name that equals the id is ignored.
        """
        if not self._names:
            return ""
        ids = zip(labels, values, strict=True)
        names = [name for label, value in ids if (name := self._names.get(label, {}).get(value)) and name != value]
        return clean_label(_BETWEEN.join(names))
