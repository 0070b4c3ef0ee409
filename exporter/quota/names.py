"""What vendors call the subjects of quotas, which are ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from exporter.metrics import Figures, clean_label
from exporter.vendors.quotas import NameSource

_BETWEEN: Final = ", "


class Names:
    """The names that a reading has of the values of labels; a value of several names has none."""

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
        """Return what the subject with these values of labels is called, or an empty text.

        What is called by its own id has no name.
        """
        if not self._names:
            return ""
        ids = zip(labels, values, strict=True)
        names = [name for label, value in ids if (name := self._names.get(label, {}).get(value)) and name != value]
        return clean_label(_BETWEEN.join(names))
