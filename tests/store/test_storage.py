"""What outlives the process: a file an account, whole or not at all, and what becomes of one that cannot be used."""

import hashlib
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quota_samples import Watched, shown
from stored_files import checked, checked_text, documents_of

from exporter.metrics import Labels, Sample
from exporter.polling.pipeline import PollResult, process
from exporter.quota import Contribution, Definition, Ledger, Quota, QuotaId, Sum, Total
from exporter.secret import EnvironmentSecret, FileSecret
from exporter.store.account_files import StoredAccount
from exporter.store.files import FolderInUse, Storage
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.periods import Span
from exporter.vendors.reply import Diagnostics

MAIN = NetNut.model_construct(
    vendor="netnut",
    name="main",
    email="a@example.com",
    password=EnvironmentSecret("PASSWORD"),
    base_url="https://example.com",
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN = {"plan_id": "41", "product_type": "Residential"}


def kept(*samples: Sample) -> StoredReading:
    brought = PollResult(0, samples, Diagnostics(), as_of=500.0, asked_at=NOW, read_at=1002.0, stale_at=2000.0)
    polled = process(MAIN, brought, Snapshot())
    return StoredReading(
        1000.0,
        1002.0,
        polled.figures,
        polled.state.quotas,
        polled.state.contributions,
        polled.ledger.slice_part(0),
        500.0,
        3,
    )


def stored(storage: Storage) -> StoredReading:
    return storage.read(MAIN).readings[0]


SAMPLES = st.sampled_from(MAIN.reported).flatmap(
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

    assert stored(storage) == written


def test_what_slices_add_to_configured_quotas_is_kept_too(tmp_path: Path) -> None:
    sums: dict[Labels, Sum] = {("a", ""): Sum(5.0, 2, frozenset({("GB",)}), frozenset({Span(1.0, None)}))}
    partial: frozenset[tuple[str | None, ...]] = frozenset({(None, "x")})
    contributions = {"cap": Contribution("made of", Span(1.0, 2.0), sums, partial)}
    ledger = Ledger(5.0, {}, {0: {}}, {"cap": Definition("made of", 5.0)})
    written, storage = StoredReading(1.0, 2.0, contributions=contributions, ledger=ledger), Storage(tmp_path)

    storage.write(MAIN, 0, written)

    assert stored(storage) == written


def test_levels_and_the_names_of_subjects_are_kept_too(tmp_path: Path) -> None:
    identity = QuotaId("cores", "1", "cores")
    quotas = tuple(
        Quota(identity._replace(name=f"{is_level} {name}"), 3.0, 5.0, Span(None, None), is_level, name)
        for is_level in (True, False)
        for name in ("", "Shop", "\ufffd{{ x }}")
    )
    names: dict[Labels, str] = {("1",): "Shop"}
    contributions = {
        "cap": Contribution("made of", Span(1.0, 2.0), {("1",): Sum(5.0, 2, frozenset(), frozenset())}, names=names)
    }
    ledger = Ledger(5.0, {}, {0: {}}, {"cap": Definition("made of", 5.0)})
    written, storage = StoredReading(1.0, 2.0, {}, quotas, contributions, ledger), Storage(tmp_path)

    storage.write(MAIN, 0, written)

    assert stored(storage) == written


@pytest.mark.parametrize(("more", "is_level"), [([], False), ([True], True), ([True, ""], True)])
def test_a_file_that_was_written_before_there_were_names_is_read(
    more: list[object], is_level: bool, tmp_path: Path
) -> None:
    storage = Storage(tmp_path)
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7.5, **PLAN)))
    file = tmp_path / "netnut-main.json"
    row = ["traffic", "41/Residential", "GB", 7.5, None, None, None, *more]
    file.write_bytes(with_rows(file.read_bytes(), "quotas", *row))

    (quota,) = stored(storage).quotas

    assert quota == Quota(QuotaId("traffic", "41/Residential", "GB"), 7.5, None, Span(), is_level)


def test_nothing_was_written_so_nothing_is_read(tmp_path: Path) -> None:
    assert Storage(tmp_path / "made" / "here").read(MAIN) == StoredAccount()


def test_a_file_is_for_its_owners_eyes_and_has_no_companion(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "storage")
    for _ in range(2):
        storage.write(MAIN, 0, kept(NETNUT_GB_USED(1, **PLAN)))

    lock, file = sorted((tmp_path / "storage").iterdir())
    assert lock.name == ".lock"
    assert (file.name, file.stat().st_mode & 0o777) == ("netnut-main.json", 0o600)
    assert (tmp_path / "storage").stat().st_mode & 0o777 == 0o700


