"""Names in a reading: they are no figures, they make room for those, and go once none are wanted."""

from datetime import UTC, datetime

import pytest
from quota_samples import company, entitlement, read_account, setting

from exporter.metrics import Family, Sample
from exporter.metrics.quota import QUOTA_SUBJECT_INFO
from exporter.polling.pipeline import PollResult, ProcessedPoll, process, reconfigure, restore
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.vendors import Account
from exporter.vendors.prolifi.families import PROLIFI_CUSTOMER_INFO, PROLIFI_ENTITLEMENT_INFO
from exporter.vendors.reply import Diagnostics

SEATS = PROLIFI_ENTITLEMENT_INFO(1, customer_id="c1", feature="seats", name="Seats")
NAMED = {QUOTA_SUBJECT_INFO, PROLIFI_CUSTOMER_INFO, PROLIFI_ENTITLEMENT_INFO}
QUOTAS = setting(metric="prolifi_entitlement_used", by="[feature]")


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def account(*, names: bool) -> Account:
    return read_account("prolifi", f"entitlements: true, names: {str(names).lower()}, {QUOTAS}")


def polled(one: Account, *, names: bool = True) -> ProcessedPoll:
    samples = [*entitlement(3, 9), *([SEATS, company("c1", "Shop")] if names else [])]
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    return process(one, PollResult(0, samples, Diagnostics(), None, now, 1002.0, 2000.0), Snapshot())


def snapshot_of(found: ProcessedPoll) -> Snapshot:
    return Snapshot().with_reading(0, found.state, found.account_state, found.ledger)


def named(snapshot: Snapshot) -> set[Family]:
    rendered = {family for state in snapshot.visible(0.0) for family in state.rendered}
    return {family for family in NAMED if family in rendered}


@pytest.mark.parametrize("stored", [False, True], ids=["after a reload", "after a restart"])
def test_a_reading_from_before_shows_no_names_where_none_are_wanted_now(stored: bool) -> None:
    before = polled(account(names=True))
    reading = StoredReading(1000.0, 1002.0, before.figures, before.state.quotas, before.state.contributions)
    after = {
        names: restore(account(names=names), Snapshot(), {0: reading}, before.ledger, 1010.0, 2000.0)
        if stored
        else reconfigure(account(names=names), snapshot_of(before))
        for names in (True, False)
    }
    without = snapshot_of(polled(account(names=False), names=False))

    assert named(after[True]) == named(snapshot_of(before)) == NAMED
    assert {one.subject_name for one in before.state.quotas} == {"Shop"}
    assert named(after[False]) == set()
    assert after[True].series == snapshot_of(before).series
    assert after[False].series == without.series == after[True].series - 4


@pytest.mark.parametrize(
    ("room", "names", "quotas"),
    [
        pytest.param(13, NAMED, 2, id="all of it"),
        pytest.param(12, {QUOTA_SUBJECT_INFO, PROLIFI_CUSTOMER_INFO}, 2, id="the vendor's names go first"),
        pytest.param(11, {QUOTA_SUBJECT_INFO}, 2, id="all of them"),
        pytest.param(10, {QUOTA_SUBJECT_INFO}, 2, id="then its figures"),
        pytest.param(6, set(), 2, id="quotas stay, and lose their names"),
        pytest.param(5, set(), 1, id="a quota goes last"),
    ],
)
def test_where_there_is_no_room_names_go_before_figures_and_quotas(room: int, names: set[Family], quotas: int) -> None:
    one = read_account("prolifi", f"entitlements: true, names: true, max_series: {room}")
    samples = [*entitlement(3, 9), *entitlement(4, None, None, customer="c2"), SEATS, company("c1", "Shop")]
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    found = process(one, PollResult(0, samples, Diagnostics(), None, now, 1002.0, 2000.0), Snapshot())

    assert len(found.state.quotas) == quotas
    assert named(snapshot_of(found)) == names
    assert found.state.series <= room


@pytest.mark.parametrize("samples", [[SEATS], [company("c1", "Shop")], []])
def test_names_alone_are_no_reading(samples: list[Sample]) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    result = PollResult(0, samples, Diagnostics(), None, now, 1002.0, 2000.0)

    assert process(account(names=True), result, Snapshot()).is_empty
