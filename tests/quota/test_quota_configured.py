"""The quotas that operators set on vendors' figures."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from quota_samples import (
    END,
    NOVEMBER,
    NOW,
    SPAN,
    Shown,
    Watched,
    lever,
    meter,
    plan,
    quotas_of,
    read_account,
    renewal,
    setting,
    shown,
)

from exporter.metrics import Sample
from exporter.vendors.ionos.families import IONOS_ESTIMATED_COST


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


IONOS = [meter(10), meter(5, datacenter_id="e"), meter(2, "C06000", contract="2"), meter(9, "S01000", unit="1G*30Days")]
MONTH = {"period_start": NOVEMBER[0], "period_end": NOVEMBER[1]}
WEEK = {"period_start": NOW.timestamp() - 5.5 * 86_400, "period_end": NOW.timestamp() + 1.5 * 86_400}
BY_METER: Shown = {
    ("q", "C01000", ""): {"used": 15},
    ("q", "C06000", ""): {"used": 2},
    ("q", "S01000", ""): {"used": 9},
}


@pytest.mark.parametrize(
    ("settings", "quotas", "matched"),
    [
        pytest.param(
            setting(match="{meter_id: C0.*}", by="[contract]", unit="hours", period="month"),
            {("q", "1", "hours"): {"used": 15, **MONTH}, ("q", "2", "hours"): {"used": 2, **MONTH}},
            3,
            id="one for each subject",
        ),
        pytest.param(setting(match="{meter_id: C0.*}"), {("q", "a", ""): {"used": 17}}, 3, id="one for the account"),
        pytest.param(setting(match="{meter_id: C0}"), {}, 0, id="a pattern matches the whole value"),
        pytest.param(
            setting(match="{meter_id: C0.*, contract: '1'}", by="[contract, datacenter_id]"),
            {("q", "1/d", ""): {"used": 10}, ("q", "1/e", ""): {"used": 5}},
            2,
            id="all patterns hold, and a subject may be of several labels",
        ),
        pytest.param(
            setting(match="{unit: 1hour}", by="[contract, datacenter_id, meter_id]"),
            {
                ("q", "1/d/C01000", ""): {"used": 10},
                ("q", "1/e/C01000", ""): {"used": 5},
                ("q", "2/d/C06000", ""): {"used": 2},
            },
            3,
            id="a subject of many labels",
        ),
        pytest.param(
            setting(match="{meter_id: S.*}", period="{every: 1w, from: 2026-11-02}"),
            {("q", "a", ""): {"used": 9, **WEEK}},
            1,
            id="a period of the operator's own",
        ),
        pytest.param(setting(by="[meter_id]"), BY_METER, 4, id="no pattern matches all"),
        pytest.param(setting(by="[contract]"), {("q", "2", ""): {"used": 2}}, 1, id="different units are not added up"),
    ],
)
def test_what_operators_set(settings: str, quotas: Shown, matched: int) -> None:
    found = quotas_of("ionos", IONOS, settings)

    assert shown(found) == {key: {"limit": 50, "consumed_total": 0, **figures} for key, figures in quotas.items()}
    assert found.whole.matched == {"q": matched}


LEVERS = [*lever(1, None), *lever(2, None, customer="c2")]
BY_PLAN = partial(setting, metric="planship_lever_usage", period="plan")
WITH_PLANS = "subscriptions: true, "


@pytest.mark.parametrize(
    ("settings", "samples", "ends"),
    [
        pytest.param(BY_PLAN(by="[customer_id]"), [renewal("c1", END)], {"c1": END, "c2": None}, id="each its own"),
        pytest.param(BY_PLAN(), [renewal("c1", END), renewal("c2", END)], {"a": END}, id="the same for all"),
        pytest.param(BY_PLAN(), [renewal("c1", END), renewal("c2", NOW)], {"a": None}, id="not the same"),
        pytest.param(BY_PLAN(), [renewal("c1", END)], {"a": None}, id="one is not known"),
        pytest.param(
            BY_PLAN(by="[customer_id]"),
            [renewal("c1", END), renewal("c1", NOW, "t"), renewal("c2", NOW)],
            {"c1": None, "c2": NOW},
            id="one has two",
        ),
    ],
)
def test_the_vendors_plan_is_the_period_where_it_is_one(
    settings: str, samples: list[Sample], ends: dict[str, datetime | None]
) -> None:
    found = shown(quotas_of("planship", [*LEVERS, *samples], WITH_PLANS + settings))

    assert {subject: one.get("period_end") for (_, subject, _), one in found.items()} == {
        subject: end.timestamp() if end else None for subject, end in ends.items()
    }


def test_netnuts_plan_has_a_start_too() -> None:
    found = shown(quotas_of("netnut", plan(5), setting(metric="netnut_gb_used", period="plan")))

    assert found["q", "a", ""] == {"used": 5, "limit": 50, "consumed_total": 0, **SPAN}


def test_costs_in_different_currencies_are_not_added_up() -> None:
    costs = [
        IONOS_ESTIMATED_COST(value, contract="1", datacenter_id="d", meter_id=meter_id, currency=currency)
        for value, meter_id, currency in ((10, "C01000", "EUR"), (5, "S01000", "EUR"), (7, "C01000", "USD"))
    ]
    every, euros = (
        quotas_of("ionos", costs, "cost: true, " + setting(metric="ionos_estimated_cost", match=match))
        for match in ("{}", "{currency: EUR}")
    )

    assert shown(every) == {}
    assert [one["used"] for one in shown(euros).values()] == [15]


@pytest.mark.parametrize(
    ("settings", "withheld"),
    [
        (setting(match="{meter_id: C0.*}"), {}),
        (setting(match="{meter_id: X.*}"), {("q", "no_series"): 1}),
        (setting(), {("q", "units"): 1}),
    ],
)
def test_why_a_quota_is_not_shown(settings: str, withheld: dict[tuple[str, str], int]) -> None:
    assert quotas_of("ionos", IONOS, settings).whole.withheld == withheld


@pytest.mark.parametrize(
    ("values", "subjects"),
    [
        ((("team/blue", "cpu"), ("team", "blue/cpu")), {"team%2Fblue/cpu", "team/blue%2Fcpu"}),
        ((("", "a"), ("a", "")), {"/a", "a/"}),
    ],
)
def test_subjects_of_several_labels_do_not_meet(values: tuple[tuple[str, str], ...], subjects: set[str]) -> None:
    samples = [sample for customer, name in values for sample in lever(5, None, customer=customer, lever=name)]

    found = shown(quotas_of("planship", samples, setting(metric="planship_lever_usage", by="[customer_id, lever]")))

    assert {subject for _, subject, _ in found} == subjects


def test_an_empty_label_is_not_the_account() -> None:
    found = shown(quotas_of("ionos", [meter(1, unit=""), meter(2, unit="a")], setting(by="[unit]")))

    assert {subject: one["used"] for (_, subject, _), one in found.items()} == {"": 1, "a": 2}


def test_a_calendar_period_is_of_calendar_years() -> None:
    found = shown(quotas_of("ionos", [meter(1)], setting(period="{every: 1y, from: 2020-01-01}")))["q", "a", ""]

    years = [datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2026, 2027)]
    assert [found["period_start"], found["period_end"]] == years


@pytest.mark.parametrize("period", ["none", "month", "plan", "{every: 30d, from: 2026-12-01}"])
def test_a_plan_is_counted_by_its_own_dates_whatever_the_quotas_period(period: str) -> None:
    renewed = partial(plan, plan_id="42", start=END, end=END + timedelta(days=30))
    course = [
        (datetime(2026, 11, 30, 10, tzinfo=UTC), plan(500), 0),
        (datetime(2026, 12, 1, 1, tzinfo=UTC), plan(510), 10),
        (datetime(2026, 12, 2, 3, tzinfo=UTC), plan(520), 20),
        (END - timedelta(minutes=5), plan(530), 30),
        (END + timedelta(minutes=5), renewed(40), 70),
        (END + timedelta(minutes=10), renewed(45), 75),
    ]
    quotas = Watched(read_account("netnut", setting(metric="netnut_gb_used", period=period)))
    for now, items, consumed in course:
        quotas.read(0, items, now)

        assert {value for quota, value in quotas.consumed.items() if quota.name == "q"} == {consumed}
