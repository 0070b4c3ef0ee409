"""Sample lines ready for the page: rendered and deflated when a reading arrives, and only where it changed.

An account's lines of a family are kept in blocks of about 64. Where a block ends is told by the series themselves, so
one that comes or goes changes its own block and no other.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, pairwise
from typing import Final

from exporter.gzip_member import Checksum, checksum, deflated
from exporter.metrics import Family, Figures, Labels

_SHORTEST: Final = 32
_LONGEST: Final = 256
_ENDS_ONE_IN: Final = 32
_SORTED_AT_ONCE: Final = 10_000
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Mark = tuple[int, bytes]
"""What tells a block's figures from others: the hash of all its labels, and its values' own bytes."""
Item = tuple[Labels, float]


@dataclass(frozen=True, slots=True)
class Block:
    """Sample lines that belong together: the text, the same deflated, and what they were made of."""

    plain: bytes
    packed: bytes
    mark: Mark = (0, b"")

    @classmethod
    def of(cls, plain: bytes, mark: Mark = (0, b"")) -> Block:
        """Return the block of a text."""
        return cls(plain, deflated(plain), mark)


@dataclass(frozen=True, slots=True)
class Lines:
    """Blocks that follow each other on the page, and the checksum of their text."""

    blocks: tuple[Block, ...]
    checksum: Checksum

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Lines:
        """Return blocks as lines."""
        kept = tuple(blocks)
        return cls(kept, checksum(block.plain for block in kept))

    def __bytes__(self) -> bytes:
        """Return the text."""
        return b"".join(block.plain for block in self.blocks)


Blocks = Mapping[Family, Lines]
"""One account's sample lines of each family, or those of one slice of it."""


def rendered(account: str, figures: Figures, before: Blocks) -> Blocks:
    """Return an account's figures as sample lines; what is the same as in the lines `before` is taken from there."""
    return {family: _lines(account, family, values, before.get(family)) for family, values in figures.items()}


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


def _lines(account: str, family: Family, values: Mapping[Labels, float], before: Lines | None) -> Lines:
    known = {block.mark: block for block in before.blocks} if before else {}
    blocks = []
    for items in _runs(_sorted(list(values.items()))):
        mark = hash(tuple([labels for labels, _ in items])), array("d", [figure for _, figure in items]).tobytes()
        block = known.get(mark)
        blocks.append(block or Block.of(sample_lines(family.name, family.labels, items, account), mark))
    if before and len(blocks) == len(before.blocks) and all(map(_same, blocks, before.blocks)):
        return before
    return Lines.of(blocks)


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


def _same(one: object, other: object) -> bool:
    return one is other
