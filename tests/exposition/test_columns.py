"""A change of one account is joined in its own block: what that takes does not grow with the number of accounts."""

from collections.abc import Mapping

import pytest

from exporter.exposition.columns import Columns, Piece, Snapshots
from exporter.metrics import Family
from exporter.metrics.own import ACCOUNT_UP, POLLS
from exporter.store.changes import Changes
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import checksum

BLOCK = 32


def accounts(number: int) -> list[AccountKey]:
    return [("netnut", str(one)) for one in range(number)]


class Making:
    """Makes a line for each account, and notes how many it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, snapshots: Snapshots, _now: float, before: Mapping[str, Piece]) -> Mapping[Family, Piece]:
        self.asked.append(len(snapshots))
        made = {}
        for family, value in ((ACCOUNT_UP, "failures"), (POLLS, "slice_count")):
            text = "".join(f"{key[1]} {getattr(one, value)}\n" for key, one in snapshots).encode()
            known = before.get(family.name)
            made[family] = known if known and known.lines and known.lines[0].text == text else Piece.from_text(text)
        return made


def updated(columns: Columns, store: Store, *changed: AccountKey) -> None:
    columns.update(columns.outdated(changed, store, 0.0), 0.0)


def text_of(columns: Columns) -> bytes:
    found = b""
    for family in columns.families:
        text = b"".join(lines.text for piece in columns[family].pieces for lines in piece.lines)
        assert columns[family].checksum == checksum(text)
        found += text
    return found


@pytest.mark.parametrize("number", [1, 31, 32, 33, 300, 5000])
def test_a_change_of_one_account_makes_its_block_anew_and_no_other(number: int) -> None:
    store, making = Store(accounts(number)), Making()
    columns = Columns(making)
    updated(columns, store)
    making.asked.clear()
    key, version = store.order[number // 2], columns.version

    store.restore(key, Snapshot(failures=7))
    updated(columns, store, key)

    assert len(making.asked) == 1
    assert making.asked[0] <= BLOCK
    assert columns.version == version + 1
    lines = [f"{name} {one.failures}\n" for (_, name), one in store]
    assert text_of(columns) == "".join([*lines, *(f"{name} 1\n" for _, name in store.order)]).encode()


def test_what_is_made_and_is_the_same_is_no_other_version() -> None:
    store, columns = Store(accounts(40)), Columns(Making())
    updated(columns, store)
    version = columns.version

    updated(columns, store, *store.order)

    assert columns.version == version


def test_accounts_that_come_and_go_are_all_made_anew() -> None:
    columns, store = Columns(Making()), Store()
    for some in (accounts(100), accounts(3), accounts(100)[::-1], []):
        store.reconfigure(dict.fromkeys(some, 1))
        updated(columns, store)

        assert text_of(columns).decode() == "".join(f"{name} {value}\n" for value in "01" for _, name in some)


def test_changes_are_told_since_a_number_each_account_once() -> None:
    changes, (one, other) = Changes(), accounts(2)
    changes.note(one, other)
    version = changes.version
    changes.note(one)
    changes.note(one)

    assert changes.since(version) == [one]
    assert changes.since(0) == [one, other]
    changes.keep([other])
    assert changes.since(0) == [other]
