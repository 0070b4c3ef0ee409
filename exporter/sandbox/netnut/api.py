"""NetNut's customers API, simulated.

Sign-in: e-mail and password give a token that is valid for 24 hours. The token is accepted alone or after "Bearer".
Figures: GB and requests per plan. A plan lasts 30 days, and each renewal is a plan with a new id. Also the traffic of
         each day, summed over all plans of the account. One call returns at most 30 days.
Quirks:  numbers as text, a day instead of an instant, a percentage that lags, plans without a limit.
         For the account globex, the resellers' list returns the answer from NetNut's documentation, which is empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from exporter.sandbox.accounts import account_where
from exporter.sandbox.netnut.accounts import ACCOUNTS, RESELLERS, demo
from exporter.sandbox.periods import DAY, HOUR, RENEWAL_DAYS, Period, named_day, renewal, write_day, write_instant
from exporter.sandbox.sign_in import Tokens, bearer
from exporter.sandbox.simulation import Simulation, app_of, json_object
from exporter.sandbox.world import World

Row = dict[str, Any]

_TOKEN_LIFETIME = 24 * HOUR
_LAG = 6 * HOUR
_LONGEST_RANGE = 30 * DAY
_ACTIVE, _INACTIVE, _STANDBY, _ALL = 1, 0, 2, 3
_PACKAGES = {1: "Data Center", 2: "Static Residential", 3: "Residential"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan that is renewed every 30 days. The number `gb` is a typical period's usage."""

    number: int
    product: str
    plan_gb: float | None
    gb: float
    rough: bool = False
    bought_ahead: bool = False


_PLANS: Mapping[str, tuple[_Plan, ...]] = {
    "acme": (
        _Plan(41, "Residential", 1000, 1080, bought_ahead=True),
        _Plan(42, "Residential", 500, 230),
        _Plan(43, "Data Center", 0, 55, rough=True),
    ),
    "globex": (
        _Plan(51, "Residential", 200, 120),
        _Plan(52, "Static Residential", 50, 18, rough=True),
        _Plan(53, "Data Center", None, 340),
    ),
}


