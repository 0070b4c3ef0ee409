"""The quotas that vendors report."""

import pytest
from quota_samples import (
    END,
    NOTHING,
    NOW,
    SPAN,
    Shown,
    entitlement,
    lever,
    measured,
    meter,
    plan,
    quotas_of,
    read_account,
    shown,
)

from exporter.metrics import Sample
from exporter.vendors.netnut.families import NETNUT_SUB_USER_GB_USED, NETNUT_SUB_USER_PLAN_GB
from exporter.vendors.planship.account import Product


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


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
                NETNUT_SUB_USER_GB_USED(3, plan_id="41", product_type="", sub_user_id="9"),
                NETNUT_SUB_USER_PLAN_GB(10, plan_id="41", product_type="", sub_user_id="9"),
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
        pytest.param("ionos", [meter(5)], {}, id="a vendor that knows no quotas"),
    ],
)
def test_what_vendors_report(vendor: str, samples: list[Sample], quotas: Shown) -> None:
    assert shown(quotas_of(vendor, samples)) == quotas


def test_of_several_products_the_quotas_names_are_qualified_whatever_levers_they_have() -> None:
    one = read_account("planship")
    both = one.model_copy(update={"products": tuple(Product(slug=slug, levers=("calls",)) for slug in "pr")})
    samples = lever(1, 9, "p") + lever(2, 8, "r", "c2", "seats")

    assert {name for name, _, _ in shown(measured(one, samples, NOW))} == {"calls", "seats"}
    assert {name for name, _, _ in shown(measured(both, samples, NOW))} == {"p/calls", "r/seats"}
    assert {name for name, _, _ in shown(measured(both, samples[:2], NOW))} == {"p/calls"}


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
    quotas = NOTHING
    for used, remaining in readings:
        quotas = quotas_of("planship", lever(used, remaining), before=quotas)

    assert [one.get("limit") for one in shown(quotas).values()] in ([limit], [] if limit is None else [limit])
