"""What outlives the process: a reading is read as it was written, by the account that it belongs to."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quota_samples import Watched, shown
from stored_accounts import MAIN, NOW, PLAN, kept, stored
from stored_files import with_rows

from exporter.metrics import Labels, Sample
from exporter.quota import Contribution, Definition, Ledger, Quota, QuotaId, Sum
from exporter.secret import EnvironmentSecret, FileSecret
from exporter.store.files import Storage
from exporter.store.stored_reading import StoredReading
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.periods import Span

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
