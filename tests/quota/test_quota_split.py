"""Quotas of an account that is read in slices are those of the account read whole, however it is split."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quota_samples import (
    END,
    NOW,
    Shown,
    Watched,
    lever,
    meter,
    read_account,
    renewal,
    setting,
    shown,
)

from exporter.metrics import Item
from exporter.vendors import Account

Slices = Sequence[Sequence[Item]]


@pytest.fixture(scope="module", autouse=True)
def secret() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TOKEN", "an-invented-secret")
        yield


def quotas(*settings: str) -> str:
    """Several configured quotas, each called by its number."""
    lists = (text.removeprefix("quotas: [{name: q, ").removesuffix("}]") for text in settings)
    return "quotas: [" + ", ".join(f"{{name: q{number}, {text}}}" for number, text in enumerate(lists)) + "]"


def assert_alike(account: Account, readings: Sequence[Slices]) -> None:
    """Each reading in slices shows what the same reading shows as a whole, and its counters go on alike.

    If a series is replaced by one in another unit and another slice, both units are there until both slices are read.
    """
    sliced, whole = Watched(account), Watched(account)
    for number, slices in enumerate(readings):
        now = NOW + timedelta(days=4 * number)
        sliced.read_all(slices, now)
        whole.read(0, [sample for samples in slices for sample in samples], now)
        assert used(sliced) == used(whole)
        assert (sliced.whole.matched, sliced.withheld) == (whole.whole.matched, whole.withheld)
    for quota in whole.consumed.keys() - sliced.mixed - whole.mixed:
        assert sliced.consumed[quota] == pytest.approx(whole.consumed[quota])


def used(watched: Watched) -> Shown:
    """What is shown, but for the counters: when one is shown first depends on when all slices were read."""
    return {
        key: {name: value for name, value in one.items() if name != "consumed_total"}
        for key, one in shown(watched).items()
    }


METERS = st.dictionaries(
    st.tuples(st.sampled_from("123"), st.sampled_from(["C01000", "C06000", "S01000"]), st.sampled_from(["h", "GB"])),
    st.tuples(st.integers(0, 10**9), st.integers(0, 3)),
)
"""Quantities by contract, meter and unit, each with the slice that has it."""
ADDED_UP = quotas(
    setting(),
    setting(match="{unit: h}", period="month"),
    setting(match="{meter_id: C0.*, unit: h}", by="[contract]", period="{every: 1w, from: 2026-11-02}"),
    setting(by="[meter_id, unit]"),
)


@given(st.lists(METERS, max_size=4))
def test_quotas_that_add_up_are_the_same_however_the_series_are_split(
    readings: list[dict[tuple[str, str, str], tuple[int, int]]],
) -> None:
    slices = [
        [
            [
                meter(quantity, meter_id, contract=contract, unit=unit)
                for (contract, meter_id, unit), (quantity, number) in figures.items()
                if number == wanted
            ]
            for wanted in range(4)
        ]
        for figures in readings
    ]

    assert_alike(read_account("ionos", ADDED_UP), slices)


def test_a_counter_rests_while_slices_have_different_units() -> None:
    sliced, counted = Watched(read_account("ionos", quotas(setting()))), []
    readings: list[Slices] = [
        [[], []],
        [[], [meter(5, "C01000", unit="h")]],
        [[], [meter(8, "C01000", unit="h")]],
        [[meter(7, "C01000", unit="GB")], []],
        [[meter(9, "C01000", unit="GB")], []],
    ]
    for number, slices in enumerate(readings):
        sliced.read_all(slices, NOW + timedelta(hours=number))
        counted.append(list(sliced.consumed.values()))

    assert counted == [[], [0.0], [3.0], [3.0], [5.0]]


LEVERS = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["calls", "seats"])),
    st.tuples(st.integers(0, 10**9), st.none() | st.integers(-1, 10**9)),
)
"""What is used and what is left, by customer and lever."""
RENEWALS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([NOW, END]))
BY_CUSTOMER = "subscriptions: true, " + quotas(
    *(
        setting(metric="planship_lever_usage", by=by, match=match, period=period)
        for by in ("[]", "[lever]", "[customer_id]", "[lever, customer_id]")
        for match, period in (("{}", "plan"), ("{lever: c.*}", "month"))
    )
)


@given(st.integers(1, 4), st.lists(st.tuples(LEVERS, RENEWALS), max_size=4))
def test_quotas_of_customers_are_the_same_however_the_customers_are_split(
    total: int, readings: list[tuple[dict[tuple[str, str], tuple[int, int | None]], dict[str, datetime]]]
) -> None:
    slices = [
        [
            [
                sample
                for (customer, name), (used, left) in levers.items()
                if ord(customer) % total == number
                for sample in lever(used, left, customer=customer, lever=name)
            ]
            + [renewal(customer, end) for customer, end in renewals.items() if ord(customer) % total == number]
            for number in range(total)
        ]
        for levers, renewals in readings
    ]

    assert_alike(read_account("planship", BY_CUSTOMER), slices)
