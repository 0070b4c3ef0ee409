"""NetNut, a proxy network: what is used of each traffic plan, and by each sub-user.

Source:   Customers API 1.0, https://customers-api.netnut.io/v1: POST /auth/login, POST /customer/usage/myusage,
          GET /customer/usage/{id}, POST /customer/usage/
Period:   one plan, from its start to its end; a renewal is a new plan with a new id
Units:    GB as NetNut counts them; whether 10^9 or 2^30 bytes is not said, so nothing is converted
Login:    e-mail and password give a token for 24 hours, sent without "Bearer"; or a pasted token
Limits:   none documented
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Literal

from pydantic import Field

from exporter.client.auth import Auth, Login
from exporter.client.auth import Key as PastedToken
from exporter.errors import BadRequest, NotFound
from exporter.metrics import Item, Unreadable
from exporter.vendors.account import Account
from exporter.vendors.netnut import families
from exporter.vendors.netnut.replies import Plan, Plans, ResellerPlans
from exporter.vendors.poll import Poll, segment
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.reply import is_partial
from exporter.vendors.settings import Identifier, SecretFromEnvironment, SecretFromFile, Url

_TOKEN_SECONDS: Final = 23 * 3600.0
_STATUS: Final[Mapping[str, int]] = {"inactive": 0, "active": 1, "standby": 2, "all": 3}
# Documented are 200 and 400, clients have seen 401: any of these may mean that a login or a token is not accepted.
_REFUSALS: Final = frozenset({400, 401, 403})


_COUNTED: Final = (families.NETNUT_GB_USED, families.NETNUT_REQUESTS_USED)
_SUB_USERS_COUNTED: Final = (families.NETNUT_SUB_USER_GB_USED, families.NETNUT_SUB_USER_REQUESTS_USED)


def samples(plans: Iterable[Plan]) -> Iterator[Item]:
    """Say the account's plans in metrics. A plan without a limit has no limit series."""
    for plan in plans:
        labels = {"plan_id": plan.id, "product_type": plan.product_type or ""}
        yield from families.NETNUT_GB_USED.expected(plan.total_gb_used, **labels)
        yield from families.NETNUT_PLAN_GB.known(plan.limit_gb, **labels)
        yield from families.NETNUT_REQUESTS_USED.expected(plan.total_requests_used, **labels)
        yield from families.NETNUT_REPORTED_USAGE_RATIO.known(plan.usage_percentage, **labels)
        yield from families.NETNUT_PLAN_ACTIVE.known(plan.is_active, **labels)
        yield from families.NETNUT_PLAN_START.known(plan.start_date, **labels)
        yield from families.NETNUT_PLAN_END.known(plan.end_date, **labels)
    if is_partial(plans):
        yield from (family.unreadable() for family in _COUNTED)


def sub_user_samples(plans: Mapping[tuple[str, str], Plan]) -> Iterator[Item]:
    """Say sub-users' plans in metrics; they are given by sub-user and plan."""
    for (sub_user, _), plan in plans.items():
        labels = {"plan_id": plan.id, "product_type": plan.product_type or "", "sub_user_id": sub_user}
        yield from families.NETNUT_SUB_USER_GB_USED.expected(plan.total_gb_used, **labels)
        yield from families.NETNUT_SUB_USER_PLAN_GB.known(plan.limit_gb, **labels)
        yield from families.NETNUT_SUB_USER_REQUESTS_USED.expected(plan.total_requests_used, **labels)


def _hidden(sub_user: str) -> list[Unreadable]:
    """The series of a sub-user that cannot be read."""
    return [family.unreadable(sub_user_id=sub_user) for family in _SUB_USERS_COUNTED]


_TRAFFIC: Final = NativeQuota(
    name="traffic",
    subject="{plan_id}",
    unit="GB",
    used=families.NETNUT_GB_USED,
    limit=families.NETNUT_PLAN_GB,
    start=families.NETNUT_PLAN_START,
    end=families.NETNUT_PLAN_END,
    active=families.NETNUT_PLAN_ACTIVE,
)
_SUB_USER_TRAFFIC: Final = NativeQuota(
    name="sub_user_traffic",
    subject="{sub_user_id}/{plan_id}",
    unit="GB",
    used=families.NETNUT_SUB_USER_GB_USED,
    limit=families.NETNUT_SUB_USER_PLAN_GB,
)


