"""From the samples of a reading to quotas: those that vendors report, and those that operators set."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from configurations import account

from exporter.config import parse
from exporter.metrics import Sample
from exporter.metrics import usage as families
from exporter.quota import NO_QUOTAS, Quotas, measured
from exporter.store import Reading
from exporter.vendors import Account

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC)
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 1, tzinfo=UTC).timestamp())

Shown = dict[tuple[str, str, str], dict[str, float]]
"""By quota, subject and unit: what each family says of it."""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def read_account(vendor: str, settings: str = "") -> Account:
    (one,) = parse(account(vendor, settings).encode(), Path()).accounts
    return one


def shown(quotas: Quotas) -> Shown:
    found: Shown = {}
    for sample in quotas.samples:
        vendor, *key = sample.labels
        assert vendor
        name = sample.family.name.removeprefix("usage_quota_").removesuffix("_timestamp_seconds")
        found.setdefault((key[0], key[1], key[2]), {})[name] = sample.value
    return found


def quotas_of(vendor: str, samples: Iterable[Sample], settings: str = "", before: Quotas = NO_QUOTAS) -> Quotas:
    return measured(read_account(vendor, settings), list(samples), NOW, before)


def plan(
    used: float, limit: float | None = 1000, plan_id: str = "41", *, active: bool = True, end: datetime = END
) -> list[Sample]:
    labels = {"plan_id": plan_id, "product_type": "Residential"}
    return [
        families.NETNUT_GB_USED(used, **labels),
        *families.NETNUT_PLAN_GB.known(limit, **labels),
        *families.NETNUT_PLAN_START.known(START, **labels),
        *families.NETNUT_PLAN_END.known(end, **labels),
        families.NETNUT_PLAN_ACTIVE(active, **labels),
    ]


def entitlement(used: float, limit: float | None, reset: datetime | None = END) -> list[Sample]:
    labels = {"customer_id": "c1", "feature": "seats"}
    return [
        families.PROLIFI_ENTITLEMENT_USED(used, **labels),
        *families.PROLIFI_ENTITLEMENT_LIMIT.known(limit, **labels),
        *families.PROLIFI_ENTITLEMENT_RESET.known(reset, **labels),
    ]


def lever(used: float, remaining: float | None, product: str = "p", customer: str = "c1") -> list[Sample]:
    labels = {"product": product, "customer_id": customer, "lever": "calls"}
    return [
        families.PLANSHIP_LEVER_USAGE(used, **labels),
        *families.PLANSHIP_ENTITLEMENT_REMAINING.known(remaining, **labels),
    ]


def meter(quantity: float, meter_id: str = "C01000", **labels: str) -> Sample:
    usual = {"contract": "1", "datacenter_id": "d", "unit": "1hour"}
    return families.IONOS_METER_QUANTITY(quantity, meter_id=meter_id, **{**usual, **labels})


def setting(**changes: object) -> str:
    """A configured quota as flow YAML, in a list."""
    values: Mapping[str, object] = {"name": "q", "metric": "ionos_meter_quantity", "limit": 50, **changes}
    return "quotas: [{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}]"


SPAN = {"period_start": START.timestamp(), "period_end": END.timestamp()}


@pytest.mark.parametrize(
    ("vendor", "samples", "quotas"),
    [
        pytest.param(
            "netnut",
            plan(850),
            {("traffic", "41", "GB"): {"used": 850, "limit": 1000, "consumed_total": 0, **SPAN}},
            id="a plan",
        ),
        pytest.param(
            "netnut",
            plan(850, limit=None),
            {("traffic", "41", "GB"): {"used": 850, "consumed_total": 0, **SPAN}},
            id="a plan without a limit",
        ),
        pytest.param("netnut", plan(850, active=False, end=NOW), {}, id="a plan that is over"),
        pytest.param(
            "netnut",
            plan(1000, active=False),
            {("traffic", "41", "GB"): {"used": 1000, "limit": 1000, "consumed_total": 0, **SPAN}},
            id="a plan that was ended before its time, perhaps because it is used up",
        ),
        pytest.param(
            "netnut",
            [
                families.NETNUT_SUB_USER_GB_USED(3, plan_id="41", product_type="", sub_user_id="9"),
                families.NETNUT_SUB_USER_PLAN_GB(10, plan_id="41", product_type="", sub_user_id="9"),
            ],
            {("sub_user_traffic", "9/41", "GB"): {"used": 3, "limit": 10, "consumed_total": 0}},
            id="a sub-user's plan",
        ),
        pytest.param(
            "prolifi",
            entitlement(7, 10),
            {("seats", "c1", ""): {"used": 7, "limit": 10, "period_end": END.timestamp(), "consumed_total": 0}},
            id="an entitlement",
        ),
        pytest.param(
            "prolifi",
            entitlement(7, None, None),
            {("seats", "c1", ""): {"used": 7, "consumed_total": 0}},
            id="an entitlement without limit",
        ),
        pytest.param(
            "prolifi",
            entitlement(0, 0, None),
            {("seats", "c1", ""): {"used": 0, "consumed_total": 0}},
            id="a limit of nothing has no share",
        ),
        pytest.param(
            "planship",
            lever(25, 75),
            {("calls", "c1", ""): {"used": 25, "limit": 100, "consumed_total": 0}},
            id="a lever",
        ),
        pytest.param("planship", lever(25, None), {}, id="a lever whose rest is not known"),
        pytest.param(
            "planship",
            lever(1, 9, "p") + lever(2, 8, "r") + lever(3, 7, "p", "c2"),
            {
                ("p/calls", "c1", ""): {"used": 1, "limit": 10, "consumed_total": 0},
                ("p/calls", "c2", ""): {"used": 3, "limit": 10, "consumed_total": 0},
                ("r/calls", "c1", ""): {"used": 2, "limit": 10, "consumed_total": 0},
            },
            id="a lever of the same name in two products",
        ),
        pytest.param("ionos", [meter(5)], {}, id="a vendor that knows no quotas"),
    ],
)
def test_what_vendors_report(vendor: str, samples: list[Sample], quotas: Shown) -> None:
    assert shown(quotas_of(vendor, samples)) == quotas


@pytest.mark.parametrize(
    ("readings", "limit"),
    [
        pytest.param([(25, 75)], 100, id="what is left and what is used"),
        pytest.param([(90, 10), (105, -5)], 100, id="overdrawn, said as less than nothing"),
        pytest.param([(90, 10), (105, 0)], 100, id="overdrawn, said as nothing left"),
        pytest.param([(90, 10), (101, -1)], 100, id="overdrawn by one"),
        pytest.param([(90, 10), (105, 0), (120, 0)], 100, id="overdrawn for long"),
        pytest.param([(60, 40), (60, 0)], 60, id="a smaller plan, said as nothing left"),
        pytest.param([(60, 40), (60, 140)], 200, id="a larger plan"),
        pytest.param([(105, 0)], 105, id="nothing left, and never known how much there was: all is used"),
        pytest.param([(7, -1)], None, id="without limit, said as -1"),
        pytest.param([(7, 93), (8, -1)], None, id="without limit from now on"),
        pytest.param([(0, 0)], None, id="no access"),
    ],
)
def test_the_limit_that_what_is_left_implies(readings: list[tuple[float, float]], limit: float | None) -> None:
    quotas = NO_QUOTAS
    for used, remaining in readings:
        quotas = quotas_of("planship", lever(used, remaining), before=quotas)

    assert [one.get("limit") for one in shown(quotas).values()] in ([limit], [] if limit is None else [limit])


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
    assert found.matched == {"q": matched}


def renewal(customer: str, end: datetime, subscription: str = "s") -> Sample:
    return families.PLANSHIP_SUBSCRIPTION_RENEW(
        end.timestamp(), product="p", customer_id=customer, subscription_id=subscription, plan=""
    )


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


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (setting(match="{meter_id: C0.*}"), None),
        (setting(match="{meter_id: X.*}"), "no series matches"),
        (setting(), "series in different units match"),
    ],
)
def test_what_keeps_a_quota_from_being_shown_is_said(settings: str, fault: str | None) -> None:
    faults = quotas_of("ionos", IONOS, settings).faults

    assert faults.keys() == ({"q"} if fault else set())
    assert str(faults.get("q")).startswith(str(fault))


def test_the_counter_goes_on_from_reading_to_reading_and_over_a_gap() -> None:
    netnut = read_account("netnut")
    quotas, totals = NO_QUOTAS, []
    readings: list[list[Sample]] = [plan(800), plan(810), [], plan(830), plan(3, plan_id="42")]
    for day, samples in enumerate(readings):
        quotas = measured(netnut, samples, NOW.replace(day=21 + day), quotas)
        totals.append({subject: one["consumed_total"] for (_, subject, _), one in shown(quotas).items()})

    assert totals == [{"41": 0}, {"41": 10}, {}, {"41": 30}, {"42": 0}]


def test_a_plan_that_began_while_the_account_was_watched_counts_from_its_first_gigabyte() -> None:
    netnut = read_account("netnut")
    before = measured(netnut, plan(990), START.replace(day=9), NO_QUOTAS)

    after = measured(netnut, plan(3, plan_id="42"), START.replace(day=11), before)

    assert shown(after)["traffic", "42", "GB"]["consumed_total"] == 3


def test_a_quota_that_is_long_gone_is_forgotten() -> None:
    netnut = read_account("netnut")
    first = measured(netnut, plan(800), datetime(2026, 1, 1, tzinfo=UTC), NO_QUOTAS)
    kept = measured(netnut, [], datetime(2026, 2, 4, tzinfo=UTC), first)
    gone = measured(netnut, [], datetime(2026, 2, 5, tzinfo=UTC), kept)

    assert [len(one.consumed) for one in (first, kept, gone)] == [1, 1, 0]


def reading(samples: list[Sample], max_series: int) -> Any:
    measure = partial(measured, read_account("netnut"), now=NOW, before=NO_QUOTAS)
    return Reading.checked(samples, max_series, measure=measure)


def test_quotas_are_made_of_all_that_came_and_are_the_last_to_be_left_out() -> None:
    samples = plan(850) + plan(10, plan_id="42")

    whole, capped, tight = (reading(samples, most) for most in (100, 10, 5))

    assert [sample.family.name for sample in whole.samples].count("usage_quota_used") == 2
    assert capped.samples == whole.samples[:10]
    assert all(sample.family.name.startswith("usage_quota_") for sample in capped.samples)
    assert {sample.labels[2] for sample in tight.samples} == {"41"}
    assert (whole.dropped, capped.dropped, tight.dropped) == (0, 10, 15)
