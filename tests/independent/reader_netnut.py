"""What the page must show of a world of NetNut's."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final

from expectation import ANYTHING, Member, Page, Quota, Values, configured_quotas
from fields import identifier, is_day, moment, number, percentage, rows, text, unix_day
from world import World

FAMILIES: Final = frozenset(
    f"netnut_{name}"
    for name in (
        *("gb_used", "plan_gb", "requests_used", "reported_usage_ratio", "plan_active"),
        *("plan_start_timestamp_seconds", "plan_end_timestamp_seconds"),
        *("sub_user_gb_used", "sub_user_plan_gb", "sub_user_requests_used", "sub_user_reported_usage_ratio"),
        *("sub_user_plan_active", "sub_user_plan_start_timestamp_seconds", "sub_user_plan_end_timestamp_seconds"),
    )
)
_DAY_SECONDS: Final = 86_400
_STATUSES: Final = {"active": 1, "inactive": 0, "standby": 2, "all": 3}
_OTHERS: Final[dict[int, tuple[Any, ...]]] = {1: (False,), 0: (True,), 2: (True,), 3: ()}
"""What `is_active` says of plans that were not asked for; the question for one sub-user cannot say which it wants."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A row that can be told from others: what it says, each figure by itself."""

    plan_id: str
    product_type: str
    sub_user: str | None
    gb: Decimal | None
    size: Decimal | None
    requests: Decimal | None
    ratio: Decimal | None
    is_active: bool | None
    start: Decimal | None
    end: Values
    quota_end: Values

    @property
    def labels(self) -> dict[str, str]:
        own = {"plan_id": self.plan_id, "product_type": self.product_type}
        return own if self.sub_user is None else {**own, "sub_user_id": self.sub_user}


def read_netnut(world: World) -> list[Page]:
    """Every page that is right: more than one where rows of one plan disagree, since each may be the one shown."""
    status = _STATUSES[world.settings.get("plan_status", "active")]
    reply = world.post("/customer/usage/myusage", {"planStatus": status}).body
    if reply.get("success") is False:
        return [Page(up=False)]
    own = [_plan(one, None) for one in reply["data"]]
    theirs, is_refused = _sub_user_plans(world, status)
    pages = [_page(world, choice, theirs, is_refused=is_refused) for choice in _choices(own)]
    if own and not any(own):  # an answer of which nothing can be read may be a failure
        pages.append(Page(up=False))
    if not own and not theirs and "none_asked_for" in world.off:
        pages.append(Page(up=False))
    return pages


def _choices(plans: list[Plan | None]) -> Iterator[list[Plan | None]]:
    """The rows with one of each plan; a plan whose rows are equal is there once."""
    by_plan: dict[Any, list[Plan | None]] = defaultdict(list)
    for place, plan in enumerate(plans):
        same = by_plan[place if plan is None else (plan.plan_id, plan.product_type)]
        if plan not in same:
            same.append(plan)
    return map(list, product(*by_plan.values()))


def _plan(one: dict[str, Any], sub_user: str | None) -> Plan | None:
    plan_id = identifier(one.get("id"))
    if plan_id is None:
        return None
    share, size, active = percentage(one.get("usage_percentage")), number(one.get("plan_gb")), one.get("is_active")
    end, quota_end = _ends(one.get("end_date"), active)
    return Plan(
        plan_id=plan_id,
        product_type=text(one.get("product_type")),
        sub_user=sub_user,
        gb=number(one.get("total_gb_used")),
        size=size if size is not None and size > 0 else None,
        requests=number(one.get("total_requests_used")),
        ratio=None if share is None else share / 100,
        is_active=active if isinstance(active, bool) else None,
        start=moment(one.get("start_date")),
        end=end,
        quota_end=quota_end,
    )


def _ends(end: Any, active: Any) -> tuple[Values, Values]:
    """What an end may be, on its own series and as the quota's; a day means its end while the plan is active."""
    beginning = moment(end)
    if beginning is None or not is_day(end):
        return (beginning,), (beginning,)
    both = (beginning, beginning + _DAY_SECONDS)
    return both, both[1:] if active is True else both


