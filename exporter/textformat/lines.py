"""Rendered sample lines: rendered and deflated when a reading arrives, and only where it changed.

An account's lines of a family are kept in blocks of about 64. Block boundaries are derived from a hash of the labels
(content-defined chunking), so adding or removing a series usually changes only one block.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.metrics import Family, Figures, Labels
from exporter.textformat.gzip import Checksum, checksum, deflate

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
    """Sample lines that belong together: what they were made of, the text, and the same deflated."""

    fingerprint: Fingerprint
    text: bytes | memoryview
    deflated: bytes | memoryview

    @classmethod
    def from_text(cls, text: bytes, fingerprint: Fingerprint = _NO_FINGERPRINT) -> Block:
        """Return the block of a text."""
        return cls(fingerprint, text, deflate(text))


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFamily:
    """Blocks that follow each other on the page, kept as a few large pieces of memory.

    Objects of their own for each block, among all that a poll makes and leaves, would keep its memory from being
    given back.

    Attributes:
        text: the text.
        deflated: the same deflated, each block apart.
        checksum: that of the text.
        hashes: of each block, that of its labels.
        values: the figures.
        ends: where each block ends in the values, the text and what is deflated, three numbers each.

    """

    text: bytes
    deflated: bytes
    checksum: Checksum
    hashes: array[int]
    values: array[float]
    ends: array[int]

    @classmethod
    def from_blocks(cls, blocks: Sequence[Block]) -> RenderedFamily:
        """Return blocks as lines."""
        text = b"".join([block.text for block in blocks])
        deflated = b"".join([block.deflated for block in blocks])
        hashes, values, ends = array("q", [block.fingerprint[0] for block in blocks]), array("d"), array("Q")
        value_count = text_length = deflated_length = 0
        for fingerprint, *pieces in blocks:
            values.frombytes(fingerprint[1])
            value_count, text_length, deflated_length = (
                len(values),
                text_length + len(pieces[0]),
                deflated_length + len(pieces[1]),
            )
            ends.extend((value_count, text_length, deflated_length))
        return cls(text, deflated, checksum(text), hashes, values, ends)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks; their text shares this object's memory."""
        values, text, deflated = memoryview(self.values), memoryview(self.text), memoryview(self.deflated)
        starts = [0, 0, 0]
        for number, labels in enumerate(self.hashes):
            ends = self.ends[3 * number : 3 * number + 3].tolist()
            value_slice, text_slice, deflated_slice = (slice(*one) for one in zip(starts, ends, strict=True))
            yield Block((labels, values[value_slice].tobytes()), text[text_slice], deflated[deflated_slice])
            starts = ends


class WithCreated(NamedTuple):
    """A counter's lines in OpenMetrics: each is followed by one that says when it was 0."""

    family: Family


RenderedFamilies = Mapping[Family | WithCreated, RenderedFamily]
"""One account's sample lines of each family, or those of one slice of it."""
_NONE_CREATED: Final[Mapping[Family, Mapping[Labels, float]]] = MappingProxyType({})


def render(
    account: str,
    figures: Figures,
    before: RenderedFamilies,
    created: Mapping[Family, Mapping[Labels, float]] = _NONE_CREATED,
) -> RenderedFamilies:
    """Return an account's figures as sample lines; unchanged ones are reused from `before`.

    Counters of which it is known when they were 0 (`created`, Unix time) are rendered a second time, each with the
    line that says so.
    """
    rendered: dict[Family | WithCreated, RenderedFamily] = {
        family: _render_family(account, family, values, before.get(family)) for family, values in figures.items()
    }
    for family in figures.keys() & created.keys():
        key = WithCreated(family)
        rendered[key] = _render_family(account, family, figures[family], before.get(key), created[family])
    return rendered


def sample_lines(name: str, labels: Sequence[str], items: Sequence[SeriesValue], account: str | None = None) -> bytes:
    """Return the line of each item, with the label `account` before all others where it is given."""
    first = [] if account is None else [f'account="{account}"']
    pairs = ",".join([*first, *(f'{label}="%s"' for label in labels)])
    template = f"{name}{{{pairs}}} %r\n" if pairs else f"{name} %r\n"
    text = "".join([template % (*values, figure) for values, figure in items])
    quotes = 2 * (len(labels) + len(first)) * len(items)
    if "\\" in text or text.count('"') != quotes or text.count("\n") != len(items):
        escaped = [(tuple(value.translate(_ESCAPES) for value in values), figure) for values, figure in items]
        text = "".join([template % (*values, figure) for values, figure in escaped])
    return text.encode()


def _render_family(
    account: str,
    family: Family,
    values: Mapping[Labels, float],
    before: RenderedFamily | None,
    created: Mapping[Labels, float] | None = None,
) -> RenderedFamily:
    known = {block.fingerprint: block for block in before.blocks()} if before else {}
    blocks = []
    for items in _chunks(_sort_in_steps(list(values.items()))):
        since = [(labels, created[labels]) for labels, _ in items] if created else []
        fingerprint = (
            hash(tuple([labels for labels, _ in items])),
            array("d", [one for _, one in [*items, *since]]).tobytes(),
        )
        block = known.get(fingerprint)
        if block is None:
            text = sample_lines(family.name, family.labels, items, account)
            if since:
                name = f"{family.name.removesuffix('_total')}_created"
                text = _interleave(text, sample_lines(name, family.labels, since, account))
            block = Block.from_text(text, fingerprint)
        blocks.append(block)
    if before and list(known) == [block.fingerprint for block in blocks]:
        return before
    return RenderedFamily.from_blocks(blocks)


def _interleave(one: bytes, other: bytes) -> bytes:
    lines = zip(one.split(b"\n"), other.split(b"\n"), strict=True)
    return b"\n".join(line for pair in lines for line in pair if line) + b"\n"


def _sort_in_steps(items: Sequence[SeriesValue]) -> Sequence[SeriesValue]:
    """Sort them in steps, for other threads wait until a sort is done; vendors' lists mostly are in order already."""
    steps = [sorted(items[at : at + _SORTED_AT_ONCE]) for at in range(0, len(items), _SORTED_AT_ONCE)]
    in_order = all(one[-1] < other[0] for one, other in pairwise(steps))
    return list(chain.from_iterable(steps) if in_order else merge(*steps))


def _chunks(items: Sequence[SeriesValue]) -> Iterator[Sequence[SeriesValue]]:
    """Yield content-defined chunks: whether an item starts a new chunk depends on the hash of its labels only."""
    start = 0
    for place, (labels, _) in enumerate(items):
        length = place - start
        if length >= _MIN_CHUNK and (length >= _MAX_CHUNK or hash(labels) % _BOUNDARY_ONE_IN == 0):
            yield items[start:place]
            start = place
    if items:
        yield items[start:]