def changed(raw: bytes, **changes: object) -> bytes:
    head, *bulk = documents_of(raw)
    return checked({**head, **changes}, *bulk)


def with_samples(raw: bytes, *samples: object) -> bytes:
    return checked(documents_of(raw)[0], {"samples": samples})


def with_rows(raw: bytes, kind: str, *row: object) -> bytes:
    return checked(documents_of(raw)[0], {kind: [row]})


MEMBER = ["traffic", "41", "GB", ["41", "Residential"], 7.5, 7.5, 1.0, 0.0, False, False, None, None, None, None, 0.0]


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "damaged"),
    "cut short": (lambda raw: raw[:-1], "damaged"),
    "cut in the checksum": (lambda raw: raw[:40], "damaged"),
    "another figure": (lambda raw: raw.replace(b"7.5", b"8.5"), "damaged"),
    "no JSON": (lambda _: hashlib.sha256(b"x").hexdigest().encode() + b"\nx", "damaged"),
    "another shape": (lambda _: checked([]), "damaged"),
    "a part missing": (lambda raw: checked({"version": documents_of(raw)[0]["version"]}), "damaged"),
    "an older version": (lambda raw: changed(raw, version=1), "version"),
    "a time that is none": (lambda raw: changed(raw, asked_at=None), "damaged"),
    "a time without end": (lambda raw: changed(raw, asked_at=math.inf), "damaged"),
    "a flag for a number": (lambda raw: changed(raw, read_at=True), "damaged"),
    "no such slice": (lambda raw: changed(raw, slice=[1, 1]), "damaged"),
    "less than nothing left out": (lambda raw: changed(raw, dropped=-1), "damaged"),
    "another account's": (lambda raw: changed(raw, account="other"), "foreign"),
    "another vendor's": (lambda raw: changed(raw, vendor="ionos"), "foreign"),
    "nested without end": (lambda _: checked_text(b'{"version": 3, "x": ' + b"[" * 100_000), "damaged"),
    "a figure that is none": (lambda raw: with_samples(raw, ["netnut_gb_used", ["41", "R"], math.nan]), "damaged"),
    "a label that no page has": (lambda raw: with_samples(raw, ["netnut_gb_used", ["\x00", "R"], 1.0]), "damaged"),
    "a label without end": (lambda raw: with_samples(raw, ["netnut_gb_used", ["x" * 300, "R"], 1.0]), "damaged"),
    "a label that is a number": (lambda raw: with_samples(raw, ["netnut_gb_used", [41, "R"], 1.0]), "damaged"),
    "a counter below a number": (
        lambda raw: with_rows(raw, "totals", "q", "s", "", "5", 0, None, None, None),
        "damaged",
    ),
    "a member that lacks a part": (lambda raw: with_rows(raw, "members", *MEMBER[:-1]), "damaged"),
    "a member with more": (lambda raw: with_rows(raw, "members", *MEMBER, 1), "damaged"),
    "a member whose figure is text": (lambda raw: with_rows(raw, "members", *MEMBER[:4], "7", *MEMBER[5:]), "damaged"),
    "a quota that is none": (lambda raw: with_rows(raw, "quotas", "q"), "damaged"),
    "a figure of no family that is none": (lambda raw: with_samples(raw, ["netnut_bytes", [], None]), "damaged"),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT)
def test_a_file_that_cannot_be_used_is_set_aside(spoil: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    storage, file = Storage(tmp_path), tmp_path / "netnut-main.json"
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7.5, **PLAN)))
    spoilt = spoil(file.read_bytes())
    file.write_bytes(spoilt)

    found = storage.read(MAIN)

    assert (found.invalid, found.readings, found.ledger) == ([reason], {}, Ledger())
    assert storage.read(MAIN) == StoredAccount()
    assert (tmp_path / "netnut-main.set-aside").read_bytes() == spoilt


