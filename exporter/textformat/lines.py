"""Sample lines ready for the page: rendered and deflated when a reading arrives, and only where it changed.

An account's lines of a family are kept in blocks of about 64. Where a block ends is told by the series themselves, so
one that comes or goes changes its own block and seldom the one beside it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, pairwise
from typing import Final, NamedTuple

from exporter.metrics import Family, Figures, Labels
from exporter.textformat.gzip import Checksum, checksum, deflated

_SHORTEST: Final = 32
_LONGEST: Final = 256
_ENDS_ONE_IN: Final = 32
_SORTED_AT_ONCE: Final = 10_000
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Mark = tuple[int, bytes]
"""What tells a block's figures from others: the hash of all its labels, and its values' own bytes."""
Item = tuple[Labels, float]
_NO_MARK: Final[Mark] = (0, b"")


class Block(NamedTuple):
    """Sample lines that belong together: what they were made of, the text, and the same deflated."""

    mark: Mark
    plain: bytes | memoryview
    packed: bytes | memoryview

    @classmethod
    def of(cls, plain: bytes, mark: Mark = _NO_MARK) -> Block:
        """Return the block of a text."""
        return cls(mark, plain, deflated(plain))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Blocks that follow each other on the page, kept as a few large pieces of memory.

    Objects of their own for each block, among all that a poll makes and leaves, would keep its memory from being
    given back.

    Attributes:
        plain: the text.
        packed: the same deflated, each block apart.
        checksum: that of the text.
        hashes: of each block, that of its labels.
        values: the figures.
        ends: where each block ends in the values, the text and what is deflated, three numbers each.

    """

    plain: bytes
    packed: bytes
    checksum: Checksum
    hashes: array[int]
    values: array[float]
    ends: array[int]

    @classmethod
    def of(cls, blocks: Sequence[Block]) -> Lines:
        """Return blocks as lines."""
        plain = b"".join([block.plain for block in blocks])
        packed = b"".join([block.packed for block in blocks])
        hashes, values, ends = array("q", [block.mark[0] for block in blocks]), array("d"), array("Q")
        figures = text = deflated_bytes = 0
        for mark, *pieces in blocks:
            values.frombytes(mark[1])
            figures, text, deflated_bytes = len(values), text + len(pieces[0]), deflated_bytes + len(pieces[1])
            ends.extend((figures, text, deflated_bytes))
        return cls(plain, packed, checksum(plain), hashes, values, ends)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks; their text is this one's memory."""
        values, plain, packed = memoryview(self.values), memoryview(self.plain), memoryview(self.packed)
        starts = [0, 0, 0]
        for number, labels in enumerate(self.hashes):
            ends = self.ends[3 * number : 3 * number + 3].tolist()
            figures, text, deflated_bytes = (slice(*one) for one in zip(starts, ends, strict=True))
            yield Block((labels, values[figures].tobytes()), plain[text], packed[deflated_bytes])
            starts = ends


class WithCreated(NamedTuple):
    """A counter's lines as OpenMetrics has them: each with another that says when it was 0."""

    family: Family


Blocks = Mapping[Family | WithCreated, Lines]
"""One account's sample lines of each family, or those of one slice of it."""


def rendered(account: str, figures: Figures, before: Blocks) -> Blocks:
    """Return an account's figures as sample lines; what is the same as in the lines `before` is taken from there."""
    return {family: _lines(account, family, values, before.get(family)) for family, values in figures.items()}


def rendered_with_created(
    account: str, family: Family, values: Mapping[Labels, float], created: Mapping[Labels, float], before: Blocks
) -> Blocks:
    """Return a counter's lines with, after each, the one that says when it was 0 (Unix time)."""
    key = WithCreated(family)
    return {key: _lines(account, family, values, before.get(key), created)}


def sample_lines(name: str, labels: Sequence[str], items: Sequence[Item], account: str | None = None) -> bytes:
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


def _lines(
    account: str,
    family: Family,
    values: Mapping[Labels, float],
    before: Lines | None,
    created: Mapping[Labels, float] | None = None,
) -> Lines:
    known = {block.mark: block for block in before.blocks()} if before else {}
    blocks = []
    for items in _runs(_sorted(list(values.items()))):
        since = [(labels, created[labels]) for labels, _ in items] if created else []
        mark = hash(tuple([labels for labels, _ in items])), array("d", [one for _, one in [*items, *since]]).tobytes()
        block = known.get(mark)
        if block is None:
            text = sample_lines(family.name, family.labels, items, account)
            if since:
                name = f"{family.name.removesuffix('_total')}_created"
                text = _alternating(text, sample_lines(name, family.labels, since, account))
            block = Block.of(text, mark)
        blocks.append(block)
    if before and list(known) == [block.mark for block in blocks]:
        return before
    return Lines.of(blocks)


def _alternating(one: bytes, other: bytes) -> bytes:
    lines = zip(one.split(b"\n"), other.split(b"\n"), strict=True)
    return b"\n".join(line for pair in lines for line in pair if line) + b"\n"


def _sorted(items: Sequence[Item]) -> Sequence[Item]:
    """Sort them in steps, for other threads wait until a sort is done; vendors' lists mostly are in order already."""
    steps = [sorted(items[at : at + _SORTED_AT_ONCE]) for at in range(0, len(items), _SORTED_AT_ONCE)]
    in_order = all(one[-1] < other[0] for one, other in pairwise(steps))
    return list(chain.from_iterable(steps) if in_order else merge(*steps))


def _runs(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield the items in runs; a run ends where the next item's labels say so, which they do wherever it stands."""
    start = 0
    for place, (labels, _) in enumerate(items):
        length = place - start
        if length >= _SHORTEST and (length >= _LONGEST or hash(labels) % _ENDS_ONE_IN == 0):
            yield items[start:place]
            start = place
    if items:
        yield items[start:]
