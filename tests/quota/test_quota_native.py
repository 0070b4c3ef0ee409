"""The quotas that vendors report."""

import pytest
from quota_samples import (
    END,
    NOW,
    SPAN,
    Shown,
    Watched,
    entitlement,
    lever,
    meter,
    plan,
    quotas_of,
    read_account,
    resource,
    shown,
)

from exporter.metrics import Item, figures_of
from exporter.quota.native import VendorFigures, native_quotas
from exporter.vendors.netnut.families import (
    NETNUT_GB_USED,
    NETNUT_PLAN_GB,
    NETNUT_SUB_USER_GB_USED,
    NETNUT_SUB_USER_PLAN_GB,
)
from exporter.vendors.planship.families import PLANSHIP_LEVER_USAGE
from exporter.vendors.quotas import NativeQuota


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


@pytest.mark.parametrize(
    ("vendor", "samples", "quotas"),
    [
        pytest.param(
            "netnut",
            plan(850),
            {("traffic", "41/Residential", "GB"): {"used": 850, "limit": 1000, "consumed_total": 0, **SPAN}},
            id="a plan",
        ),
        pytest.param(
            "netnut",
            plan(850, limit=None),
            {("traffic", "41/Residential", "GB"): {"used": 850, "consumed_total": 0, **SPAN}},
            id="a plan without a limit",
        ),
        pytest.param("netnut", plan(850, active=False, end=NOW), {}, id="a plan that is over"),
        pytest.param(
            "netnut",
            plan(1000, active=False),
            {("traffic", "41/Residential", "GB"): {"used": 1000, "limit": 1000, "consumed_total": 0, **SPAN}},
            id="a plan that was ended before its time, perhaps because it is used up",
        ),
        pytest.param(
            "netnut",
            [
                NETNUT_SUB_USER_GB_USED(3, plan_id="41", product_type="", sub_user_id="9"),
                NETNUT_SUB_USER_PLAN_GB(10, plan_id="41", product_type="", sub_user_id="9"),
            ],
            {("sub_user_traffic", "9/41/", "GB"): {"used": 3, "limit": 10, "consumed_total": 0}},
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
            {("seats", "c1", ""): {"used": 0, "limit": 0, "consumed_total": 0}},
            id="a limit of nothing is a limit",
        ),
        pytest.param(
            "prolifi",
            entitlement(5, -1, None),
            {("seats", "c1", ""): {"used": 5, "consumed_total": 0}},
            id="a limit of -1 is none",
        ),
        pytest.param(
            "planship",
            lever(25, 75),
            {("p/calls", "c1", ""): {"used": 25, "limit": 100, "consumed_total": 0}},
            id="a lever",
        ),
        pytest.param("planship", lever(25, None), {}, id="a lever whose rest is not known"),
        pytest.param(
            "ionos",
            resource(20, 64),
            {("cores", "1", "cores"): {"used": 20, "limit": 64}},
            id="a level, of which nothing is counted up",
        ),
        pytest.param("ionos", resource(20, None), {("cores", "1", "cores"): {"used": 20}}, id="without a limit"),
        pytest.param("ionos", resource(0, 0), {("cores", "1", "cores"): {"used": 0, "limit": 0}}, id="of nothing"),
        pytest.param("ionos", [meter(5)], {}, id="figures of which the vendor reports no quota"),
    ],
)
def test_what_vendors_report(vendor: str, samples: list[Item], quotas: Shown) -> None:
    assert shown(quotas_of(vendor, samples)) == quotas


def test_a_level_that_goes_up_and_down_is_never_counted() -> None:
    watched = Watched(read_account("ionos", "limits: true"))
    for used in (20, 40, 10, 60):
        watched.read(0, [*resource(used, 64), meter(used)])

    assert watched.consumed == {}
    assert watched.ledger.members[0] == {}
    assert shown(watched) == {("cores", "1", "cores"): {"used": 60, "limit": 64}}


def test_a_levers_quota_has_the_products_name_however_many_products_there_are() -> None:
    samples = lever(1, 9, "p") + lever(2, 8, "r", "c2", "seats")

    assert {name for name, _, _ in shown(quotas_of("planship", samples))} == {"p/calls", "r/seats"}
    assert {name for name, _, _ in shown(quotas_of("planship", samples[:2]))} == {"p/calls"}


