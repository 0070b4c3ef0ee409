"""Sample lines. When a reading arrives, changed lines are rendered and deflated.

Only the deflated lines are kept. They are a tenth of the size of the text, or smaller.

The lines of an account's family are kept in blocks of about 64 lines. Block boundaries are derived from a hash of the
labels (content-defined chunking), so adding or removing a series usually changes only one block.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from heapq import merge
from itertools import chain, pairwise
from operator import or_
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.metrics import Family, Figures, Labels
from exporter.textformat.gzip import Checksum, checksum, deflate, inflate

_MIN_CHUNK: Final = 32
_MAX_CHUNK: Final = 256
_BOUNDARY_ONE_IN: Final = 32
_SORTED_AT_ONCE: Final = 10_000
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Fingerprint = tuple[int, bytes]
"""A block's fingerprint: the hash of all its labels, and its raw values."""
SeriesValue = tuple[Labels, float]
_NO_FINGERPRINT: Final[Fingerprint] = (0, b"")


class Block(NamedTuple):
    """A block of sample lines: its fingerprint, the checksum of its text, and the deflated text."""

    fingerprint: Fingerprint
    checksum: Checksum
    deflated: bytes

    @classmethod
    def from_text(cls, text: bytes, fingerprint: Fingerprint = _NO_FINGERPRINT) -> Block:
        """Make a block from a text."""
        return cls(fingerprint, checksum(text), deflate(text))

    @property
    def text(self) -> bytes:
        """The block's text."""
        return b"".join(inflate([self.deflated]))


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFamily:
    """Consecutive blocks of a family, kept in a few large pieces of memory.

    If each block were a separate object, the blocks would be scattered among a poll's other objects, and memory could
    not be returned to the system.

    Attributes:
        deflated: the text of all blocks, each deflated separately.
        checksum: the checksum of the text.
        hashes: the hash of each block's labels.
        values: the raw values of all blocks.
        ends: four numbers per block: the block's end in `values`, the block's end in `deflated`, and the CRC-32 and
            the length of the block's text.

    """

    deflated: bytes
    checksum: Checksum
    hashes: array[int]
    values: array[float]
    ends: array[int]

    @classmethod
    def from_blocks(cls, blocks: Sequence[Block]) -> RenderedFamily:
        """Join blocks into one object."""
        hashes, values, ends = array("q", [block.fingerprint[0] for block in blocks]), array("d"), array("Q")
        deflated_end = 0
        for fingerprint, text_checksum, deflated in blocks:
            values.frombytes(fingerprint[1])
            deflated_end += len(deflated)
            ends.extend((len(values), deflated_end, *text_checksum))
        whole = reduce(or_, [block.checksum for block in blocks], Checksum())
        return cls(b"".join([block.deflated for block in blocks]), whole, hashes, values, ends)

    @property
    def text(self) -> bytes:
        """The text of all blocks."""
        return b"".join(inflate([self.deflated]))

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks."""
        values_start = deflated_start = 0
        for number, labels in enumerate(self.hashes):
            values_end, deflated_end, *text_checksum = self.ends[4 * number : 4 * number + 4]
            yield Block(
                (labels, self.values[values_start:values_end].tobytes()),
                Checksum(*text_checksum),
                self.deflated[deflated_start:deflated_end],
            )
            values_start, deflated_start = values_end, deflated_end


class WithCreated(NamedTuple):
    """The key under which a counter's OpenMetrics lines are kept. Each of them is followed by a `_created` line."""

    family: Family


RenderedFamilies = Mapping[Family | WithCreated, RenderedFamily]
"""For each family, the sample lines of one account or of one slice of an account."""
_NONE_CREATED: Final[Mapping[Family, Mapping[Labels, float]]] = MappingProxyType({})


def label_pairs(labels: Mapping[str, str]) -> str:
    """Return labels in the syntax of a sample line."""
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())