@pytest.mark.parametrize("other", [["netnut_bytes", [], 1.0], ["netnut_gb_used", ["41"], 1.0]])
def test_a_family_that_is_no_more_is_left_out_and_the_rest_is_kept(other: object, tmp_path: Path) -> None:
    storage, file = Storage(tmp_path), tmp_path / "netnut-main.json"
    counted = QuotaId("traffic", "41/Residential", "GB")
    ledger = Ledger(5.0, {counted: Total(12.5, 5.0)}, {0: {}})
    storage.write(MAIN, 0, replace(kept(NETNUT_GB_USED(7.5, **PLAN)), ledger=ledger))
    head, *bulk = documents_of(file.read_bytes())
    file.write_bytes(checked(head, *bulk, {"samples": [other]}))

    found = storage.read(MAIN)

    assert found.invalid == []
    assert [dict(one.figures) for one in found.readings.values()] == [{NETNUT_GB_USED: {("41", "Residential"): 7.5}}]
    assert found.ledger.totals == {counted: Total(12.5, 5.0)}


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"email": "b@example.com"}, False),
        ({"base_url": "https://example.org"}, False),
        ({"password": EnvironmentSecret("OTHER")}, True),
        ({"password": None, "password_file": FileSecret(Path("password"))}, True),
        ({"email": None, "token": EnvironmentSecret("TOKEN")}, False),
    ],
)
def test_a_reading_is_of_whoever_signs_in_however_that_is_written(
    change: dict[str, object], is_same: bool, tmp_path: Path
) -> None:
    storage = Storage(tmp_path)
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7.5, **PLAN)))

    found = storage.read(MAIN.model_copy(update=change))

    assert (len(found.readings), found.invalid) == ((1, []) if is_same else (0, ["foreign"]))


def test_where_there_is_only_a_key_its_place_counts_however_it_is_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = [FileSecret(Path("key")), FileSecret(tmp_path / "key"), FileSecret(Path("other"))]
    accounts = [MAIN.model_copy(update={"email": None, "token_file": key, "token": None}) for key in keys]
    storage = Storage(tmp_path / "storage")
    storage.write(accounts[0], 0, kept(NETNUT_GB_USED(7.5, **PLAN)))

    assert [len(storage.read(one).readings) for one in accounts] == [1, 1, 0]


@pytest.mark.slow
def test_a_writer_that_is_killed_a_hundred_times_leaves_a_whole_reading_each_time(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "support" / "killed_writer.py"

    killed = subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True, text=True)

    assert int(killed.stdout) >= 100


def test_what_was_used_while_the_exporter_was_down_is_in_the_counter(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7, **PLAN)))

    after = Watched(MAIN, storage.read(MAIN).ledger)
    after.read(0, [NETNUT_GB_USED(9, **PLAN)], NOW)

    assert list(after.consumed.values()) == [2.0]
    assert [one["consumed_total"] for one in shown(after).values()] == [2.0]


def test_another_process_that_writes_is_left_alone_until_it_ends(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from test_storage import MAIN, Storage, kept;"
        " Storage(Path(sys.argv[1])).write(MAIN, 0, kept()); print(flush=True); input()"
    )
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    storage = Storage(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(FolderInUse):
            storage.write(MAIN, 0, kept())
        other.communicate(b"\n")

    storage.write(MAIN, 0, kept())


@pytest.mark.parametrize(
    ("mode", "warns"), [(0o700, False), (0o750, False), (0o770, True), (0o777, True), (0o1777, False)]
)
def test_a_folder_that_others_may_change_is_told(mode: int, warns: bool, tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    folder.mkdir()
    folder.chmod(mode)

    assert bool(Storage(folder).warning) == warns


@pytest.mark.parametrize("name", ["netnut-main.json", "netnut-main.json.other"])
@pytest.mark.parametrize(
    "put",
    [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)],
    ids=["pipe", "endless", "loop"],
)
def test_what_is_no_file_of_ours_holds_nothing_up_and_makes_room(
    put: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    put(tmp_path / name)
    storage = Storage(tmp_path)

    assert not storage.read(MAIN).readings
    storage.write(MAIN, 0, kept())
    storage.write(MAIN, 0, replace(kept(NETNUT_GB_USED(7.5, **PLAN)), asked_at=2000.0))

    assert stored(storage).asked_at == 2000.0
    assert all(one.is_file() and not one.is_symlink() for one in tmp_path.glob("netnut-main.json*"))


def test_a_folder_that_is_moved_while_it_is_used_is_still_the_same(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "storage")
    (tmp_path / "storage").rename(tmp_path / "away")

    storage.write(MAIN, 0, kept())

    assert (tmp_path / "away" / "netnut-main.json").exists()


def test_a_folder_that_is_made_anew_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    storage = Storage(folder)
    storage.write(MAIN, 0, kept())
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError):
        storage.write(MAIN, 0, kept())
    folder.mkdir()

    storage.write(MAIN, 0, kept())

    assert Storage(folder).read(MAIN).readings
