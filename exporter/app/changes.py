"""The changes that a new configuration makes to the accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.store.snapshot import AccountKey
from exporter.vendors import Account

_MOST_NAMED: Final = 10


class Changes(NamedTuple):
    """The accounts that a new configuration adds, removes, renames, or changes in another way."""

    added: Sequence[AccountKey]
    removed: Sequence[AccountKey]
    renamed: Sequence[AccountKey]
    changed: Sequence[AccountKey]

    @classmethod
    def between(cls, before: Mapping[AccountKey, Account], after: Mapping[AccountKey, Account]) -> Changes:
        """Return the differences between two sets of accounts. Renamed accounts appear under their new name."""
        renamed = dict(renames(before, after.values()))
        kept = before.keys() & after.keys()
        return cls(
            sorted(after.keys() - kept - renamed.keys()),
            sorted(before.keys() - kept - set(renamed.values())),
            sorted(renamed),
            sorted(key for key in kept if before[key] != after[key]),
        )

    def fields(self) -> dict[str, str]:
        """Return the fields of a log line.

        Each field is a kind of change that occurred, with the names of the first few accounts that changed in this way.
        """
        return {kind: _listed(keys) for kind, keys in self._asdict().items() if keys}


def renames(before: Mapping[AccountKey, Account], after: Iterable[Account]) -> Iterator[tuple[AccountKey, AccountKey]]:
    """Yield (new key, former key) for each new account whose `was` names an account in `before`."""
    for account in after:
        former = account.former
        if former and former.key in before and account.key not in before:
            yield account.key, former.key


def _listed(keys: Sequence[AccountKey]) -> str:
    names = [f"{vendor}/{name}" for vendor, name in keys[:_MOST_NAMED]]
    return ", ".join(names) + (f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else "")