def render(
    shared: str,
    figures: Figures,
    before: RenderedFamilies,
    created: Mapping[Family, Mapping[Labels, float]] = _NONE_CREATED,
) -> RenderedFamilies:
    """Return an account's figures as sample lines. Unchanged lines are reused from `before`.

    In every line, including the lines in `before`, the `shared` labels come first. The function `label_pairs` makes
    these labels.

    Families in `created` are also rendered in a second version. There, each line is followed by a `_created` line,
    whose value is the Unix time when the counter was 0.
    """
    rendered: dict[Family | WithCreated, RenderedFamily] = {
        family: _render_family(shared, family, values, before.get(family)) for family, values in figures.items()
    }
    for family in figures.keys() & created.keys():
        key = WithCreated(family)
        rendered[key] = _render_family(shared, family, figures[family], before.get(key), created[family])
    return rendered


def with_shared_labels(rendered: RenderedFamilies, before: str, after: str) -> RenderedFamilies:
    """Return sample lines with their shared labels changed from `before` to `after`.

    The text `before` must contain at least one label.
    """
    old, new = f"{{{before}".encode(), f"{{{after}".encode()  # never matches within a value, where quotes are escaped
    return {
        family: RenderedFamily.from_blocks(
            [Block.from_text(one.text.replace(old, new), one.fingerprint) for one in lines.blocks()]
        )
        for family, lines in rendered.items()
    }


def sample_lines(name: str, labels: Sequence[str], items: Sequence[SeriesValue], shared: str = "") -> bytes:
    """Return one line per item, with the shared labels first."""
    first = [shared.replace("%", "%%")] if shared else []
    pairs = ",".join([*first, *(f'{label}="%s"' for label in labels)])
    template = f"{name}{{{pairs}}} %r\n" if pairs else f"{name} %r\n"
    text = "".join([template % (*values, figure) for values, figure in items])
    quotes = (2 * len(labels) + shared.count('"')) * len(items)
    if "\\" in text or text.count('"') != quotes or text.count("\n") != len(items):
        escaped = [(tuple(value.translate(_ESCAPES) for value in values), figure) for values, figure in items]
        text = "".join([template % (*values, figure) for values, figure in escaped])
    return text.encode()


def _render_family(
    shared: str,
    family: Family,
    values: Mapping[Labels, float],
    before: RenderedFamily | None,
    created: Mapping[Labels, float] | None = None,
) -> RenderedFamily:
    known = {block.fingerprint: block for block in before.blocks()} if before else {}
    blocks = []
    for series in _chunks(_sort_in_steps(list(values))):
        figures = [values[labels] for labels in series]
        since = [created[labels] for labels in series] if created else []
        fingerprint = hash(tuple(series)), array("d", [*figures, *since]).tobytes()
        block = known.get(fingerprint)
        if block is None:
            text = sample_lines(family.name, family.labels, list(zip(series, figures, strict=True)), shared)
            if since:
                name = f"{family.name.removesuffix('_total')}_created"
                lines = sample_lines(name, family.labels, list(zip(series, since, strict=True)), shared)
                text = _interleave(text, lines)
            block = Block.from_text(text, fingerprint)
        blocks.append(block)
    if before and list(known) == [block.fingerprint for block in blocks]:
        return before
    return RenderedFamily.from_blocks(blocks)


def _interleave(one: bytes, other: bytes) -> bytes:
    lines = zip(one.split(b"\n"), other.split(b"\n"), strict=True)
    return b"\n".join(line for pair in lines for line in pair if line) + b"\n"


def _sort_in_steps(series: Sequence[Labels]) -> Sequence[Labels]:
    """Return the series sorted. They are sorted in steps, because one long sort would block all other threads."""
    steps = [sorted(series[at : at + _SORTED_AT_ONCE]) for at in range(0, len(series), _SORTED_AT_ONCE)]
    in_order = all(one[-1] < other[0] for one, other in pairwise(steps))
    return list(chain.from_iterable(steps) if in_order else merge(*steps))


def _chunks(series: Sequence[Labels]) -> Iterator[Sequence[Labels]]:
    """Yield content-defined chunks of limited length.

    The hash of a series' labels decides whether the series starts a new chunk.
    """
    start = 0
    for place, labels in enumerate(series):
        length = place - start
        if length >= _MIN_CHUNK and (length >= _MAX_CHUNK or hash(labels) % _BOUNDARY_ONE_IN == 0):
            yield series[start:place]
            start = place
    if series:
        yield series[start:]
