"""The lines of all accounts: a column per family, joined in blocks of accounts.

When an account changes, only its block is joined again; above it, only checksums are combined, up a tree of blocks.
So the cost hardly grows with the number of accounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final

from exporter.metrics import Family
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import Checksum, concat
from exporter.textformat.lines import Block, RenderedFamily

_ACCOUNTS: Final = 32
"""Per block."""
_BRANCHES: Final = 2
"""Per node of the tree."""

Snapshots = Sequence[tuple[AccountKey, Snapshot]]
Blocks = Mapping[int, Snapshots]
"""The accounts' snapshots at one moment, by block number."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive lines of the page, also deflated and joined, and their checksum."""

    lines: tuple[RenderedFamily, ...]
    deflated: bytes
    checksum: Checksum

    @classmethod
    def concat(cls, lines: Iterable[RenderedFamily]) -> Piece:
        """Return these lines as a piece."""
        lines = tuple(lines)
        deflated = b"".join([one.deflated for one in lines])
        return cls(lines, deflated, concat((one.checksum, one.text) for one in lines))

    @classmethod
    def from_text(cls, text: bytes) -> Piece:
        """Return a text as a piece."""
        return cls.concat((RenderedFamily.from_blocks([Block.from_text(text)]),))


NOTHING: Final = Piece.concat(())
Make = Callable[[Snapshots, float, Mapping[str, Piece]], Mapping[Family, Piece]]
"""Make a block's pieces as of a time (monotonic), by family or name, given its previous pieces.

What did not change is the same object as before.
"""


class Column:
    """A family's pieces, one per block, below a tree of their checksums."""

    def __init__(self, blocks: int) -> None:
        self.pieces = [NOTHING] * blocks
        self._sums: list[list[Checksum]] = [[Checksum()] * blocks]
        while len(self._sums[-1]) > 1:
            self._sums.append([Checksum()] * math.ceil(len(self._sums[-1]) / _BRANCHES))

    @property
    def checksum(self) -> Checksum:
        """The checksum of all pieces together."""
        return self._sums[-1][0]

    def put(self, place: int, piece: Piece) -> bool:
        """Set a block's piece, and return whether it is a different one."""
        if self.pieces[place] is piece:
            return False
        self.pieces[place], self._sums[0][place] = piece, piece.checksum
        for below, level in zip(self._sums, self._sums[1:], strict=False):
            place //= _BRANCHES
            level[place] = reduce(or_, below[place * _BRANCHES : (place + 1) * _BRANCHES])
        return True


@dataclass(slots=True)
class Columns:
    """The columns of all families, for some accounts.

    Families are identified by name: one may be declared anew while the lines of the old one are still shown.

    Attributes:
        make: makes a block's pieces.
        version: the number of changes so far.

    """

    make: Make
    version: int = 0
    _order: Sequence[AccountKey] = ()
    _places: dict[AccountKey, int] = field(default_factory=dict)
    _columns: dict[str, Column] = field(default_factory=dict)
    _families: dict[str, Family] = field(default_factory=dict)
    _expires_at: list[float] = field(default_factory=list)

    @property
    def families(self) -> list[Family]:
        """The families that have lines."""
        return [family for name, family in self._families.items() if self._columns[name].checksum.length]

    def __getitem__(self, family: Family) -> Column:
        return self._columns[family.name]

    def outdated(self, changed: Iterable[AccountKey], store: Store, now: float) -> Blocks:
        """Return the blocks to be made again: those with accounts that changed, or with a reading that became stale."""
        if self._order is not store.order:
            self._settle(store.order)
        blocks = {self._places[key] // _ACCOUNTS for key in changed if key in self._places}
        blocks.update(number for number, expires_at in enumerate(self._expires_at) if now >= expires_at)
        return {
            number: [(key, store[key]) for key in self._order[number * _ACCOUNTS : (number + 1) * _ACCOUNTS]]
            for number in blocks
        }

    def update(self, blocks: Blocks, now: float) -> None:
        """Rebuild these blocks as of `now` (monotonic)."""
        is_changed = False
        for number, some in blocks.items():
            before = {name: column.pieces[number] for name, column in self._columns.items()}
            made = self.make(some, now, before)
            for family, piece in made.items():
                column = self._columns.get(family.name)
                if column is None:
                    column = self._columns[family.name] = Column(len(self._expires_at))
                is_changed |= column.put(number, piece) or self._families.get(family.name) is not family
                self._families[family.name] = family
            for name in before.keys() - {family.name for family in made}:
                is_changed |= self._columns[name].put(number, NOTHING)
            self._expires_at[number] = min(
                (state.stale_at for _, one in some for state in one.visible(now)), default=math.inf
            )
        self.version += is_changed

    def _settle(self, order: Sequence[AccountKey]) -> None:
        """Start over with other accounts, or another order; every block must be made."""
        self._order = order
        self._places = {key: place for place, key in enumerate(order)}
        self._columns, self._families = {}, {}
        self._expires_at = [-math.inf] * math.ceil(len(order) / _ACCOUNTS)
        self.version += 1
