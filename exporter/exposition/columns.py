"""The lines of all accounts.

Each family has a column, in which the lines are joined block by block. A block is a group of accounts. When an account
changes, only its own lines are made again. In the account's block, only families whose lines differ are joined again.
A tree combines the checksums of a column's blocks, so a change costs hardly more when there are many accounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final, Generic, TypeVar

from exporter.metrics import Family
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import Checksum, checksum, deflate
from exporter.textformat.lines import RenderedFamily

_ACCOUNTS: Final = 32
"""The number of accounts per block."""
_BRANCHES: Final = 2
"""The number of children per node of the tree."""

Snapshots = Sequence[tuple[AccountKey, Snapshot]]
"""Accounts' snapshots at one moment."""

_Lines = TypeVar("_Lines")
"""An account's lines of one family. New lines are compared with the previous lines to detect a change."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive lines of the page, deflated, and the checksum of their text."""

    deflated: bytes
    checksum: Checksum

    @classmethod
    def concat(cls, lines: Iterable[RenderedFamily]) -> Piece:
        """Join lines into one piece."""
        lines = tuple(lines)
        deflated = b"".join([one.deflated for one in lines])
        return cls(deflated, reduce(or_, [one.checksum for one in lines], Checksum()))

    @classmethod
    def from_text(cls, text: bytes) -> Piece:
        """Make a piece from a text."""
        return cls(deflate(text), checksum(text))


NOTHING: Final = Piece.concat(())


class Column:
    """A family's pieces, one per block, and a tree of their checksums."""

    def __init__(self, blocks: int) -> None:
        self.pieces = [NOTHING] * blocks
        self._sums: list[list[Checksum]] = [[Checksum()] * blocks]
        while len(self._sums[-1]) > 1:
            self._sums.append([Checksum()] * math.ceil(len(self._sums[-1]) / _BRANCHES))

    @property
    def checksum(self) -> Checksum:
        """The checksum of all pieces together."""
        return self._sums[-1][0]

    def put(self, place: int, piece: Piece) -> None:
        """Set the piece of the block at `place`, and update the tree of checksums."""
        self.pieces[place], self._sums[0][place] = piece, piece.checksum
        for below, level in zip(self._sums, self._sums[1:], strict=False):
            place //= _BRANCHES
            level[place] = reduce(or_, below[place * _BRANCHES : (place + 1) * _BRANCHES])


class Columns(Generic[_Lines]):
    """The columns of all families, for some accounts.

    Families are identified by name, because a reload may replace a family whose lines are still shown.

    Attributes:
        version: the number of changes so far.

    """

    def __init__(
        self,
        make: Callable[[AccountKey, Snapshot, float], Mapping[Family, _Lines]],
        join: Callable[[Sequence[_Lines]], Piece],
    ) -> None:
        """Start without lines.

        Args:
            make: makes an account's lines, as of a monotonic time.
            join: joins the lines of one family, for all accounts of a block.

        """
        self._make = make
        self._join = join
        self.version = 0
        self._next_expiry = -math.inf
        self._settle(())

    @property
    def families(self) -> list[Family]:
        """The families that have lines."""
        return [family for name, family in self._families.items() if self._columns[name].checksum.length]

    def __getitem__(self, family: Family) -> Column:
        return self._columns[family.name]

    def outdated(self, changed: Iterable[AccountKey], store: Store, now: float) -> Snapshots:
        """Return the accounts that changed, or whose reading has become stale. Their lines must be made again."""
        if self._order is not store.order:
            self._settle(store.order)
        keys = {key for key in changed if key in self._places}
        if now >= self._next_expiry:
            keys.update(key for key, expires_at in self._expires_at.items() if now >= expires_at)
        return [(key, store[key]) for key in sorted(keys, key=self._places.__getitem__)]

    def update(self, accounts: Snapshots, now: float) -> None:
        """Make these accounts' lines again, as of the monotonic time `now`."""
        made = [(key, self._make(key, snapshot, now)) for key, snapshot in accounts]
        differing = {one for key, lines in made for one in self._put(key, lines)}
        for name, number in differing:
            keys = self._order[number * _ACCOUNTS : (number + 1) * _ACCOUNTS]
            lines = [self._lines[key][name] for key in keys if name in self._lines[key]]
            self._columns[name].put(number, self._join(lines) if lines else NOTHING)
        self.version += bool(differing)
        self._expect_expiry(accounts, now)

    def _put(self, key: AccountKey, made: Mapping[Family, _Lines]) -> Iterable[tuple[str, int]]:
        """Set an account's lines. Return the family name and the block number of each piece to be joined again."""
        for family in made:
            if self._families.get(family.name) is not family:
                self._families[family.name] = family
                self._columns.setdefault(family.name, Column(math.ceil(len(self._order) / _ACCOUNTS)))
                self.version += 1
        before, after = self._lines[key], {family.name: lines for family, lines in made.items()}
        self._lines[key] = after
        number = self._places[key] // _ACCOUNTS
        return [(name, number) for name in before.keys() | after.keys() if before.get(name) != after.get(name)]

    def _expect_expiry(self, accounts: Snapshots, now: float) -> None:
        for key, snapshot in accounts:
            expires_at = min((one.stale_at for one in snapshot.visible(now)), default=math.inf)
            self._expires_at[key] = expires_at
            self._next_expiry = min(self._next_expiry, expires_at)
        if now >= self._next_expiry:
            self._next_expiry = min(self._expires_at.values(), default=math.inf)

    def _settle(self, order: Sequence[AccountKey]) -> None:
        """Start over with new accounts, or with the old accounts in a new order. All lines must be made again."""
        self._order = order
        self._places = {key: place for place, key in enumerate(order)}
        self._lines: dict[AccountKey, Mapping[str, _Lines]] = {key: {} for key in order}
        self._columns: dict[str, Column] = {}
        self._families: dict[str, Family] = {}
        self._expires_at = dict.fromkeys(order, -math.inf)
        self._next_expiry = -math.inf
        self.version += 1
