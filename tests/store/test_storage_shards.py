"""What shards keep: each its own, also in one folder, and nothing of a time when there were more or fewer of them."""

from pathlib import Path

import pytest

from exporter.metrics import Sample, figures_of
from exporter.secret import EnvironmentSecret
from exporter.sharding import Shard
from exporter.store.files import Kept, Storage
from exporter.store.reading import Reading
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
    return whole.polled_by(shard)


def kept(customer: str) -> Kept:
    sample = Sample(PROLIFI_EVENT_COUNT, (customer, *["x"] * (len(PROLIFI_EVENT_COUNT.labels) - 1)), 7.0)
    return Kept(Reading(figures_of([sample])), None, asked_at=1.0, read_at=2.0)


def left_by(folder: Path, shard: Shard, customers: int = 1, name: str = "main") -> None:
    one, storage = account(shard, customers, name), Storage(folder)
    for number in range(one.slices):
        storage.write(one, number, kept(f"of {shard}"))


def found_by(folder: Path, shard: Shard, customers: int = 1) -> list[str]:
    """The customers of what a shard that is started now shows."""
    one, storage = account(shard, customers), Storage(folder)
    read = [storage.read(one, number) for number in range(one.slices)]
    return [sample.labels[0] for one in read if one for sample in one.reading.samples]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


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

    assert Storage(tmp_path).read(account(ONE), 0) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((ONE, 1), (Shard(0, 2), 1)),
        ((Shard(0, 2), 1), (ONE, 1)),
        ((Shard(1, 2), 1), (Shard(1, 3), 1)),
        ((Shard(1, 2), 1001), (Shard(1, 3), 1001)),
        ((Shard(1, 12), 1), (Shard(1, 3), 1001)),
        ((ONE, 1), (ONE, 1001)),
        ((ONE, 2001), (ONE, 1001)),
    ],
)
def test_what_was_kept_in_other_parts_is_neither_shown_nor_comes_back(
    before: tuple[Shard, int], after: tuple[Shard, int], tmp_path: Path
) -> None:
    left_by(tmp_path, *before)

    assert found_by(tmp_path, *after) == []
    assert names(tmp_path) == []
    assert found_by(tmp_path, *before) == []


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
