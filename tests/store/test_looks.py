"""The looks at counters that outlive the process."""

import json
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_files import checked_text

from exporter.metrics import MAX_LABEL_CHARACTERS
from exporter.quota import QuotaId
from exporter.sharding import Shard
from exporter.store.files import FolderInUse, Storage
from exporter.store.looks import LOOKS_FILE, Look, Looks, LooksByQuota

TEXT = st.text(st.characters(codec="utf-8"), max_size=MAX_LABEL_CHARACTERS)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
LOOK = st.builds(Look, NUMBER, NUMBER)
LOOKS = st.builds(Looks, NUMBER, LOOK, LOOK)
ANY = st.dictionaries(st.tuples(st.tuples(TEXT, TEXT), st.builds(QuotaId, TEXT, TEXT, TEXT)), LOOKS)
ALL = Shard()
ONE = {(("netnut", "main"), QuotaId("traffic", "41/Residential", "GB")): Looks(1.0, Look(2.0, 3.0), Look(4.0, 5.5))}


def store(storage: Storage, looks: LooksByQuota, at: float = 10.0, shard: Shard = ALL) -> None:
    anyio.run(storage.store_looks, shard, looks, at)


@given(ANY)
def test_what_was_stored_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, looks: LooksByQuota) -> None:
    folder = tmp_path_factory.mktemp("storage")
    store(Storage(folder), looks)

    assert Storage(folder).looks(ALL) == looks


def test_the_last_is_read_whichever_slot_it_is_in(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for count in range(3):
        store(storage, {key: one._replace(created=float(count)) for key, one in ONE.items()}, at=float(count))

        assert [one.created for one in storage.looks(ALL).values()] == [count]


def test_each_shard_has_its_own(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    store(storage, ONE, shard=Shard(0, 2))

    assert (storage.looks(Shard(0, 2)), storage.looks(Shard(1, 2)), storage.looks(ALL)) == (ONE, {}, {})


def test_only_one_process_stores(tmp_path: Path) -> None:
    first, second = Storage(tmp_path), Storage(tmp_path)
    store(first, ONE)

    with pytest.raises(FolderInUse):
        store(second, {})
    assert second.looks(ALL) == ONE


ROW = ["netnut", "main", "traffic", "", "GB", 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no checksum",
        checked_text(b'{"version": 2}\n[]', {"asked_at": 1.0}),
        checked_text(b'{"version": 1}\n[[1]]', {"asked_at": 1.0}),
        checked_text(b'{"version": 1}\n{}', {}),
        checked_text(b'{"version": 1}\n[', {"asked_at": 1.0}),
        checked_text(b'{"version": 1}\n' + json.dumps([[*ROW[:-1], "x"]]).encode(), {"asked_at": 1.0}),
        checked_text(b'{"version": 1}\n' + json.dumps([[*ROW[:-1], float("inf")]]).encode(), {"asked_at": 1.0}),
        checked_text(b'{"version": 1}\n' + json.dumps([[*ROW, 6]]).encode(), {"asked_at": 1.0}),
    ],
)
def test_a_file_that_is_none_tells_of_nothing(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / LOOKS_FILE).write_bytes(raw)

    assert Storage(tmp_path).looks(ALL) == {}
