"""Which accounts changed, and in which order: who looks now and then asks for those since it looked last."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from exporter.store.snapshot import AccountKey


class Changes:
    """A number that rises with each change, and the number of each account's last one.

    Attributes:
        number: how many changes there were.

    """

    def __init__(self) -> None:
        self.number = 0
        self._accounts: dict[AccountKey, int] = {}

    def note(self, *accounts: AccountKey) -> None:
        """Note that these accounts changed."""
        for key in accounts:
            self.number += 1
            self._accounts.pop(key, None)
            self._accounts[key] = self.number

    def since(self, number: int) -> Iterable[AccountKey]:
        """Return the accounts that changed after a number, the last one first."""
        return [key for key, _ in takewhile(lambda one: one[1] > number, reversed(self._accounts.items()))]

    def keep(self, accounts: Iterable[AccountKey]) -> None:
        """Forget every other account."""
        wanted = set(accounts)
        self._accounts = {key: number for key, number in self._accounts.items() if key in wanted}
