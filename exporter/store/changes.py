"""Which accounts changed, and in which order: who looks now and then asks for those since it looked last."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from exporter.store.snapshot import AccountKey


class Changes:
    """A version that rises with each change, and the one of each account's last.

    Attributes:
        version: how many changes there were.

    """

    def __init__(self) -> None:
        self.version = 0
        self._accounts: dict[AccountKey, int] = {}

    def note(self, *accounts: AccountKey) -> None:
        """Note that these accounts changed."""
        for key in accounts:
            self.version += 1
            self._accounts.pop(key, None)
            self._accounts[key] = self.version

    def since(self, version: int) -> Iterable[AccountKey]:
        """Return the accounts that changed after a version, the last one first."""
        return [key for key, _ in takewhile(lambda one: one[1] > version, reversed(self._accounts.items()))]

    def keep(self, accounts: Iterable[AccountKey]) -> None:
        """Forget every other account."""
        wanted = set(accounts)
        self._accounts = {key: version for key, version in self._accounts.items() if key in wanted}
