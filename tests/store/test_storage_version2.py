"""Files of version 2, as an earlier version wrote them: their figures and counters are carried over, once."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stored_files import checked, documents_of

from exporter.cli import demo
from exporter.config import parse
from exporter.metrics import Figures
from exporter.quota import SliceFigures, read_quotas
from exporter.store.account_files import StoredAccount
from exporter.store.files import Storage
from exporter.vendors import Account

RECORDED = Path(__file__).parent / "version2"
VENDORS = ("netnut", "ionos", "prolifi", "planship")
LATER = datetime(2026, 11, 29, 1, tzinfo=UTC)


def account_of(vendor: str, change: Callable[[str], str] = str) -> Account:
    text = change(demo.configuration("http://127.0.0.1:10925", "2s", ["acme"]))
    (found,) = [one for one in parse(text.encode(), Path()).accounts if one.vendor == vendor]
    return found


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDED, tmp_path / "storage"))


def read(folder: Path, account: Account) -> StoredAccount:
    storage = Storage(folder)
    try:
        return storage.read(account)
    finally:
        storage.close()


def recorded_counters(vendor: str) -> list[tuple[float, float]]:
    """What each counter held, and the figure up to which."""
    _, *lines = documents_of((RECORDED / f"{vendor}-acme.json").read_bytes())
    rows = [
        row
        for line in lines
        if line["of"] == ("totals" if vendor == "ionos" else "reading")
        for row in line.get("consumed", ())
    ]
    return sorted((total, counted) for _, total, counted, *_ in rows)


def risen(figures: Figures, by: float) -> Figures:
    return {family: {labels: value + by for labels, value in values.items()} for family, values in figures.items()}


@pytest.mark.parametrize("vendor", VENDORS)
def test_figures_and_counters_are_carried_over(vendor: str, folder: Path) -> None:
    stored = read(folder, account_of(vendor))

    assert (stored.invalid, stored.errors) == ([], [])
    assert stored.readings[0].figures
    totals = [total for total in stored.ledger.totals.values() if total.shown is not None]
    assert all(total.shown == total.value for total in totals)
    assert sorted(total.value for total in totals) == [total for total, _ in recorded_counters(vendor)]


@pytest.mark.parametrize("vendor", ["netnut", "ionos", "prolifi"])
def test_counters_go_on_from_there(vendor: str, folder: Path) -> None:
    account = account_of(vendor)
    stored = read(folder, account)
    before = stored.ledger
    dated = [period.end for period in account.plan_periods] + [period.start for period in account.plan_periods]
    used = {family: values for family, values in stored.readings[0].figures.items() if family not in dated}
    dates = {family: values for family, values in stored.readings[0].figures.items() if family in dated}

    after = read_quotas(account, SliceFigures(0, {**risen(used, 5), **dates}, LATER), (), before).ledger

    members = {key for one in before.members.values() for key in one}
    assert {quota: after.totals[quota].value - before.totals[quota].value for quota, _ in members} == {
        quota: pytest.approx(5 * sum(key[0] == quota for key in members)) for quota, _ in members
    }


def test_a_period_that_had_begun_and_a_correction_are_known(folder: Path) -> None:
    path = folder / "netnut-acme.json"
    head, *lines = documents_of(path.read_bytes())
    for line in lines:
        for row in line.get("consumed", ()):
            if row[0][1] == "410692":
                row[1:4], row[7] = [100.0, 720.0, 716.34], 90.0
    path.write_bytes(checked(head, *lines))

    ledger = read(folder, account_of("netnut")).ledger

    ((key, member),) = [
        (key, one)
        for group in ledger.members.values()
        for key, one in group.items()
        if "410692" in key[0].subject.split("/")
    ]
    assert (key[0].subject, member.high_water, member.last, member.late_rise) == (
        "410692/Residential",
        720.0,
        716.34,
        10.0,
    )


def other(text: str) -> Callable[[str], str]:
    before, _, after = text.partition(" -> ")
    return lambda config: config.replace(before, after)


@pytest.mark.parametrize(
    ("vendor", "change"),
    [
        ("netnut", other("acme@example.com -> other@example.com")),
        ("ionos", other("${ACME_IONOS_TOKEN} -> ${ACME_NETNUT_PASSWORD}")),
        ("prolifi", other("10925/prolifi -> 10926/prolifi")),
        ("planship", other("sandbox-acme-client -> another")),
    ],
)
def test_a_file_of_another_account_is_set_aside(vendor: str, change: Callable[[str], str], folder: Path) -> None:
    stored = read(folder, account_of(vendor, change))

    assert (stored.invalid, stored.readings, stored.ledger.totals) == (["foreign"], {}, {})
    assert (folder / f"{vendor}-acme.set-aside").exists()


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        (str, True),
        (other("limit: 20000 -> limit: 30000"), True),
        (other('{meter_id: "C0.*"} -> {meter_id: "C01.*"}'), False),
        (other("by: [contract] -> by: [contract, meter_id]"), False),
        (other("name: core-hours -> name: hours"), False),
    ],
    ids=["the same", "another limit", "other series", "other subjects", "another name"],
)
def test_a_quota_that_is_made_of_something_else_begins_anew(
    change: Callable[[str], str], goes_on: bool, folder: Path
) -> None:
    path = folder / "ionos-acme.json"
    head, *lines = documents_of(path.read_bytes())
    for line in lines:
        for row in line.get("consumed", ()):
            row[1] = 77.0
    path.write_bytes(checked(head, *lines))

    totals = read(folder, account_of("ionos", change)).ledger.totals.values()

    assert {one.value for one in totals} == {77.0 if goes_on else 0.0}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda head, lines: checked({**head, "reading": None}, *lines),
        lambda head, lines: checked({**head, "asked_at": "now"}, *lines),
        lambda head, _: checked(head, {"of": "reading", "consumed": [[["traffic", "1"], 1.0]]}),
        lambda head, _: checked(head, {"of": "reading", "samples": [["netnut_gb_used", ["1", "x"], None]]}),
        lambda head, _: checked(head, ["no line"]),
    ],
)
def test_one_that_is_not_what_was_written_is_set_aside(
    spoil: Callable[[object, list[object]], bytes], folder: Path
) -> None:
    path = folder / "netnut-acme.json"
    head, *lines = documents_of(path.read_bytes())
    path.write_bytes(spoil(head, lines))

    assert read(folder, account_of("netnut")).invalid == ["damaged"]
