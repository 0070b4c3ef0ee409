"""The lines of all accounts, a column for each family, joined in blocks of accounts.

A change of one account has its own block joined anew, and of the rest only checksums on the way up a tree of blocks:
the cost hardly grows with the number of accounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final

from exporter.metrics import Family
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import Checksum, joined
from exporter.textformat.lines import Block, Lines

_ACCOUNTS: Final = 32
"""Of a block."""
_BRANCHES: Final = 2
"""Of each node of the tree."""

Snapshots = Sequence[tuple[AccountKey, Snapshot]]
Blocks = Mapping[int, Snapshots]
"""Accounts of one moment, by the number of their block."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines that follow each other on the page, the same deflated and joined, and their checksum."""

    lines: tuple[Lines, ...]
    packed: bytes
    checksum: Checksum

    @classmethod
    def joined(cls, lines: Iterable[Lines]) -> Piece:
        """Return these lines as a piece."""
        lines = tuple(lines)
        packed = b"".join([one.packed for one in lines])
        return cls(lines, packed, joined((one.checksum, one.plain) for one in lines))

    @classmethod
    def of(cls, text: bytes) -> Piece:
        """Return a text as a piece."""
        return cls.joined((Lines.of([Block.of(text)]),))


NOTHING: Final = Piece.joined(())
Made = Mapping[Family, Piece]
Make = Callable[[Snapshots, float, Made], Made]
"""Make a block's pieces as of a time (monotonic), given those that it had; what did not change is the same object."""


class Column:
    """A family's pieces, one for each block, under a tree of their checksums."""

    def __init__(self, blocks: int) -> None:
        self.pieces = [NOTHING] * blocks
        self._sums: list[list[Checksum]] = [[Checksum()] * blocks]
        while len(self._sums[-1]) > 1:
            self._sums.append([Checksum()] * math.ceil(len(self._sums[-1]) / _BRANCHES))

    @property
    def checksum(self) -> Checksum:
        """That of all pieces."""
        return self._sums[-1][0]

    def put(self, place: int, piece: Piece) -> bool:
        """Put a block's piece in its place, and return whether it is another one."""
        if self.pieces[place] is piece:
            return False
        self.pieces[place], self._sums[0][place] = piece, piece.checksum
        for below, level in zip(self._sums, self._sums[1:], strict=False):
            place //= _BRANCHES
            level[place] = reduce(or_, below[place * _BRANCHES : (place + 1) * _BRANCHES])
        return True


@dataclass(slots=True)
class Columns:
    """The columns of all families, as of some accounts.

    Attributes:
        make: how a block's pieces are made.
        generation: how often anything of them became another.

    """

    make: Make
    generation: int = 0
    _order: Sequence[AccountKey] = ()
    _places: dict[AccountKey, int] = field(default_factory=dict)
    _columns: dict[Family, Column] = field(default_factory=dict)
    _until: list[float] = field(default_factory=list)

    def behind(self, changed: Iterable[AccountKey], store: Store, now: float) -> Blocks:
        """Return the blocks to be made anew: of accounts that changed, or of whose readings one became too old."""
        if self._order is not store.order:
            self._settle(store.order)
        blocks = {self._places[key] // _ACCOUNTS for key in changed if key in self._places}
        blocks.update(number for number, until in enumerate(self._until) if now >= until)
        return {
            number: [(key, store[key]) for key in self._order[number * _ACCOUNTS : (number + 1) * _ACCOUNTS]]
            for number in blocks
        }

    def update(self, blocks: Blocks, now: float) -> None:
        """Make these blocks anew as of `now` (monotonic)."""
        is_changed = False
        for number, some in blocks.items():
            before = {family: column.pieces[number] for family, column in self._columns.items()}
            made = self.make(some, now, before)
            for family in made.keys() | before.keys():
                column = self._columns.get(family) or self._columns.setdefault(family, Column(len(self._until)))
                is_changed |= column.put(number, made.get(family, NOTHING))
            self._until[number] = min((part.stale_at for _, one in some for part in one.shown(now)), default=math.inf)
        self.generation += is_changed

    def pieces(self, families: Iterable[Family]) -> Iterator[tuple[Family, Sequence[Piece], Checksum]]:
        """Yield the pieces of each of these families that has lines, with the checksum of all."""
        for family in families:
            column = self._columns.get(family)
            if column and column.checksum.length:
                yield family, column.pieces, column.checksum

    def _settle(self, order: Sequence[AccountKey]) -> None:
        """Begin anew, with other accounts or another order of them; every block is behind."""
        self._order = order
        self._places = {key: place for place, key in enumerate(order)}
        self._columns = {}
        self._until = [-math.inf] * math.ceil(len(order) / _ACCOUNTS)
        self.generation += 1
