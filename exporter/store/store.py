"""The store: one snapshot per account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from exporter.errors import PollError
from exporter.quota import Ledger
from exporter.store.changes import Changes
from exporter.store.snapshot import AccountKey, SliceState, Snapshot


class Store:
    """One snapshot per account. Updates always replace whole snapshots.

    Attributes:
        order: the accounts, in the order of the configuration. It is a new object whenever the accounts change.
        changes: the accounts whose snapshots changed.

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

    def reconfigure(self, accounts: Mapping[AccountKey, int]) -> None:
        """Keep exactly these accounts, in this order and with these slice counts. New accounts get empty snapshots."""
        self._snapshots = {
            key: self._snapshots.get(key, _UNKNOWN).with_slice_count(slice_count)
            for key, slice_count in accounts.items()
        }
        self.order = tuple(self._snapshots)
        self.changes.keep(accounts)
        self.changes.note(*accounts)

    def rename(self, key: AccountKey, name: AccountKey, snapshot: Snapshot) -> None:
        """Give an account another name, and replace its snapshot."""
        del self._snapshots[key]
        self._snapshots[name] = snapshot

    def checkpoint(self) -> Callable[[], None]:
        """Save the store's current state, and return a function that restores it."""
        snapshots, order = self._snapshots.copy(), self.order

        def undo() -> None:
            self._snapshots = snapshots
            self.order = (*order,)  # a new object, because anything derived from the other one is outdated
            self.changes.keep(order)
            self.changes.note(*order)

        return undo

    def reset(self, key: AccountKey) -> None:
        """Replace an account's snapshot with an empty one."""
        self._replace(key, Snapshot(self[key].slice_count))

    def record_attempt(self, key: AccountKey, at: float) -> None:
        """Record that a poll began at the Unix time `at`."""
        self._replace(key, replace(self[key], attempted_at=at))

    def record_schedule(self, key: AccountKey, at: float) -> None:
        """Record that the next poll will begin at the Unix time `at`."""
        self._replace(key, replace(self[key], next_attempt_at=at))

    def record_success(
        self,
        key: AccountKey,
        state: SliceState,
        account_state: SliceState | None = None,
        number: int = 0,
        ledger: Ledger | None = None,
    ) -> None:
        """Record a good poll of a slice, and the slice's new state."""
        self._replace(key, self[key].with_success(number).with_reading(number, state, account_state, ledger))

    def restore(self, key: AccountKey, snapshot: Snapshot) -> None:
        """Replace an account's snapshot with a snapshot from storage, or with a snapshot adapted to new settings."""
        self._replace(key, snapshot)

    def record_failure(self, key: AccountKey, error: PollError, number: int = 0) -> None:
        """Record a failed poll. The last good reading is kept."""
        self._replace(key, self[key].with_failure(number, error))

    @property
    def ready(self) -> bool:
        """Whether every account has been polled at least once, successfully or not."""
        return all(snapshot.polled for snapshot in self._snapshots.values())

    def _replace(self, key: AccountKey, snapshot: Snapshot) -> None:
        self._snapshots[key] = snapshot
        self.changes.note(key)


_UNKNOWN: Final = Snapshot()