class _NetNut:
    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens

    async def login(self, request: Request) -> JSONResponse:
        """POST /auth/login."""
        body = await json_object(request, status=400)
        given = (body.get("email"), body.get("password"))
        account = account_where(ACCOUNTS, lambda known: given == (known.email, known.password))
        if account is None:
            raise HTTPException(400, "Wrong email or password")
        return JSONResponse({"success": True, "token": self._tokens.issue("netnut", account, _TOKEN_LIFETIME)})

    async def authenticated(self, request: Request) -> JSONResponse:
        """GET /auth/authenticated."""
        self._account(request)
        return JSONResponse({"success": True, "token": _token(request)})

    async def my_usage(self, request: Request) -> JSONResponse:
        """POST /customer/usage/myusage."""
        account = self._account(request)
        status = _plan_status(await json_object(request, status=400))
        rows = [row for plan in _PLANS[account] for row in self._rows(plan, f"netnut/{account}", status)]
        return JSONResponse({"success": True, "data": rows})

    async def usage_of(self, request: Request) -> JSONResponse:
        """GET /customer/usage/{id}."""
        account, sub_user = self._account(request), request.path_params["id"]
        if sub_user not in ACCOUNTS[account].sub_users:
            raise HTTPException(400, "Unknown customer id")
        rows = self._sub_user_rows(account, sub_user, _ALL)
        newest_first = sorted(rows, key=lambda row: (row["is_active"], row["start_date"]), reverse=True)
        return JSONResponse({"success": True, "data": newest_first})

    async def usage(self, request: Request) -> JSONResponse:
        """POST /customer/usage/, the list for resellers."""
        account = self._account(request)
        body = await json_object(request, status=400)
        status = _plan_status(body)
        if account not in RESELLERS:
            return JSONResponse({"success": True, "token": "sandbox-documented-reply"})
        if not body.get("bySubUser"):
            return await self.my_usage(request)
        wanted = {text.strip() for text in str(body.get("subUsers") or "").split(",") if text.strip()}
        product = _product(body)
        rows = [
            {"customer_id": sub_user, **row}
            for sub_user in ACCOUNTS[account].sub_users
            if sub_user in wanted or not wanted
            for row in self._sub_user_rows(account, sub_user, status)
            if row["product_type"] == product or product is None
        ]
        return JSONResponse({"success": True, "data": rows})

    async def traffic(self, request: Request) -> JSONResponse:
        """POST /customer/traffic/. The answer leaves out future days."""
        account = self._account(request)
        body = await json_object(request, status=400)
        first, last = _days(body.get("dateRange"))
        if not body.get("byDate") or last - first >= _LONGEST_RANGE:
            raise HTTPException(400, "byDate must be true and dateRange at most 30 days")
        count = round((min(last, self._world.now()) - first) / DAY + 0.5)
        days = [first + number * DAY for number in range(max(0, count))]
        return JSONResponse({"success": True, "data": [self._day(account, day) for day in days]})

    def _day(self, account: str, day: float) -> Row:
        """Return the total usage of an account's plans in a day."""
        found = [self._used_in(plan, f"netnut/{account}/{plan.number}", day) for plan in _PLANS[account]]
        requests = sum(requests for _, requests in found)
        return {
            "start_date": write_day(day),
            "traffic": round(sum(gb for gb, _ in found), 3),
            "extra_traffic": 0,
            "request": requests,
            "d_usage": None,
        }

    def _used_in(self, plan: _Plan, subject: str, day: float) -> tuple[float, int]:
        anchor = self._anchor(subject)
        until = min(day + DAY, self._world.now())
        gb = 0.0
        for period in {renewal(day, anchor), renewal(until - 1, anchor)}:
            since = max(day, period.start)
            gb += self._used_gb(plan, subject, period, until) - self._used_gb(plan, subject, period, since)
        return gb, int(gb * self._a_gb(subject))

    def _anchor(self, subject: str) -> float:
        return round(self._world.between(0, RENEWAL_DAYS, f"{subject}/anchor")) * DAY

    def _a_gb(self, subject: str) -> float:
        """Return a plan's number of requests per GB."""
        return self._world.between(2_000, 6_000, f"{subject}/requests")

    def _account(self, request: Request) -> str:
        account = self._tokens.account("netnut", _token(request))
        if account is None:
            raise HTTPException(401, "Invalid token")
        return account

    def _sub_user_rows(self, account: str, sub_user: str, status: int) -> Iterator[Row]:
        for bought in _PLANS[account][:2]:
            size = self._world.between(0.1, 0.4, f"netnut/{account}/{sub_user}/{bought.number}")
            plan_gb = bought.plan_gb and round(bought.plan_gb * 0.4)
            plan = _Plan(int(f"{sub_user[-4:]}{bought.number}"), bought.product, plan_gb, bought.gb * size)
            for row in self._rows(plan, f"netnut/{account}/{sub_user}", status):
                over = bool(plan_gb) and row["total_gb_used"] > plan_gb
                name = f"{bought.product} {plan_gb:g} GB" if plan_gb else bought.product
                yield {**row, "is_over": over, "plan_id": bought.number, "plan_name": name}

    def _rows(self, plan: _Plan, owner: str, status: int) -> Iterator[Row]:
        subject = f"{owner}/{plan.number}"
        period = renewal(self._world.now(), self._anchor(subject))
        if status in (_ACTIVE, _ALL):
            yield self._row(plan, subject, period, active=True)
        if status in (_STANDBY, _ALL) and plan.bought_ahead:
            yield self._row(plan, subject, period.after, active=False)
        if status in (_INACTIVE, _ALL):
            yield self._row(plan, subject, period.before, active=False)

    def _row(self, plan: _Plan, subject: str, period: Period, *, active: bool) -> Row:
        now = self._world.now()
        used_gb = self._used_gb(plan, subject, period, now)
        return {
            "id": plan.number * 10_000 + period.index,
            "start_date": (write_day if plan.rough else _write_instant)(period.start),
            "end_date": write_day(period.end - 1) if plan.rough else _write_instant(period.end),
            "is_active": active,
            "total_requests_used": int(used_gb * self._a_gb(subject)),
            "total_gb_used": f"{used_gb:.2f}" if plan.rough else round(used_gb, 2),
            "usage_percentage": self._percentage(plan, subject, period, now - _LAG),
            "plan_gb": plan.plan_gb,
            "product_type": plan.product,
        }

    def _used_gb(self, plan: _Plan, subject: str, period: Period, at: float) -> float:
        return self._world.billed(subject, period.start, min(at, period.end)) / RENEWAL_DAYS * plan.gb

    def _percentage(self, plan: _Plan, subject: str, period: Period, at: float) -> str | None:
        if not plan.plan_gb:
            return None
        return f"{100 * self._used_gb(plan, subject, period, at) / plan.plan_gb:.2f}"


def _token(request: Request) -> str | None:
    header = request.headers.get("Authorization")
    return bearer(header) or header


def _plan_status(body: Mapping[str, Any]) -> int:
    status = body.get("planStatus", _ALL)
    if isinstance(status, bool) or status not in (_ACTIVE, _INACTIVE, _STANDBY, _ALL):
        raise HTTPException(400, "planStatus must be 0, 1, 2 or 3")
    return int(status)


def _days(text: object) -> tuple[float, float]:
    """Return the start of a range's first day and the start of its last day."""
    try:
        first, last = map(named_day, str(text).split(","))
    except ValueError:
        raise HTTPException(400, "dateRange must be YYYY-MM-DD,YYYY-MM-DD") from None
    return first, last


def _product(body: Mapping[str, Any]) -> str | None:
    package = body.get("packageType")
    if package is None:
        return None
    if package not in tuple(_PACKAGES):
        raise HTTPException(400, "packageType must be 1, 2 or 3")
    return _PACKAGES[package]


def _write_instant(at: float) -> str:
    return write_instant(at).replace("Z", ".000Z")


def netnut(world: World, tokens: Tokens) -> Starlette:
    """Return NetNut's API, to be mounted at its base URL."""
    vendor = _NetNut(world, tokens)
    return app_of(
        [
            Route("/auth/login", vendor.login, methods=["POST"]),
            Route("/auth/authenticated", vendor.authenticated, methods=["GET"]),
            Route("/customer/usage/", vendor.usage, methods=["POST"]),
            Route("/customer/usage/myusage", vendor.my_usage, methods=["POST"]),
            Route("/customer/traffic/", vendor.traffic, methods=["POST"]),
            Route("/customer/usage/{id}", vendor.usage_of, methods=["GET"]),
        ],
        lambda error: {"success": False, "message": error.detail},
    )


SIMULATION = Simulation(path="/netnut/v1", app=netnut, demo=demo)
