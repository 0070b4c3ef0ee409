"""Tracks changes of accounts, so that each reader can ask which accounts changed since the reader last asked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from exporter.store.snapshot import AccountKey


class Changes:
    """A version that increases with each change, and the version of each account's last change.

    Attributes:
        version: the number of changes so far.

    """

    def __init__(self) -> None:
        self.version = 0
        self._accounts: dict[AccountKey, int] = {}

    def note(self, *accounts: AccountKey) -> None:
        """Record that these accounts changed."""
        for key in accounts:
            self.version += 1
            self._accounts.pop(key, None)
            self._accounts[key] = self.version

    def since(self, version: int) -> Iterable[AccountKey]:
        """Return the accounts that changed after a version. The account that changed last comes first."""
        return [key for key, _ in takewhile(lambda one: one[1] > version, reversed(self._accounts.items()))]

    def keep(self, accounts: Iterable[AccountKey]) -> None:
        """Forget all other accounts."""
        wanted = set(accounts)
        self._accounts = {key: version for key, version in self._accounts.items() if key in wanted}
