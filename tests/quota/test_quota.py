"""From reading to reading: counters that go on, quotas that are forgotten, and what `max_series` leaves out."""

from datetime import UTC, datetime

import pytest
from quota_samples import NOTHING, NOW, START, measured, plan, read_account, shown

from exporter.metrics import QUOTA_FAMILIES, Sample
from exporter.polling.pipeline import Brought, made
from exporter.store.reading import Reading
from exporter.store.snapshot import Snapshot
from exporter.vendors.reply import Notes


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def test_the_counter_goes_on_from_reading_to_reading_and_over_a_gap() -> None:
    netnut = read_account("netnut")
    quotas, totals = NOTHING, []
    readings: list[list[Sample]] = [plan(800), plan(810), [], plan(830), plan(3, plan_id="42")]
    for day, samples in enumerate(readings):
        quotas = measured(netnut, samples, NOW.replace(day=21 + day), quotas)
        totals.append({subject: one["consumed_total"] for (_, subject, _), one in shown(quotas).items()})

    assert totals == [{"41": 0}, {"41": 10}, {}, {"41": 30}, {"42": 0}]


def test_a_plan_that_began_while_the_account_was_watched_counts_from_its_first_gigabyte() -> None:
    netnut = read_account("netnut")
    before = measured(netnut, plan(990), START.replace(day=9), NOTHING)

    after = measured(netnut, plan(3, plan_id="42"), START.replace(day=11), before)

    assert shown(after)["traffic", "42", "GB"]["consumed_total"] == 3


def test_a_quota_that_is_long_gone_is_forgotten() -> None:
    netnut = read_account("netnut")
    first = measured(netnut, plan(800), datetime(2026, 1, 1, tzinfo=UTC), NOTHING)
    kept = measured(netnut, [], datetime(2026, 2, 4, tzinfo=UTC), first)
    gone = measured(netnut, [], datetime(2026, 2, 5, tzinfo=UTC), kept)

    again = measured(netnut, plan(801), datetime(2026, 2, 4, tzinfo=UTC), kept)
    kept_again = measured(netnut, [], datetime(2026, 2, 5, tzinfo=UTC), again)

    assert [len(one.consumed) for one in (first, kept, gone, kept_again)] == [1, 1, 0, 1]


def reading(samples: list[Sample], max_series: int) -> Reading:
    account = read_account("netnut", f"max_series: {max_series}")
    return made(account, Brought(0, samples, Notes(), None, NOW, read_at=0, stale_at=1), Snapshot()).reading


def test_quotas_are_made_of_all_that_came_and_are_the_last_to_be_left_out() -> None:
    samples = plan(850) + plan(10, plan_id="42")

    whole, capped, tight = (reading(samples, most) for most in (100, 10, 5))

    assert [sample.family.name for sample in whole.samples].count("usage_quota_used") == 2
    assert set(capped.samples) == {sample for sample in whole.samples if sample.family in QUOTA_FAMILIES}
    assert {sample.labels[2] for sample in tight.samples} == {"41"}
    assert (whole.dropped, capped.dropped, tight.dropped) == (0, 10, 15)
