"""NetNut's past: for each day, the plans that ran and the usage of those plans.

Source:   POST /customer/usage/myusage: the dates, size and latest total of each plan, in any status;
          POST /customer/traffic/ by date, at most 30 days a request
Units:    the vendor states neither the unit nor the plan of a day's traffic. Traffic is attributed to a plan only if
          the traffic on the plan's days adds up to the plan's total, in GB or another common unit
Limits:   a plan's total is known only for the end of the plan. The vendor forgets old plans
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import ClassVar, Final, NamedTuple

from exporter.metrics import Item
from exporter.vendors.history import DAY, Past
from exporter.vendors.netnut import families
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.netnut.plans import OWN, SUB_USERS, PlanId, PlansById, plan_items
from exporter.vendors.netnut.replies import Plan, Traffic
from exporter.vendors.poll import Poll

_SECOND: Final = timedelta(seconds=1)
_DAYS_A_REQUEST: Final = 30
_AGREES: Final = 0.01
"""How much the sum of a plan's days may differ from the plan's total, as a fraction of the total."""
_GB_OF: Final = tuple(1 / unit for unit in (1, 1e3, 2**10, 1e6, 2**20, 1e9, 2**30))
"""The size in GB of each possible unit of traffic: GB, MB, kB and bytes, both decimal and binary."""


class Day(NamedTuple):
    """The usage of all plans together on one day: traffic in the vendor's unit, and the number of requests."""

    traffic: float
    requests: float


class Daily(NamedTuple):
    """A plan's usage since the plan began, for the end of each day.

    A field is None if the usage of the single days does not add up to the plan's total.
    """

    gb: Mapping[date, float] | None
    requests: Mapping[date, float] | None


class NetNutPast(Past[NetNut]):
    """The past of an account at NetNut."""

    families: ClassVar = (
        families.NETNUT_GB_USED,
        families.NETNUT_PLAN_GB,
        families.NETNUT_REQUESTS_USED,
        families.NETNUT_REPORTED_USAGE_RATIO,
        families.NETNUT_PLAN_START,
        families.NETNUT_PLAN_END,
        families.NETNUT_SUB_USER_GB_USED,
        families.NETNUT_SUB_USER_PLAN_GB,
        families.NETNUT_SUB_USER_REQUESTS_USED,
        families.NETNUT_SUB_USER_REPORTED_USAGE_RATIO,
        families.NETNUT_SUB_USER_PLAN_START,
        families.NETNUT_SUB_USER_PLAN_END,
    )

    @property
    def requests(self) -> int:
        """The approximate number of requests. One request reads up to 30 days of traffic."""
        return 2 + len(self.account.sub_users) + self.account.reseller + math.ceil(len(self.days) / _DAYS_A_REQUEST)

    async def moments(self, poll: Poll, day: datetime) -> Sequence[datetime]:
        """Return the midnight that begins the day, and the times of the day at which plans end.

        The ends of plans are included, because the usage of a plan at its end is known: it is the plan's total.
        """
        ends = {plan.end_date for plan in chain.from_iterable(one.values() for one in await self._plans(poll))}
        return (day, *sorted(end for end in ends if end is not None and day < end < day + DAY))

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the series of the plans that ran at `poll.now`.

        A plan that ends within the next second is reported with its total usage.
        """
        own, sub_users = await self._plans(poll)
        daily = await self._daily(poll, own)
        return chain(
            plan_items(dict(_plans_at(poll.now, own, daily)), OWN),
            plan_items(dict(_plans_at(poll.now, sub_users, {})), SUB_USERS),
        )

    async def _plans(self, poll: Poll) -> tuple[PlansById, PlansById]:
        """Return the account's own plans and its sub-users' plans. Only plans that ran in `self.days` are returned."""
        asked = self.account.model_copy(update={"plan_status": "all"})
        own, sub_users = await poll.cached(math.inf, "plans", lambda: asked.plans(poll))
        return self._dated(own), self._dated(sub_users)

    def _dated(self, plans: PlansById) -> PlansById:
        first, last = self.days.first - DAY, self.days.last + DAY
        return {
            key: plan
            for key, plan in plans.items()
            if plan.start_date and plan.end_date and plan.start_date < last and plan.end_date >= first
        }

    async def _daily(self, poll: Poll, plans: PlansById) -> Mapping[PlanId, Daily]:
        """Return each plan's usage by day. Usage that does not add up to the plan's total is left out."""

        async def read() -> Mapping[PlanId, Daily]:
            starts = [plan.start_date for plan in plans.values() if plan.start_date]
            if not starts:
                return {}
            days = await self._traffic(poll, min(starts).date(), self.asked_at.date())
            found = {}
            for key, plan in plans.items():
                found[key], doubts = daily(plan, days)
                for doubt in doubts:
                    poll.leave_out("refused", f"plan {key.plan_id}/{key.product_type}: {doubt}")
            return found

        return await poll.cached(math.inf, "traffic by day", read)

    async def _traffic(self, poll: Poll, first: date, last: date) -> Mapping[date, Day]:
        """Return the usage of all plans together, by day. Days without reported usage are left out."""
        days: dict[date, Day] = defaultdict(lambda: Day(0.0, 0.0))
        while first <= last:
            until = min(last, first + (_DAYS_A_REQUEST - 1) * DAY)
            question = {"byDate": True, "dateRange": f"{first},{until}"}
            reply = await poll.optional("traffic", lambda: poll.post(Traffic, "/customer/traffic/", question))  # noqa: B023 - awaited
            for row in reply.data if reply else ():
                if row.start_date is not None and row.traffic is not None:
                    known = days[row.start_date.date()]
                    days[row.start_date.date()] = Day(known.traffic + row.traffic, known.requests + (row.request or 0))
            first = until + DAY
        return days


def daily(plan: Plan, days: Mapping[date, Day]) -> tuple[Daily, Sequence[str]]:
    """Return a plan's usage by day, and the reasons why its traffic or its requests are missing, if they are."""
    if plan.start_date is None or plan.end_date is None:
        return Daily(None, None), ()
    first, last = plan.start_date.date(), (plan.end_date - _SECOND).date()
    own = {day: used for day, used in sorted(days.items()) if first <= day <= last}
    traffic, requests = {day: one.traffic for day, one in own.items()}, {day: one.requests for day, one in own.items()}
    gb_sums = _cumulative_sums(plan.total_gb_used, traffic, _GB_OF)
    request_sums = _cumulative_sums(plan.total_requests_used, requests, (1.0,))
    checked = (
        ("traffic by date adds up to {:g}, and its total is {:g} GB", traffic, plan.total_gb_used, gb_sums),
        ("requests by date add up to {:g}, and their total is {:g}", requests, plan.total_requests_used, request_sums),
    )
    doubts = [
        f"{text.format(math.fsum(by_day.values()), total)}: not shown by day"
        for text, by_day, total, sums in checked
        if sums is None and total
    ]
    return Daily(gb_sums, request_sums), doubts


