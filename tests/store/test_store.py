"""What becomes of a reading when it arrives, and of a snapshot when a poll ends."""

import math

import pytest
from readings import checked, kept

from exporter.errors import ServerFailed
from exporter.metrics import Sample
from exporter.store.reading import Reading
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store
from exporter.vendors.netnut.families import NETNUT_GB_USED, NETNUT_PLAN_GB

KEY = ("netnut", "main")


def used(value: float, plan: str = "1") -> Sample:
    return NETNUT_GB_USED(value, plan_id=plan, product_type="Residential")


def store_with(reading: Reading | None = None, stale_at: float = 100.0) -> Store:
    store = Store([KEY])
    if reading is not None:
        store.record_success(KEY, kept(reading, read_at=1000.0, stale_at=stale_at))
    return store


def lines_of(snapshot: Snapshot) -> list[bytes]:
    return [lines.text for part in snapshot.slices.values() for lines in part.rendered.values()]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_left_out_and_counted(value: float) -> None:
    reading = checked([used(value), used(5, "2")], max_series=10)

    assert [sample.value for sample in reading.samples] == [5.0]
    assert reading.diagnostics.skipped == {"value": 1}


def test_of_a_series_that_comes_twice_the_last_is_kept_and_the_other_counted() -> None:
    reading = checked([used(1), used(2)], max_series=10)

    assert [sample.value for sample in reading.samples] == [2.0]
    assert reading.diagnostics.skipped == {"duplicate": 1}


def test_labels_that_are_the_same_once_cleaned_are_one_series() -> None:
    reading = checked([used(1, "a\x00"), used(2, "a\x01")], max_series=10)

    assert [sample.labels[0] for sample in reading.samples] == ["a\ufffd"]


def test_what_is_beyond_max_series_is_dropped_the_same_way_every_time() -> None:
    samples = [used(float(number), f"{number:03}") for number in range(20)]

    forwards = checked(samples, max_series=5)
    backwards = checked(reversed(samples), max_series=5)

    assert forwards.samples == backwards.samples
    assert [sample.value for sample in forwards.samples] == [0, 1, 2, 3, 4]
    assert forwards.dropped == 15


def test_before_the_first_poll_nothing_is_known() -> None:
    snapshot = store_with()[KEY]

    assert (snapshot.polled, snapshot.up, snapshot.has_reading, snapshot.read_at) == (False, False, False, None)


def test_a_failure_keeps_the_last_good_reading_and_its_time() -> None:
    store = store_with(checked([used(7)]))
    good = store[KEY]

    store.record_failure(KEY, ServerFailed("HTTP 500"))
    store.record_failure(KEY, ServerFailed("HTTP 500"))

    assert store[KEY].slices is good.slices
    assert lines_of(store[KEY]) == [
        b'netnut_gb_used{account="main",plan_id="1",product_type="Residential"} 7.0\n',
    ]
    assert store[KEY].read_at == good.read_at
    assert (store[KEY].up, store[KEY].polled, store[KEY].failures) == (False, True, 2)


def test_a_reading_of_an_earlier_process_is_shown_and_is_no_poll() -> None:
    store = store_with()

    store.restore(KEY, store[KEY].with_reading(0, kept(checked([used(7)]), read_at=1000.0, stale_at=100.0), None))

    assert (store[KEY].up, store[KEY].polled, store.ready, store[KEY].read_at) == (False, False, False, 1000.0)
    assert store[KEY].is_visible(99.9)
    assert lines_of(store[KEY])


def test_a_success_after_failures_starts_anew() -> None:
    store = store_with(checked([used(7)]))
    store.record_failure(KEY, ServerFailed("HTTP 500"))

    store.record_success(KEY, kept(checked([used(8)]), read_at=2000.0, stale_at=200.0))

    assert (store[KEY].up, store[KEY].failures, store[KEY].error, store[KEY].read_at) == (True, 0, None, 2000.0)


def test_a_series_that_vanished_from_a_good_reading_is_gone_at_once() -> None:
    store = store_with(checked([used(7, "1"), used(8, "2")]))

    store.record_success(KEY, kept(checked([used(9, "2")]), read_at=2000.0, stale_at=200.0))

    assert lines_of(store[KEY]) == [b'netnut_gb_used{account="main",plan_id="2",product_type="Residential"} 9.0\n']


def test_an_empty_reading_is_a_good_one() -> None:
    assert store_with(checked([]))[KEY].up


@pytest.mark.parametrize(("now", "stale"), [(99.9, False), (100.0, True), (500.0, True)])
def test_a_reading_is_stale_from(now: float, stale: bool) -> None:
    assert store_with(Reading(), stale_at=100.0)[KEY].is_stale(now) is stale


def test_ready_means_that_every_account_was_tried_once() -> None:
    other = ("ionos", "main")
    store = Store([KEY, other])
    assert not store.ready

    store.record_failure(KEY, ServerFailed("HTTP 500"))
    assert not store.ready

    store.record_success(other, kept(Reading()))
    assert store.ready


def test_a_snapshot_in_hand_does_not_change() -> None:
    store = store_with(checked([used(7)]))
    in_hand = store[KEY]

    store.record_success(KEY, kept(checked([used(8)]), read_at=2000.0, stale_at=200.0))

    assert [line.endswith(b" 7.0\n") for line in lines_of(in_hand)] == [True]
    with pytest.raises(AttributeError):
        in_hand.failures = 3  # type: ignore[misc]


def test_accounts_keep_the_order_of_the_configuration() -> None:
    keys = [("prolifi", "b"), ("netnut", "a"), ("ionos", "c")]

    assert [key for key, _ in Store(keys)] == keys


def test_a_family_makes_only_samples_with_its_own_labels() -> None:
    with pytest.raises(TypeError, match="netnut_gb_used has the labels"):
        NETNUT_GB_USED(1, plan_id="1", produkt="Residential")
    with pytest.raises(TypeError, match="netnut_gb_used has the labels"):
        NETNUT_GB_USED(1, plan_id="1")


def test_what_is_not_known_makes_no_sample() -> None:
    assert NETNUT_PLAN_GB.known(None, plan_id="1", product_type="") == ()
    assert lines_of(Snapshot()) == []
