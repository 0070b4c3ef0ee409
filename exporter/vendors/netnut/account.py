"""NetNut, a proxy network: the usage of each traffic plan, and of each sub-user.

Source:   Customers API 1.0, https://customers-api.netnut.io/v1: POST /auth/login, POST /customer/usage/myusage,
          GET /customer/usage/{id}, POST /customer/usage/
Period:   one plan, from its start to its end; a renewal is a new plan with a new id
Units:    GB as NetNut counts them. Nothing is converted, since it is undocumented whether a GB is 10^9 or 2^30 bytes
Login:    a pasted token, or a token obtained with e-mail and password. Tokens are valid for 24 hours, and are sent
          without "Bearer" by default
Limits:   none documented
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from itertools import chain
from typing import ClassVar, Final, Literal

from pydantic import Field

from exporter.client.auth import ApiKey, Auth, Login
from exporter.errors import BadRequest, Malformed, NotFound
from exporter.metrics import Item
from exporter.vendors.account import Account
from exporter.vendors.netnut import families
from exporter.vendors.netnut.plans import OWN, SUB_USERS, PlanId, PlansById, by_id, plan_items
from exporter.vendors.netnut.quality import QUALITY
from exporter.vendors.netnut.replies import Plan, Plans, ResellerPlans, SubUserPlans
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.reply import is_partial
from exporter.vendors.settings.types import Identifier, SecretFromEnvironment, SecretFromFile, Url

_TOKEN_SECONDS: Final = 23 * 3600.0
_RESELLER_PATH: Final = "/customer/usage/"
_STATUS: Final[Mapping[str, int]] = {"inactive": 0, "active": 1, "standby": 2, "all": 3}
# By the documentation, a refused login is answered with 200 or 400; clients have also seen 401. A refusal with 200 has
# no token.
_REFUSALS: Final = frozenset({400, 401, 403})


_TRAFFIC: Final = NativeQuota(
    name="traffic",
    subject="{plan_id}/{product_type}",
    unit="GB",
    used=families.NETNUT_GB_USED,
    limit=families.NETNUT_PLAN_GB,
    start=families.NETNUT_PLAN_START,
    end=families.NETNUT_PLAN_END,
    active=families.NETNUT_PLAN_ACTIVE,
)
_SUB_USER_TRAFFIC: Final = NativeQuota(
    name="sub_user_traffic",
    subject="{sub_user_id}/{plan_id}/{product_type}",
    unit="GB",
    used=families.NETNUT_SUB_USER_GB_USED,
    limit=families.NETNUT_SUB_USER_PLAN_GB,
    start=families.NETNUT_SUB_USER_PLAN_START,
    end=families.NETNUT_SUB_USER_PLAN_END,
    active=families.NETNUT_SUB_USER_PLAN_ACTIVE,
)


def _id(sub_user: str, plan_id: str, plan: Plan) -> PlanId:
    return PlanId(sub_user, plan_id, plan.product_type or "")


class NetNut(Account):
    """An account at NetNut."""

    sign_ins: ClassVar = (("email", "password"), ("token",))
    native_quotas: ClassVar = (_TRAFFIC, _SUB_USER_TRAFFIC)
    plan_periods: ClassVar = (
        PlanPeriod(labels=("plan_id", "product_type"), start=families.NETNUT_PLAN_START, end=families.NETNUT_PLAN_END),
        PlanPeriod(
            labels=("plan_id", "product_type", "sub_user_id"),
            start=families.NETNUT_SUB_USER_PLAN_START,
            end=families.NETNUT_SUB_USER_PLAN_END,
        ),
    )
    example: ClassVar = """\
