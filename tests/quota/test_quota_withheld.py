"""A quota is shown only if every member that a reading should have can be read, and it is said why it is not."""

from collections.abc import Sequence

import pytest
from quota_samples import NOW, Watched, entitlement, lever, meter, plan, quotas_of, read_account, setting, shown

from exporter.metrics import Item, Unreadable
from exporter.vendors.ionos.families import IONOS_METER_QUANTITY
from exporter.vendors.netnut.families import NETNUT_GB_USED, NETNUT_REQUESTS_USED
from exporter.vendors.planship.families import PLANSHIP_LEVER_USAGE
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


GB, METER, COUNT = NETNUT_GB_USED, IONOS_METER_QUANTITY, PROLIFI_EVENT_COUNT


def count(value: float, customer: str) -> Item:
    return COUNT(value, customer_id=customer, event_name="e")


CASES: dict[str, tuple[str, str, Sequence[Item], dict[str, float], dict[str, int]]] = {
    "all are readable": ("ionos", setting(), [meter(5), meter(6, "b")], {"a": 11}, {}),
    "one is not": (
        "netnut",
        setting(metric="netnut_gb_used"),
        [*plan(990), GB.unreadable(plan_id="42", product_type="Residential")],
        {},
        {"unreadable": 1},
    ),
    "nor is it known which": (
        "ionos",
        setting(),
        [meter(49000), METER.unreadable(contract="1")],
        {},
        {"unreadable": 1},
    ),
    "one of another family": (
        "netnut",
        setting(metric="netnut_gb_used"),
        [*plan(990), NETNUT_REQUESTS_USED.unreadable()],
        {"a": 990},
        {},
    ),
    "one that does not match": (
        "ionos",
        setting(match="{meter_id: C.*}"),
        [meter(5), METER.unreadable(contract="1", meter_id="S1")],
        {"a": 5},
        {},
    ),
    "one that may match": (
        "ionos",
        setting(match="{meter_id: C.*, contract: '1'}"),
        [meter(5), METER.unreadable(contract="1")],
        {},
        {"unreadable": 1},
    ),
    "one of another subject": (
        "prolifi",
        setting(metric="prolifi_event_count", by="[customer_id]"),
        [count(5, "c1"), count(6, "c2"), COUNT.unreadable(customer_id="c2"), COUNT.unreadable(customer_id="c3")],
        {"c1": 5},
        {"unreadable": 2},
    ),
    "of any subject": (
        "prolifi",
        setting(metric="prolifi_event_count", by="[customer_id]"),
        [count(5, "c1"), count(6, "c2"), COUNT.unreadable()],
        {},
        {"unreadable": 2},
    ),
    "of a subject of several labels": (
        "ionos",
        setting(by="[contract, meter_id]"),
        [meter(5), meter(6, "b"), meter(7, "b", contract="2"), METER.unreadable(contract="1")],
        {"2/b": 7},
        {"unreadable": 2},
    ),
    "nothing else is there": ("ionos", setting(), [METER.unreadable(contract="1")], {}, {"unreadable": 1}),
    "nothing is there": ("ionos", setting(), [], {}, {"no_series": 1}),
    "one has a figure from elsewhere": (
        "planship",
        setting(metric="planship_lever_usage"),
        [*lever(4, None), PLANSHIP_LEVER_USAGE.unreadable(product="p", customer_id="c1", lever="calls")],
        {"a": 4},
        {},
    ),
    "one is not a finite number": ("ionos", setting(), [meter(5), meter(float("nan"), "b")], {}, {"unreadable": 1}),
}


@pytest.mark.parametrize(("vendor", "settings", "items", "used", "withheld"), CASES.values(), ids=CASES)
def test_a_sum_is_of_all_its_members_or_it_is_not_shown(
    vendor: str, settings: str, items: Sequence[Item], used: dict[str, float], withheld: dict[str, int]
) -> None:
    found = quotas_of(vendor, items, settings)

    assert {subject: one["used"] for (name, subject, _), one in shown(found).items() if name == "q"} == used
    assert {reason: number for (name, reason), number in found.withheld.items() if name == "q"} == withheld


def test_the_counter_of_a_quota_that_is_withheld_goes_on_and_shows_when_it_is_back() -> None:
    netnut = Watched(read_account("netnut", setting(metric="netnut_gb_used")))
    hidden = GB.unreadable(plan_id="42", product_type="Residential")
    two = plan(10, plan_id="42")
    readings: list[list[Item]] = [
        [*plan(1), *two],
        [*plan(2), *two],
        [*plan(5), hidden],
        [*plan(6), *plan(13, plan_id="42")],
    ]
    for items in readings:
        netnut.read(0, items)

    assert (shown(netnut)["q", "a", ""]["used"], shown(netnut)["q", "a", ""]["consumed_total"]) == (19, 8)


@pytest.mark.parametrize(
    ("unreadable", "name"),
    [
        (NETNUT_GB_USED.unreadable(plan_id="42", product_type=""), "traffic"),
        (NETNUT_GB_USED.unreadable(), "traffic"),
    ],
)
def test_a_vendors_own_quota_that_cannot_be_read_is_told_too(unreadable: Unreadable, name: str) -> None:
    assert quotas_of("netnut", [*plan(5), unreadable]).withheld == {(name, "unreadable"): 1}


def test_a_configured_quota_keeps_its_name_where_the_vendor_has_one_of_it() -> None:
    found = quotas_of("prolifi", entitlement(7, 10), setting(name="seats", metric="prolifi_event_count"))

    assert found.withheld == {("seats", "name"): 1, ("seats", "no_series"): 1}
    assert shown(found) == {}


def test_whose_labels_are_cut_is_the_same_series() -> None:
    long = "x" * 1000
    netnut = Watched(read_account("netnut", setting(metric="netnut_gb_used")))
    netnut.read(0, [*plan(5, plan_id=long), GB.unreadable(plan_id=long, product_type="Residential")], NOW)

    assert shown(netnut)["q", "a", ""]["used"] == 5
