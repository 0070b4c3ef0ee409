"""What shards keep: each its own, also in one folder; counters go on however the account is divided."""

import os
from functools import partial
from pathlib import Path

import anyio
import pytest

from exporter.metrics import figures_of
from exporter.quota import UNCLAIMED, Ledger, Member, QuotaId, Total
from exporter.secret import EnvironmentSecret
from exporter.sharding import Shard
from exporter.store.account_files import StoredAccount
from exporter.store.files import Storage
from exporter.store.stored_reading import StoredReading
from exporter.vendors.periods import UNKNOWN_SPAN
from exporter.vendors.prolifi.account import Prolifi
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT

ONE = Shard()


def account(shard: Shard, customers: int = 1, name: str = "main") -> Prolifi:
    whole = Prolifi.model_construct(
        vendor="prolifi",
        name=name,
        api_key=EnvironmentSecret("KEY"),
        customers=tuple(map(str, range(customers))),
    )
    return whole.for_shard(shard)


def stored(one: Prolifi, number: int, at: float = 1.0, customer: str = "c", consumed: float = 5.0) -> StoredReading:
    quota, labels = QuotaId("q", customer, ""), (customer, "e")
    ledger = Ledger(
        1.0, {quota: Total(consumed, 1.0, consumed)}, {number: {(quota, labels): Member(7, 7, UNKNOWN_SPAN, at)}}
    )
    sample = PROLIFI_EVENT_COUNT(7.0, customer_id=f"of {one.shard}", event_name="e")
    return StoredReading(at, at, figures_of([sample]), ledger=ledger)


def left_by(folder: Path, shard: Shard, customers: int = 1, name: str = "main") -> None:
    one, storage = account(shard, customers, name), Storage(folder)
    for number in range(one.slice_count):
        storage.write(one, number, stored(one, number, customer=f"c{number}"))
    storage.close()


def found_by(folder: Path, shard: Shard, customers: int = 1) -> list[str]:
    """The customers of what a shard that is started now shows."""
    found = Storage(folder).read(account(shard, customers))
    return [
        labels[0] for _, one in sorted(found.readings.items()) for values in one.figures.values() for labels in values
    ]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith(".lock"))


@pytest.mark.parametrize(
    ("shard", "customers", "files"),
    [
        (ONE, 1, ["prolifi-main.json"]),
        (ONE, 1001, ["prolifi-main+0of2.json", "prolifi-main+1of2.json"]),
        (Shard(0, 3), 1, ["prolifi-main+shard0of3.json"]),
        (Shard(2, 3), 1001, ["prolifi-main+shard2of3+0of2.json", "prolifi-main+shard2of3+1of2.json"]),
    ],
)
def test_a_file_says_whose_it_is(shard: Shard, customers: int, files: list[str], tmp_path: Path) -> None:
    left_by(tmp_path, shard, customers)

    assert names(tmp_path) == files
    assert found_by(tmp_path, shard, customers) == [f"of {shard}"] * len(files)


def test_shards_may_share_a_folder(tmp_path: Path) -> None:
    shards = [Shard(number, 12) for number in range(12)]
    for shard in shards:
        left_by(tmp_path, shard)

    assert [found_by(tmp_path, shard) for shard in shards] == [[f"of {shard}"] for shard in shards]
    assert len(names(tmp_path)) == 12


def test_shards_that_start_at_once_do_not_mind_that_another_tries_the_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_away_by_another(file: Path, mode: int) -> None:
        """What was made is gone again."""

    monkeypatch.setattr(Path, "touch", taken_away_by_another)

    assert Storage(tmp_path).read(account(ONE)) == StoredAccount()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((ONE, 1), (Shard(0, 2), 1)),
        ((Shard(0, 2), 1), (ONE, 1)),
        ((Shard(1, 2), 1), (Shard(2, 3), 1)),
        ((Shard(1, 2), 1001), (Shard(1, 3), 1001)),
        ((Shard(1, 12), 1), (Shard(1, 3), 1001)),
        ((ONE, 1), (ONE, 1001)),
        ((ONE, 2001), (ONE, 1001)),
    ],
)
@pytest.mark.parametrize("slot", ["", ".other"])
def test_of_another_division_counters_go_on_and_figures_are_not_shown(
    before: tuple[Shard, int], after: tuple[Shard, int], slot: str, tmp_path: Path
) -> None:
    left_by(tmp_path, *before)
    for name in names(tmp_path):
        (tmp_path / name).rename(tmp_path / f"{name}{slot}")

    found = Storage(tmp_path).read(account(*after))

    assert found.readings == {}
    assert {quota.subject for quota in found.ledger.totals} == {f"c{n}" for n in range(account(*before).slice_count)}
    assert set(found.ledger.members) == {UNCLAIMED}


def test_of_what_several_divisions_left_the_newest_counts(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for shard, at, consumed in ((Shard(0, 2), 30.0, 8.0), (Shard(1, 3), 20.0, 5.0), (ONE, 10.0, 3.0)):
        one = account(shard)
        storage.write(one, 0, stored(one, 0, at, consumed=consumed))

    found = Storage(tmp_path).read(account(ONE))

    assert [total.value for total in found.ledger.totals.values()] == [8.0]
    ((_, member),) = (item for group in found.ledger.members.values() for item in group.items())
    assert member.last_seen_at == 30.0


@pytest.mark.parametrize(
    ("before", "after", "is_old", "is_gone"),
    [
        ((ONE, 2001), (ONE, 1001), False, True),
        ((Shard(1, 3), 1), (Shard(1, 3), 1001), False, True),
        ((Shard(0, 2), 1), (Shard(0, 3), 1), False, False),
        ((Shard(0, 2), 1), (Shard(0, 3), 1), True, True),
        ((ONE, 1), (Shard(0, 3), 1), True, True),
        ((Shard(1, 3), 1), (Shard(0, 3), 1), True, False),
    ],
)
def test_what_another_division_left_is_removed_when_all_was_read_anew(
    before: tuple[Shard, int], after: tuple[Shard, int], is_old: bool, is_gone: bool, tmp_path: Path
) -> None:
    left_by(tmp_path, *before)
    left = names(tmp_path)
    for name in left if is_old else ():
        os.utime(tmp_path / name, (0, 0))
    one, storage = account(*after), Storage(tmp_path)

    async def store(*, is_complete: bool) -> set[str]:
        await storage.store(one, 0, stored(one, 0), is_complete=is_complete)
        return set(names(tmp_path))

    assert set(left) <= anyio.run(partial(store, is_complete=False))
    assert set(left).isdisjoint(anyio.run(partial(store, is_complete=True))) == is_gone


@pytest.mark.parametrize("started", [ONE, Shard(0, 2), Shard(1, 2), Shard(1, 4)])
def test_a_shard_that_starts_leaves_alone_what_is_not_its_own(started: Shard, tmp_path: Path) -> None:
    others = [Shard(2, 3), Shard(11, 12)]
    for other in others:
        left_by(tmp_path, other)
    left_by(tmp_path, Shard(1, 3), name="other")
    left_by(tmp_path, ONE, name="main1")
    (tmp_path / "notes+of mine.json").touch()
    before = names(tmp_path)

    assert found_by(tmp_path, started) == []
    assert names(tmp_path) == before
    assert [found_by(tmp_path, other) for other in others] == [[f"of {other}"] for other in others]