email: usage@example.com
password: ${NETNUT_PASSWORD}
"""
    native_quotas_of: ClassVar = "NetNut's plans (whose subject is `plan_id/product_type`)"
    reported: ClassVar = families.FAMILIES
    quality: ClassVar = QUALITY

    vendor: Literal["netnut"] = Field(description="NetNut, a proxy network.")
    base_url: Url = "https://customers-api.netnut.io/v1"
    email: str | None = Field(default=None, min_length=1, description="E-mail address of the dashboard's login.")
    password: SecretFromEnvironment | None = Field(default=None, description="Password of the dashboard's login.")
    password_file: SecretFromFile | None = Field(default=None, description="File that holds the password.")
    token: SecretFromEnvironment | None = Field(
        default=None, description="A token instead of e-mail and password; it expires after 24 hours."
    )
    token_file: SecretFromFile | None = Field(default=None, description="File that holds the token.")
    auth_scheme: Literal["raw", "bearer"] = Field(
        default="raw", description="Whether the token is sent as it is (raw) or after `Bearer` (bearer)."
    )
    plan_status: Literal["active", "inactive", "standby", "all"] = Field(
        default="active", description="Status of the plans to read; other plans have no series."
    )
    sub_users: tuple[Identifier, ...] = Field(default=(), description="Customer ids of sub-users whose plans to read.")
    reseller: bool = Field(default=False, description="Read the plans of all sub-users; for resellers only.")

    @property
    def auth(self) -> Auth:
        """A pasted token, or a token obtained with e-mail and password."""
        scheme = "Bearer" if self.auth_scheme == "bearer" else ""
        if self.email is None:
            return ApiKey(self.secret("token"), scheme)
        return Login(
            path="/auth/login",
            body=(("email", self.email), ("password", self.secret("password"))),
            token_field="token",  # noqa: S106 - the name of a field
            lifetime=_TOKEN_SECONDS,
            scheme=scheme,
            rejected_statuses=_REFUSALS,
        )

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the series of the account's own plans and, if configured, of its sub-users' plans."""
        own, sub_users = await self.plans(poll)
        return chain(plan_items(own, OWN), plan_items(sub_users, SUB_USERS))

    async def plans(self, poll: Poll) -> tuple[PlansById, PlansById]:
        """Return the account's own plans and, if configured, its sub-users' plans."""
        status = {"planStatus": _STATUS[self.plan_status]}
        own = (await poll.post(Plans, "/customer/usage/myusage", status)).data
        if is_partial(own):
            poll.unreadable += OWN.unreadable()
        listed = await self._read_list(poll, status) if self.reseller else []
        asked = await self._read_sub_users(poll, {plan_id.sub_user for plan_id, _ in listed})
        return by_id(((_id("", plan.id, plan), plan) for plan in own), poll), by_id(chain(listed, asked), poll)

    async def _read_list(self, poll: Poll, status: Mapping[str, int]) -> list[tuple[PlanId, Plan]]:
        """Request the plans of all sub-users. A plan whose sub-user is unknown is skipped."""
        question = {**status, "bySubUser": True}
        reply = await poll.optional(_RESELLER_PATH, lambda: poll.post(ResellerPlans, _RESELLER_PATH, question))
        plans = reply.data if reply else None
        if is_partial(plans):
            poll.unreadable += SUB_USERS.unreadable()
        found: list[tuple[PlanId, Plan]] = []
        for plan in plans or ():
            if plan.sub_user_id is None:
                poll.skip("ambiguous")
                poll.unreadable += SUB_USERS.unreadable(plan_id=plan.id, product_type=plan.product_type or "")
            else:
                found.append((_id(plan.sub_user_id, plan.id, plan), plan))
        if reply and not found and plans != []:
            names = ", ".join(reply.field_names) or "none"
            poll.leave_out("schema", f"POST {_RESELLER_PATH}: no sub-user's plan can be read; fields known: {names}")
        return found

    async def _read_sub_users(self, poll: Poll, known: Container[str]) -> list[tuple[PlanId, Plan]]:
        """Request the plans of each configured sub-user who is not in `known`."""

        async def plans_of(sub_user: str) -> list[tuple[PlanId, Plan]]:
            path = f"/customer/usage/{segment(sub_user)}"
            plans = (await poll.get(SubUserPlans, path)).data
            # A plan that names another owner does not belong to this sub-user, whatever was requested.
            own = [plan for plan in plans if plan.sub_user_id == sub_user or not plan.has_owner]
            if foreign := len(plans) - len(own):
                poll.skip("ambiguous", foreign)
                poll.unreadable += SUB_USERS.unreadable(sub_user_id=sub_user)
            wanted = [plan for plan in own if self._is_wanted(plan)]
            poll.unwanted += len(own) - len(wanted)
            found = [(_id(sub_user, plan.id, plan), plan) for plan in wanted if plan.id is not None]
            if wanted and not found:
                raise Malformed("no plan has an id", asked=f"GET {path}")
            if nameless := len(wanted) - len(found):
                poll.skip("schema", nameless)
            if nameless or is_partial(plans):
                poll.unreadable += SUB_USERS.unreadable(sub_user_id=sub_user)
            return found

        replies = await poll.gather(
            [sub_user for sub_user in self.sub_users if sub_user not in known],
            plans_of,
            absent_errors=(NotFound, BadRequest),
            needed=False,
            hides=lambda sub_user: SUB_USERS.unreadable(sub_user_id=sub_user),
        )
        return [plan for _, plans in replies for plan in plans]

    def _is_wanted(self, plan: Plan) -> bool:
        """Whether a plan has the configured status or an unknown status.

        This is checked here because the endpoint for one sub-user cannot filter by status.
        """
        if self.plan_status == "all" or plan.is_active is None:
            return True
        return plan.is_active == (self.plan_status == "active")
