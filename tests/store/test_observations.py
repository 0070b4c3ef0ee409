"""The observations at counters that outlive the process."""

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
from exporter.store.observations import OBSERVATIONS_FILE, Observation, Observations, ObservationsByQuota

TEXT = st.text(st.characters(codec="utf-8"), max_size=MAX_LABEL_CHARACTERS)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
LOOK = st.builds(Observation, NUMBER, NUMBER)
LOOKS = st.builds(Observations, NUMBER, LOOK, LOOK)
ANY = st.dictionaries(st.tuples(st.tuples(TEXT, TEXT), st.builds(QuotaId, TEXT, TEXT, TEXT)), LOOKS)
ALL = Shard()
ONE = {
    (("netnut", "main"), QuotaId("traffic", "41/Residential", "GB")): Observations(
        1.0, Observation(2.0, 3.0), Observation(4.0, 5.5)
    )
}


def store(storage: Storage, observations: ObservationsByQuota, at: float = 10.0, shard: Shard = ALL) -> None:
    anyio.run(storage.store_observations, shard, observations, at)


@given(ANY)
def test_what_was_stored_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, observations: ObservationsByQuota
) -> None:
    folder = tmp_path_factory.mktemp("storage")
    store(Storage(folder), observations)

    assert Storage(folder).observations(ALL) == observations


def test_the_last_is_read_whichever_slot_it_is_in(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for count in range(3):
        store(storage, {key: one._replace(created=float(count)) for key, one in ONE.items()}, at=float(count))

        assert [one.created for one in storage.observations(ALL).values()] == [count]


def test_each_shard_has_its_own(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    store(storage, ONE, shard=Shard(0, 2))

    assert (storage.observations(Shard(0, 2)), storage.observations(Shard(1, 2)), storage.observations(ALL)) == (
        ONE,
        {},
        {},
    )


def test_only_one_process_stores(tmp_path: Path) -> None:
    first, second = Storage(tmp_path), Storage(tmp_path)
    store(first, ONE)

    with pytest.raises(FolderInUse):
        store(second, {})
    assert second.observations(ALL) == ONE


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
    (tmp_path / OBSERVATIONS_FILE).write_bytes(raw)

    assert Storage(tmp_path).observations(ALL) == {}
