"""What outlives the process: a file an account, whole or not at all, and what becomes of one that cannot be used."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_files import checked, documents_of

from exporter.metrics import Sample, figures_of
from exporter.polling.pipeline import Brought, made
from exporter.quota import NO_QUOTAS, Quotas, reported
from exporter.secret import EnvironmentSecret
from exporter.store.files import Kept, Storage, Unusable
from exporter.store.reading import READING_FAMILIES, Reading
from exporter.store.snapshot import Snapshot
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.reply import Notes

MAIN = NetNut.model_construct(
    vendor="netnut",
    name="main",
    email="a@example.com",
    password=EnvironmentSecret("PASSWORD"),
    base_url="https://example.com",
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN = {"plan_id": "41", "product_type": "Residential"}


def kept(*samples: Sample) -> Kept:
    brought = Brought(0, samples, Notes(), as_of=500.0, asked_at=NOW, read_at=1002.0, stale_at=2000.0)
    polled = made(MAIN, brought, Snapshot())
    return Kept(polled.reading, polled.totals, asked_at=1000.0, read_at=1002.0)


SAMPLES = st.sampled_from(READING_FAMILIES).flatmap(
    lambda family: st.builds(
        Sample,
        st.just(family),
        st.tuples(*(st.text() for _ in family.labels)),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)


@given(st.lists(SAMPLES))
def test_what_was_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> None:
    storage, written = Storage(tmp_path_factory.mktemp("storage")), kept(*samples)

    storage.write(MAIN, 0, written)
    read = storage.read(MAIN, 0)

    assert read is not None
    assert (read.asked_at, read.read_at) == (1000.0, 1002.0)
    assert (read.reading.figures, read.reading.as_of) == (written.reading.figures, 500.0)
    assert (read.reading.quotas.consumed, read.reading.quotas.since) == (
        written.reading.quotas.consumed,
        written.reading.quotas.since,
    )


def test_what_configured_quotas_add_up_is_kept_too(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.write(MAIN, 0, Kept(Reading(dropped=3), Reading(quotas=Quotas(matched={"cap": 2})), 1.0, 2.0))

    read = storage.read(MAIN, 0)

    assert read is not None
    assert read.totals is not None
    assert (read.reading.dropped, read.totals.quotas.matched) == (3, {"cap": 2})


def test_nothing_was_written_so_nothing_is_read(tmp_path: Path) -> None:
    assert Storage(tmp_path / "made" / "here").read(MAIN, 0) is None


def test_a_file_is_for_its_owners_eyes_and_has_no_companion(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "storage")
    for _ in range(2):
        storage.write(MAIN, 0, kept(NETNUT_GB_USED(1, **PLAN)))

    (file,) = (tmp_path / "storage").iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("netnut-main.json", 0o600)
    assert (tmp_path / "storage").stat().st_mode & 0o777 == 0o700


def changed(raw: bytes, **changes: object) -> bytes:
    head, *bulk = documents_of(raw)
    return checked({**head, **changes}, *bulk)


def with_samples(raw: bytes, *samples: object) -> bytes:
    return checked(documents_of(raw)[0], {"of": "reading", "samples": samples})


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "damaged"),
    "cut short": (lambda raw: raw[:-1], "damaged"),
    "cut in the checksum": (lambda raw: raw[:40], "damaged"),
    "another figure": (lambda raw: raw.replace(b"7.5", b"8.5"), "damaged"),
    "no JSON": (lambda _: hashlib.sha256(b"x").hexdigest().encode() + b"\nx", "damaged"),
    "another shape": (lambda _: checked([]), "damaged"),
    "a part missing": (lambda raw: checked({"version": documents_of(raw)[0]["version"]}), "damaged"),
    "an older version": (lambda raw: changed(raw, version=1), "version"),
    "a family that is no more": (lambda raw: with_samples(raw, ["netnut_bytes", [], 1.0]), "version"),
    "a family with other labels": (lambda raw: with_samples(raw, ["netnut_gb_used", ["41"], 1.0]), "version"),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT)
def test_a_file_that_cannot_be_used_is_set_aside(spoil: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    storage, file = Storage(tmp_path), tmp_path / "netnut-main.json"
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7.5, **PLAN)))
    spoilt = spoil(file.read_bytes())
    file.write_bytes(spoilt)

    with pytest.raises(Unusable, match=reason):
        storage.read(MAIN, 0)

    assert storage.read(MAIN, 0) is None
    assert (tmp_path / "netnut-main.set-aside").read_bytes() == spoilt


@pytest.mark.parametrize(
    "change",
    [{"email": "b@example.com"}, {"base_url": "https://example.org"}, {"password": EnvironmentSecret("OTHER")}],
)
def test_a_reading_of_another_account_of_the_same_name_is_not_shown(change: dict[str, object], tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7.5, **PLAN)))

    with pytest.raises(Unusable, match="foreign"):
        storage.read(MAIN.model_copy(update=change), 0)


@pytest.mark.slow
def test_a_writer_that_is_killed_a_hundred_times_leaves_a_whole_reading_each_time(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "support" / "killed_writer.py"

    killed = subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True, text=True)

    assert int(killed.stdout) >= 100


def test_what_was_used_while_the_exporter_was_down_is_in_the_counter() -> None:
    before = reported(MAIN, figures_of([NETNUT_GB_USED(7, **PLAN)]), NOW, NO_QUOTAS)
    restored = kept_over_a_restart(Kept(Reading(quotas=before), None, 1.0, 2.0))

    after = reported(MAIN, figures_of([NETNUT_GB_USED(9, **PLAN)]), NOW, restored.reading.quotas)

    assert [one.total for one in after.consumed.values()] == [2.0]


def kept_over_a_restart(one: Kept) -> Kept:
    with TemporaryDirectory() as folder:
        Storage(Path(folder)).write(MAIN, 0, one)
        found = Storage(Path(folder)).read(MAIN, 0)
    assert found
    return found
