"""From reading to reading: counters that go on, members that leave and join, and what is withheld."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from quota_samples import END, NOW, START, Watched, entitlement, meter, plan, read_account, setting, shown

from exporter.metrics import EndedPeriod, Item
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def counters(watched: Watched) -> dict[str, float]:
    return {subject: one["consumed_total"] for (_, subject, _), one in shown(watched).items()}


def test_the_counter_goes_on_from_reading_to_reading_and_over_a_gap() -> None:
    netnut, totals = Watched(read_account("netnut")), []
    readings: list[Sequence[Item]] = [plan(800), plan(810), [], plan(830), plan(3, plan_id="42")]
    for day, samples in enumerate(readings):
        netnut.read(0, samples, NOW.replace(day=21 + day))
        totals.append(counters(netnut))

    assert totals == [{"41/Residential": 0}, {"41/Residential": 10}, {}, {"41/Residential": 30}, {"42/Residential": 0}]


def test_the_first_value_shown_is_0_and_what_was_used_since_comes_with_the_next() -> None:
    netnut, values = Watched(read_account("netnut")), []
    netnut.read(0, plan(990), START.replace(day=9))
    for day, used in ((11, 40), (12, 45), (13, 45)):
        netnut.read(0, plan(used, plan_id="42"), START.replace(day=day))
        values.append(counters(netnut)["42/Residential"])

    assert values == [0, 45, 45]


def events(*counts: float | None) -> list[Item]:
    """Counts of the customers A, B and so on; None is a customer who is not there."""
    return [
        PROLIFI_EVENT_COUNT(count, customer_id=customer, event_name="e")
        for customer, count in zip("ABCD", counts, strict=False)
        if count is not None
    ]


def test_a_member_that_leaves_takes_nothing_away_and_hides_nobodys_use() -> None:
    account = Watched(
        read_account("prolifi", "window: month, " + setting(metric="prolifi_event_count", period="month"))
    )
    totals = []
    for hour, counts in enumerate([(1000, 10), (1100, 20), (None, 20), (None, 520), (None, 1220)]):
        account.read(0, events(*counts), NOW + timedelta(hours=hour))
        totals.append(counters(account)["a"])

    assert totals == [0, 110, 110, 610, 1310]


@pytest.mark.parametrize(
    ("readings", "totals"),
    [
        pytest.param([(100,), (100, 7), (110, 9)], [0, 0, 12], id="what it used before it joined is not known"),
        pytest.param([(100, 50), (None, 50), (100, 51)], [0, 0, 1], id="it is gone for a while"),
        pytest.param([(100, 50), (None, 40), (120, 51)], [0, 0, 31], id="another one falls meanwhile"),
    ],
)
def test_members_leave_and_join(readings: list[tuple[float | None, ...]], totals: list[float]) -> None:
    account = Watched(read_account("prolifi", setting(metric="prolifi_event_count")))
    found = []
    for hour, counts in enumerate(readings):
        account.read(0, events(*counts), NOW + timedelta(hours=hour))
        found.append(counters(account)["a"])

    assert found == totals


def test_a_months_final_figure_is_counted_when_it_is_known() -> None:
    ionos, totals = Watched(read_account("ionos", setting(period="month"))), []
    sample = meter(720)
    final = EndedPeriod(sample, datetime(2026, 11, 1, tzinfo=UTC).timestamp(), DECEMBER.timestamp())
    other = EndedPeriod(meter(5, "gone"), final.start, final.end)
    elsewhen = EndedPeriod(sample, final.start + 86_400, final.end)
    evening = DECEMBER - timedelta(minutes=10)
    readings: list[tuple[datetime, list[Item]]] = [
        (evening, [meter(700)]),
        (DECEMBER - timedelta(minutes=1), [meter(706)]),
        (DECEMBER + timedelta(hours=7), [meter(1), final, other, elsewhen]),
        (DECEMBER + timedelta(hours=8), [meter(1), final]),
    ]
    for now, items in readings:
        ionos.read(0, items, now)
        totals.append((shown(ionos)["q", "a", ""]["used"], counters(ionos)["a"]))

    assert totals == [(700, 0), (706, 6), (1, 21), (1, 21)]


def test_the_reset_of_an_entitlement_counts_once_whether_figure_or_date_moves_first() -> None:
    prolifi, totals = Watched(read_account("prolifi", "entitlements: true")), []
    for seconds, used, reset in (
        (-60, 900, DECEMBER),
        (10, 4, DECEMBER),
        (300, 6, END),
        (600, 60, END),
        (900, 80, END),
    ):
        now = DECEMBER + timedelta(seconds=seconds)
        prolifi.read(0, entitlement(used, 1000, reset), now)
        totals.append(counters(prolifi)["c1"])

    assert totals == [0, 4, 6, 60, 80]


def test_a_fall_that_nothing_explains_is_told_once() -> None:
    netnut = Watched(read_account("netnut"))
    for hour, used in enumerate((900, 4, 3, 8, 2)):
        netnut.read(0, plan(used), NOW + timedelta(hours=hour))

    assert [one.subject for one in netnut.fallen] == ["41/Residential", "41/Residential"]


def test_a_quota_that_is_long_gone_is_forgotten() -> None:
    counts = []
    for gone_at in (datetime(2026, 2, 4, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC)):
        netnut = Watched(read_account("netnut"))
        netnut.read(0, plan(800), datetime(2026, 1, 1, tzinfo=UTC))
        netnut.read(0, [], gone_at)
        counts.append((len(netnut.ledger.members[0]), len(netnut.consumed)))

    assert counts == [(1, 1), (0, 0)]


def test_of_quotas_that_are_gone_no_more_are_remembered_than_there_may_be_series() -> None:
    netnut = Watched(read_account("netnut", "max_series: 5"))
    for poll in range(4):
        items = [sample for number in range(10) for sample in plan(1, plan_id=f"{poll}-{number}")]
        netnut.read(0, items, NOW + timedelta(hours=poll))

    members = netnut.ledger.members[0]
    assert len(members) == len(netnut.consumed) == 15
    assert {labels[0].partition("-")[0] for _, labels in members} == {"2", "3"}
