"""NetNut's plans as metrics: the plans of the account, and the plans of its sub-users."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from exporter.metrics import Family, Item, Unreadable
from exporter.vendors.netnut import families
from exporter.vendors.netnut.replies import Plan
from exporter.vendors.poll import Poll

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class PlanId(NamedTuple):
    """A plan's identity. The field `sub_user` is empty for the account's own plans."""

    sub_user: str
    plan_id: str
    product_type: str


PlansById = Mapping[PlanId, Plan]


class PlanFamilies(NamedTuple):
    """The families in which plans are reported."""

    gb_used: Family
    plan_gb: Family
    requests_used: Family
    reported_usage_ratio: Family
    active: Family
    start: Family
    end: Family

    def unreadable(self, **labels: str) -> list[Unreadable]:
        """Return items that mark the usage of plans with these labels as unreadable."""
        return [family.unreadable(**labels) for family in (self.gb_used, self.requests_used)]


OWN: Final = PlanFamilies(
    families.NETNUT_GB_USED,
    families.NETNUT_PLAN_GB,
    families.NETNUT_REQUESTS_USED,
    families.NETNUT_REPORTED_USAGE_RATIO,
    families.NETNUT_PLAN_ACTIVE,
    families.NETNUT_PLAN_START,
    families.NETNUT_PLAN_END,
)
SUB_USERS: Final = PlanFamilies(
    families.NETNUT_SUB_USER_GB_USED,
    families.NETNUT_SUB_USER_PLAN_GB,
    families.NETNUT_SUB_USER_REQUESTS_USED,
    families.NETNUT_SUB_USER_REPORTED_USAGE_RATIO,
    families.NETNUT_SUB_USER_PLAN_ACTIVE,
    families.NETNUT_SUB_USER_PLAN_START,
    families.NETNUT_SUB_USER_PLAN_END,
)


def by_id(plans: Iterable[tuple[PlanId, Plan]], poll: Poll) -> PlansById:
    """Return each plan once.

    If a plan has several rows, one row is kept unchanged. The order of the rows does not matter. Fields of different
    rows are never combined, since the rows may describe different times.
    """
    found: dict[PlanId, Plan] = {}
    for key, plan in plans:
        if key in found:
            poll.skip("duplicate")
            plan = max(found[key], plan, key=_precedence)  # noqa: PLW2901 - the preferred one
        found[key] = plan
    return found


def plan_items(plans: PlansById, into: PlanFamilies) -> Iterator[Item]:
    """Yield the series of plans. A plan without a limit has no limit series."""
    for (sub_user, plan_id, product_type), plan in plans.items():
        labels = {"plan_id": plan_id, "product_type": product_type}
        if into is SUB_USERS:
            labels["sub_user_id"] = sub_user
        yield from into.gb_used.expected(plan.total_gb_used, **labels)
        yield from into.plan_gb.known(plan.limit_gb, **labels)
        yield from into.requests_used.expected(plan.total_requests_used, **labels)
        yield from into.reported_usage_ratio.known(plan.usage_percentage, **labels)
        yield from into.active.known(plan.is_active, **labels)
        yield from into.start.known(plan.start_date, **labels)
        yield from into.end.known(plan.end_date, **labels)


def _precedence(plan: Plan) -> tuple[bool, datetime, datetime, float, float]:
    """Return the sort key for rows of the same plan. The row with the largest key is kept.

    Active rows have the largest keys. Among rows of the same status, the newest row has the largest key.
    """
    return (
        plan.is_active is True,
        plan.start_date or _NEVER,
        plan.end_date or _NEVER,
        -math.inf if plan.total_gb_used is None else plan.total_gb_used,
        -math.inf if plan.total_requests_used is None else plan.total_requests_used,
    )
