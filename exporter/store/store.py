"""What we know of every account: one snapshot each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from exporter.errors import PollError
from exporter.quota import Ledger
from exporter.store.changes import Changes
from exporter.store.snapshot import AccountKey, Part, Snapshot


class Store:
    """One snapshot for each account. Each assignment replaces one whole.

    Attributes:
        order: the accounts, in the order of the configuration; another object after each change of them.
        changes: which accounts' changed.

    """

    def __init__(self, accounts: Iterable[AccountKey] = ()) -> None:
        self._snapshots: dict[AccountKey, Snapshot] = dict.fromkeys(accounts, _UNKNOWN)
        self.order: Sequence[AccountKey] = tuple(self._snapshots)
        self.changes = Changes()

    def __getitem__(self, key: AccountKey) -> Snapshot:
        return self._snapshots[key]

    def __iter__(self) -> Iterator[tuple[AccountKey, Snapshot]]:
        """Yield accounts with their snapshots, in the order of the configuration."""
        return iter(list(self._snapshots.items()))

    def adopt(self, accounts: Mapping[AccountKey, int]) -> None:
        """Keep what is known of these accounts, each with its slices, in their order, and nothing of any other."""
        self._snapshots = {key: self._snapshots.get(key, _UNKNOWN).sliced(slices) for key, slices in accounts.items()}
        self.order = tuple(self._snapshots)
        self.changes.keep(accounts)
        self.changes.note(*accounts)

    def forget(self, key: AccountKey) -> None:
        """Know nothing of an account from now on until it is polled."""
        self._replace(key, Snapshot(self[key].slices))

    def attempted(self, key: AccountKey, at: float) -> None:
        """Note that a poll began at `at` (Unix time)."""
        self._replace(key, replace(self[key], attempted_at=at))

    def scheduled(self, key: AccountKey, at: float) -> None:
        """Note that the next poll will begin at `at` (Unix time)."""
        self._replace(key, replace(self[key], next_attempt_at=at))

    def succeeded(
        self,
        key: AccountKey,
        part: Part,
        whole: Part | None = None,
        number: int = 0,
        ledger: Ledger | None = None,
    ) -> None:
        """Show what is kept of a new reading."""
        self._replace(key, self[key].succeeded(number).read(number, part, whole, ledger))

    def restored(self, key: AccountKey, snapshot: Snapshot) -> None:
        """Show another snapshot of an account: what an earlier process left, or of quotas that are set otherwise."""
        self._replace(key, snapshot)

    def failed(self, key: AccountKey, error: PollError, number: int = 0) -> None:
        """Keep the last good reading, and note how the poll failed."""
        self._replace(key, self[key].failed(number, error))

    @property
    def ready(self) -> bool:
        """Whether every account was tried once."""
        return all(snapshot.polled for snapshot in self._snapshots.values())

    def _replace(self, key: AccountKey, snapshot: Snapshot) -> None:
        self._snapshots[key] = snapshot
        self.changes.note(key)


_UNKNOWN: Final = Snapshot()