@pytest.mark.parametrize(
    ("sub_user", "plan_id", "product_type", "subject"),
    [
        ("9", "41", "ISP", "9/41/ISP"),
        ("9", "41", "", "9/41/"),
        ("9/4", "1", "", "9%2F4/1/"),
        ("9", "4/1", "", "9/4%2F1/"),
        ("9", "4", "1/", "9/4/1%2F"),
        ("9%2F4", "1", "", "9%252F4/1/"),
        ("", "41", "", "/41/"),
    ],
)
def test_a_subject_of_several_values_is_no_others(sub_user: str, plan_id: str, product_type: str, subject: str) -> None:
    labels = {"plan_id": plan_id, "product_type": product_type, "sub_user_id": sub_user}

    assert list(shown(quotas_of("netnut", [NETNUT_SUB_USER_GB_USED(3, **labels)]))) == [
        ("sub_user_traffic", subject, "GB")
    ]


def test_two_products_under_one_plan_id_are_two_quotas() -> None:
    other = {"plan_id": "41", "product_type": "ISP"}
    samples = [*plan(850), NETNUT_GB_USED(7, **other), NETNUT_PLAN_GB(50, **other)]

    assert {subject: one["used"] for (_, subject, _), one in shown(quotas_of("netnut", samples)).items()} == {
        "41/Residential": 850,
        "41/ISP": 7,
    }


@pytest.mark.parametrize(("limits", "limit"), [((1000, 1000), 1000), ((1000, 50), None), ((1000, None), None)])
def test_of_two_series_under_one_name_the_limit_is_known_where_they_agree(
    limits: tuple[float | None, ...], limit: float | None
) -> None:
    native = NativeQuota(name="traffic", subject="{plan_id}", used=NETNUT_GB_USED, limit=NETNUT_PLAN_GB)
    samples = [
        sample
        for used, (product, size) in zip((850, 7), zip(("ISP", "Residential"), limits, strict=True), strict=True)
        for sample in (
            NETNUT_GB_USED(used, plan_id="41", product_type=product),
            *NETNUT_PLAN_GB.known(size, plan_id="41", product_type=product),
        )
    ]
    read = VendorFigures(figures_of(samples), (), (), NOW.timestamp(), NOW.timestamp())

    (quota,) = native_quotas([native], read, {}, ()).quotas
    assert (quota.used, quota.limit) == (857, limit)


def test_a_rest_of_another_use_than_the_figures_makes_no_limit() -> None:
    labels = {"product": "p", "customer_id": "c1", "lever": "calls"}
    quotas = quotas_of("planship", [PLANSHIP_LEVER_USAGE(7, **labels), PLANSHIP_LEVER_USAGE.rest(None, **labels)])

    assert shown(quotas) == {("p/calls", "c1", ""): {"used": 7, "consumed_total": 0}}


@pytest.mark.parametrize(
    ("readings", "limit"),
    [
        pytest.param([(25, 75)], 100, id="what is left and what is used"),
        pytest.param([(90, 10), (105, -5)], 100, id="overdrawn, said as less than nothing"),
        pytest.param([(90, 10), (105, 0)], 100, id="overdrawn, said as nothing left"),
        pytest.param([(90, 10), (101, -1)], 100, id="overdrawn by one"),
        pytest.param([(90, 10), (105, 0), (120, 0)], 100, id="overdrawn for long"),
        pytest.param([(60, 40), (60, 0), (60, 0)], 60, id="a smaller plan, said as nothing left"),
        pytest.param([(60, 40), (60, 140), (61, 139)], 200, id="a larger plan, said twice"),
        pytest.param([(60, 40), (60, 140)], 100, id="use and rest of different moments, said once"),
        pytest.param([(90, 10), (1, 10), (2, 98)], 100, id="use that is reset before the rest is"),
        pytest.param([(105, 0)], 105, id="nothing left, and never known how much there was: all is used"),
        pytest.param([(7, -1)], None, id="without limit, said as -1"),
        pytest.param([(7, 93), (8, -1)], None, id="without limit from now on"),
        pytest.param([(0, 0)], 0, id="no access"),
    ],
)
def test_the_limit_that_what_is_left_implies(readings: list[tuple[float, float]], limit: float | None) -> None:
    quotas = Watched(read_account("planship"))
    for used, remaining in readings:
        quotas.read(0, lever(used, remaining))

    assert [one.get("limit") for one in shown(quotas).values()] == [limit]