class NetNut(Account):
    """An account at NetNut."""

    sign_ins: ClassVar = (("email", "password"), ("token",))
    native_quotas: ClassVar = (_TRAFFIC, _SUB_USER_TRAFFIC)
    plan_period: ClassVar = PlanPeriod(
        labels=("plan_id",), start=families.NETNUT_PLAN_START, end=families.NETNUT_PLAN_END
    )
    example: ClassVar = """\
email: usage@example.com
password: ${NETNUT_PASSWORD}
"""
    native_quotas_of: ClassVar = "NetNut's plans"
    families: ClassVar = families.FAMILIES

    vendor: Literal["netnut"] = Field(description="NetNut, a proxy network.")
    base_url: Url = "https://customers-api.netnut.io/v1"
    email: str | None = Field(default=None, min_length=1, description="E-mail address of the dashboard's login.")
    password: SecretFromEnvironment | None = Field(default=None, description="Password of the dashboard's login.")
    password_file: SecretFromFile | None = Field(default=None, description="File that holds the password.")
    token: SecretFromEnvironment | None = Field(
        default=None, description="A token instead of e-mail and password; NetNut ends it after 24 hours."
    )
    token_file: SecretFromFile | None = Field(default=None, description="File that holds the token.")
    auth_scheme: Literal["raw", "bearer"] = Field(
        default="raw", description="Whether the token is sent as it is (raw) or after `Bearer` (bearer)."
    )
    plan_status: Literal["active", "inactive", "standby", "all"] = Field(
        default="active", description="Which plans are asked for; series of other plans go away."
    )
    sub_users: tuple[Identifier, ...] = Field(
        default=(), description="Customer ids of sub-users whose plans are asked for."
    )
    reseller: bool = Field(default=False, description="Ask for the plans of all sub-users; for resellers only.")

    @property
    def auth(self) -> Auth:
        """A token, pasted or exchanged for e-mail and password."""
        scheme = "Bearer" if self.auth_scheme == "bearer" else ""
        if self.email is None:
            return PastedToken(self.secret("token"), scheme)
        return Login(
            path="/auth/login",
            body=(("email", self.email), ("password", self.secret("password"))),
            token_field="token",  # noqa: S106 - the name of a field
            lifetime=_TOKEN_SECONDS,
            scheme=scheme,
            doubted_on=_REFUSALS,
            refused_on=_REFUSALS,
        )

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the plans of the account, and of its sub-users where they are asked for."""
        status = {"planStatus": _STATUS[self.plan_status]}
        own = await poll.post(Plans, "/customer/usage/myusage", status)
        return [*samples(own.data), *sub_user_samples(await self._sub_users(poll, status))]

    async def _sub_users(self, poll: Poll, status: Mapping[str, int]) -> Mapping[tuple[str, str], Plan]:
        found: dict[tuple[str, str], Plan] = {}
        if self.reseller:
            question = {**status, "bySubUser": True}
            reply = await poll.optional(lambda: poll.post(ResellerPlans, "/customer/usage/", question))
            if reply is None or is_partial(reply.data):
                poll.unreadable += [family.unreadable() for family in _SUB_USERS_COUNTED]
            for plan in (reply.data if reply else None) or ():
                if plan.sub_user_id is None:
                    poll.skip("ambiguous")
                elif (plan.sub_user_id, plan.id) in found:
                    poll.skip("duplicate")
                else:
                    found[plan.sub_user_id, plan.id] = plan

        async def plans_of(sub_user: str) -> list[Plan]:
            plans = (await poll.get(Plans, f"/customer/usage/{segment(sub_user)}")).data
            poll.unreadable += _hidden(sub_user) if is_partial(plans) else ()
            return plans

        asked = [sub_user for sub_user in self.sub_users if sub_user not in {known for known, _ in found}]
        for sub_user, plans in await poll.each(
            asked, plans_of, gone=(NotFound, BadRequest), needed=False, hides=_hidden
        ):
            found |= {(sub_user, plan.id): plan for plan in plans if self._wanted(plan)}
        return found

    def _wanted(self, plan: Plan) -> bool:
        """Whether a sub-user's plan may be of the status asked for: this endpoint takes no such parameter."""
        if self.plan_status == "all" or plan.is_active is None:
            return True
        return plan.is_active == (self.plan_status == "active")