def _cumulative_sums(
    total: float | None, days: Mapping[date, float], scales: Sequence[float]
) -> Mapping[date, float] | None:
    """Return the cumulative sums of daily usage, converted to the unit of `total`.

    The conversion factor is the first number in `scales` with which the days add up to `total`. Returns None if no
    number in `scales` is such a factor.
    """
    added = math.fsum(days.values())
    scale = next((one for one in scales if total is not None and abs(added * one - total) <= _AGREES * total), None)
    if scale is None:
        return None
    sums, reached = {}, 0.0
    for day, used in days.items():
        reached += used * scale
        sums[day] = reached
    return sums


def _plans_at(now: datetime, plans: PlansById, daily: Mapping[PlanId, Daily]) -> Iterator[tuple[PlanId, Plan]]:
    """Yield the plans that ran at the time `now`, with each plan's usage up to the end of the day."""
    for key, plan in plans.items():
        if plan.start_date is None or plan.end_date is None or not plan.start_date <= now < plan.end_date:
            continue
        if plan.end_date <= now + _SECOND:
            yield key, plan.model_copy(update={"is_active": None})
            continue
        by_day = daily.get(key, Daily(None, None))
        until_then = {
            "is_active": None,
            "usage_percentage": None,
            "total_gb_used": _used_until(now.date(), by_day.gb),
            "total_requests_used": _used_until(now.date(), by_day.requests),
        }
        yield key, plan.model_copy(update=until_then)


def _used_until(day: date, sums: Mapping[date, float] | None) -> float | None:
    """Return a plan's usage up to the end of a day, or None if the plan's usage by day is unknown."""
    if sums is None:
        return None
    return max((used for one, used in sums.items() if one <= day), default=0.0)