def _sub_user_plans(world: World, status: int) -> tuple[list[Plan | None], bool]:
    """The sub-users' plans, whichever question brings them, and whether a question was refused."""
    plans: dict[Any, Plan | None] = {}
    is_refused = False
    for sub_user in world.settings.get("sub_users", ()):
        answer = world.get(f"/customer/usage/{sub_user}")
        if answer.status != 200:
            is_refused = True
            continue
        found = [one for one in answer.body["data"] if one.get("is_active") not in _OTHERS[status]]
        plans |= _by_identity([(sub_user, one) for one in found])
    if world.settings.get("reseller"):
        reply = world.post("/customer/usage/", {"planStatus": status, "bySubUser": True}).body
        for envelope in reply if isinstance(reply, list) else [reply]:
            plans |= _by_identity(_owned(envelope["data"]))
    return list(plans.values()), is_refused


def _owned(found: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    owned = []
    for one in found:
        sub_user = next(str(one[name]) for name in ("customer_id", "customerId", "subUserId") if name in one)
        nested = rows(one.get("plans"))
        owned += [(sub_user, plan) for plan in ([one] if nested is None else nested)]
    return owned


def _by_identity(owned: list[tuple[str, dict[str, Any]]]) -> dict[Any, Plan | None]:
    plans = [(sub_user, _plan(one, sub_user)) for sub_user, one in owned]
    return {(sub_user, plan and plan.plan_id, plan and plan.product_type): plan for sub_user, plan in plans}


def _page(world: World, own: list[Plan | None], theirs: list[Plan | None], *, is_refused: bool) -> Page:
    page = Page()
    for plan in [*own, *theirs]:
        if plan is not None:
            _show(page, plan)
    page.show_quotas("netnut", _native(world, [*own, *theirs]))
    settings = world.settings["quotas"]
    members = [*_members(own, is_sub_users=False), *_members(theirs, is_sub_users=True)]
    page.show_quotas("netnut", configured_quotas(world, members))
    if is_refused:  # whether one refused belongs to the sum is not said
        page.silent_quotas |= {one["name"] for one in settings if "sub_user" in one["metric"]}
    return page


def _show(page: Page, plan: Plan) -> None:
    prefix = "netnut" if plan.sub_user is None else "netnut_sub_user"
    page.show_if_known(f"{prefix}_gb_used", plan.labels, plan.gb)
    page.show_if_known(f"{prefix}_plan_gb", plan.labels, plan.size)
    page.show_if_known(f"{prefix}_requests_used", plan.labels, plan.requests)
    active = None if plan.is_active is None else Decimal(plan.is_active)
    page.show_if_known(f"{prefix}_reported_usage_ratio", plan.labels, plan.ratio)
    page.show_if_known(f"{prefix}_plan_active", plan.labels, active)
    page.show_if_known(f"{prefix}_plan_start_timestamp_seconds", plan.labels, plan.start)
    page.show(f"{prefix}_plan_end_timestamp_seconds", plan.labels, *plan.end)


def _native(world: World, plans: list[Plan | None]) -> Iterator[Quota]:
    known = [plan for plan in plans if plan is not None]
    for plan in known:
        parts = [plan.plan_id, plan.product_type]
        parts = parts if plan.sub_user is None else [plan.sub_user, *parts]
        is_silent = plan.sub_user is not None and "sub_user_periods" in world.off
        yield Quota(
            name="traffic" if plan.sub_user is None else "sub_user_traffic",
            subject="/".join(parts),
            unit="GB",
            used=plan.gb,
            limit=(plan.size,),
            start=ANYTHING if is_silent else (plan.start,),
            end=ANYTHING if is_silent else plan.quota_end,
            is_subject_open=any(set(part) & set("/\\%") for part in parts),
            is_silent=plan.is_active is not True and not _ends_after(plan, world.today),
        )


def _ends_after(plan: Plan, today: date) -> bool:
    """Whether a plan surely ends later; one that is no longer active is a quota until its end."""
    end = plan.quota_end[0]
    return end is not None and end >= unix_day(today + timedelta(1))


def _members(plans: list[Plan | None], *, is_sub_users: bool) -> Iterator[Member]:
    """A row without its plan's id may be any of the account's own, or of the sub-users', as it stands among these."""
    for plan in plans:
        if plan is None:
            for family in FAMILIES:
                if family.startswith("netnut_sub_user_") == is_sub_users:
                    yield Member(family, {}, None, is_partial=True)
            continue
        prefix = "netnut_sub_user" if is_sub_users else "netnut"
        for family, value in ((f"{prefix}_gb_used", plan.gb), (f"{prefix}_requests_used", plan.requests)):
            yield Member(family, plan.labels, value, start=plan.start, end=plan.quota_end)
