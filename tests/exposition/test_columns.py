"""A change of one account is joined in its own block: what that takes does not grow with the number of accounts."""

from collections.abc import Mapping, Sequence

import pytest

from exporter.exposition.columns import Columns, Piece
from exporter.metrics import Family
from exporter.metrics.own import ACCOUNT_UP, POLLS
from exporter.store.changes import Changes
from exporter.store.snapshot import AccountKey, SliceState, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import checksum, inflate

BLOCK = 32


def accounts(number: int) -> list[AccountKey]:
    return [("netnut", str(one)) for one in range(number)]


class Making:
    """Makes two lines for each account, and notes whom it was asked for, and what it joined."""

    def __init__(self) -> None:
        self.asked: list[AccountKey] = []
        self.joined: list[int] = []
        self.columns = Columns(self.make, self.join)

    def make(self, key: AccountKey, snapshot: Snapshot, _now: float) -> Mapping[Family, bytes]:
        if snapshot.failures < 0:
            raise ValueError("cannot be made")
        self.asked.append(key)
        return {
            family: f"{key[1]} {value}\n".encode()
            for family, value in ((ACCOUNT_UP, snapshot.failures), (POLLS, snapshot.slice_count))
        }

    def join(self, lines: Sequence[bytes]) -> Piece:
        self.joined.append(len(lines))
        return Piece.from_text(b"".join(lines))


def updated(columns: Columns[bytes], store: Store, *changed: AccountKey) -> None:
    columns.update(columns.outdated(changed, store, 0.0), 0.0)


def text_of(columns: Columns[bytes]) -> bytes:
    found = b""
    for family in columns.families:
        text = b"".join(inflate(piece.deflated for piece in columns[family].pieces))
        assert columns[family].checksum == checksum(text)
        found += text
    return found


@pytest.mark.parametrize("number", [1, 31, 32, 33, 300, 5000])
def test_a_change_of_one_account_makes_its_lines_anew_and_joins_what_differs_in_its_block(number: int) -> None:
    store, making = Store(accounts(number)), Making()
    columns = making.columns
    updated(columns, store)
    making.asked.clear()
    making.joined.clear()
    key, version = store.order[number // 2], columns.version

    store.restore(key, Snapshot(failures=7))
    updated(columns, store, key)

    assert making.asked == [key]
    assert len(making.joined) == 1
    assert making.joined[0] <= BLOCK
    assert columns.version == version + 1
    lines = [f"{name} {one.failures}\n" for (_, name), one in store]
    assert text_of(columns) == "".join([*lines, *(f"{name} 1\n" for _, name in store.order)]).encode()


def test_what_is_made_and_is_the_same_is_no_other_version() -> None:
    store, columns = Store(accounts(40)), Making().columns
    updated(columns, store)
    version = columns.version

    updated(columns, store, *store.order)

    assert columns.version == version


def test_what_could_not_be_made_at_once_is_made_the_next_time() -> None:
    store, columns = Store(accounts(2)), Making().columns
    updated(columns, store)
    (one, other) = store.order
    store.restore(one, Snapshot(failures=7))
    store.restore(other, Snapshot(failures=-1))
    with pytest.raises(ValueError, match="cannot be made"):
        updated(columns, store, one, other)

    store.restore(other, Snapshot(failures=8))
    updated(columns, store, one, other)

    assert text_of(columns) == b"0 7\n1 8\n0 1\n1 1\n"


@pytest.mark.parametrize("is_asked_in_vain", [False, True])
def test_readings_that_become_stale_are_made_anew_once(is_asked_in_vain: bool) -> None:
    store, making = Store(accounts(40)), Making()
    for number, key in enumerate(store.order):
        store.restore(key, Snapshot(slices={0: SliceState(stale_at=10.0 + number)}))
    columns, keys = making.columns, [*store.order]
    updated(columns, store)
    for now, stale in ((9.0, []), (12.0, keys[:3]), (12.5, []), (13.0, keys[3:4]), (99.0, keys[4:])):
        making.asked.clear()
        if is_asked_in_vain:
            columns.outdated((), store, now)

        columns.update(columns.outdated((), store, now), now)

        assert making.asked == stale


def test_accounts_that_come_and_go_are_all_made_anew() -> None:
    columns, store = Making().columns, Store()
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
