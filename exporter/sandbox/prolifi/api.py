"""Prolifi's public API, simulated.

Sign-in: a key after "Bearer".
Figures: events per customer, for all time or from one day to another (UTC, including both days); also entitlements,
         with the usage since the start of the calendar month.
Limits:  1,000 requests per key per minute. Minutes are in real time, whatever the world's speed.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from exporter.sandbox.accounts import account_where, stable_id
from exporter.sandbox.periods import DAY, month, named_day, write_instant
from exporter.sandbox.prolifi.accounts import ACCOUNTS, demo
from exporter.sandbox.prolifi.faults import FAULTS
from exporter.sandbox.rate_limit import SimulatedRateLimit
from exporter.sandbox.sign_in import Tokens, bearer
from exporter.sandbox.simulation import Invalid, Simulation, app_of
from exporter.sandbox.world import World

_LIMIT = 1000
_WINDOW = 60.0
_PAGE = 20
_LARGEST_PAGE = 100
_FIRST_CUSTOMERS = named_day("2023-01-01")
_EVENTS = {"api_call": 4000.0, "document_rendered": 180.0, "export_run": 12.0, "legacy_sync": 0.0}
"""How often each event occurs for a typical customer on a typical day."""

_ERROR_TYPES = {
    400: "invalid_request",
    401: "authentication_error",
    404: "not_found",
    405: "invalid_request",
    422: "validation_error",
    429: "rate_limit_error",
}
_METERED = {"api_calls": ("API calls", "api_call"), "documents": ("Rendered documents", "document_rendered")}


@dataclass(frozen=True, slots=True)
class _Customer:
    account: str
    number: int

    @property
    def id(self) -> str:
        return stable_id("prolifi", self.account, str(self.number))

    @property
    def external_id(self) -> str:
        return f"{self.account}-customer-{self.number:03}"

    @property
    def subject(self) -> str:
        return f"prolifi/{self.account}/{self.number}"


class _Prolifi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._customers = {
            account: [_Customer(account, number) for number in range(1, world.customers + 1)] for account in ACCOUNTS
        }
        self._by_id = {
            (customer.account, name): customer
            for customers in self._customers.values()
            for customer in customers
            for name in (customer.id, customer.external_id)
        }

    async def customers(self, request: Request) -> JSONResponse:
        """GET /customers."""
        customers = self._customers[_account(request)]
        limit = _number(request, "limit", _PAGE, 1, _LARGEST_PAGE)
        offset = _number(request, "offset", 0, 0, 10**9)
        shown, total = customers[offset : offset + limit], len(customers)
        page = {"total": total, "limit": limit, "offset": offset, "has_more": offset + len(shown) < total}
        return JSONResponse({"data": [_profile(customer) for customer in shown], "pagination": page})

    async def customer(self, request: Request) -> JSONResponse:
        """GET /customers/{id}, by UUID or external id."""
        return JSONResponse({"data": _profile(self._customer(request))})

    async def usage(self, request: Request) -> JSONResponse:
        """GET /customers/{id}/usage, by UUID only."""
        customer = self._customer(request, by_external_id=False)
        since = _day(request, "start_date") or 0.0
        last = _day(request, "end_date")
        until = self._world.now() if last is None else min(last + DAY, self._world.now())
        if last is not None and last < since:
            raise Invalid("end_date", "must not be before start_date")
        asked = request.query_params.get("event_name")
        return JSONResponse(
            {"data": [self._summary(customer, event, since, until) for event in _EVENTS if asked in (None, event)]}
        )

    async def entitlements(self, request: Request) -> JSONResponse:
        """GET /customers/{id}/entitlements."""
        customer, period = self._customer(request), month(self._world.now())
        seats = 1 + floor(40 * self._world.draw(f"{customer.subject}/seats"))
        rows = [self._entitlement(customer, feature, period.start, period.end) for feature in _METERED]
        rows.append(
            {
                "feature_id": "seats",
                "feature_name": "Seats",
                "is_unlimited": True,
                "limit": None,
                "current_usage": seats,
                "remaining": None,
                "reset_at": None,
            }
        )
        return JSONResponse({"data": rows})

    def _customer(self, request: Request, *, by_external_id: bool = True) -> _Customer:
        asked = request.path_params["id"]
        customer = self._by_id.get((_account(request), asked))
        if customer is None or (asked != customer.id and not by_external_id):
            raise HTTPException(404, "Customer not found.")
        return customer

    def _summary(self, customer: _Customer, event: str, since: float, until: float) -> dict[str, Any]:
        count = max(0, self._events(customer, event, until) - self._events(customer, event, since))
        last = max(since, until - 1 - 89 * self._world.draw(f"{customer.subject}/{event}/last"))
        reported = write_instant(last) if count else None
        return {"event_name": event, "count": count, "last_reported_at": reported}

    def _events(self, customer: _Customer, event: str, until: float) -> int:
        """Return how many times an event has occurred for a customer up to the time `until`.

        The count in a span is the difference of two such totals, so the counts of adjacent spans add up.
        """
        subject = f"{customer.subject}/{event}"
        joined = _FIRST_CUSTOMERS + floor(200 * self._world.draw(f"{customer.subject}/joined")) * DAY
        return floor(self._world.used(subject, joined, until) * self._a_day(customer, event))

    def _a_day(self, customer: _Customer, event: str) -> float:
        return _EVENTS[event] * 10 ** self._world.between(-1, 0.7, f"{customer.subject}/size")

    def _entitlement(self, customer: _Customer, feature: str, since: float, reset: float) -> dict[str, Any]:
        name, event = _METERED[feature]
        subject = f"{customer.subject}/{event}"
        a_day = self._a_day(customer, event)
        used = floor(self._world.billed(subject, since, self._world.now()) * a_day)
        limit = _round_up(30 * a_day * self._world.between(0.9, 2.0, f"{subject}/limit"))
        return {
            "feature_id": feature,
            "feature_name": name,
            "is_unlimited": False,
            "limit": limit,
            "current_usage": used,
            "remaining": limit - used,
            "reset_at": write_instant(reset),
        }


def _account(request: Request) -> str:
    key = bearer(request.headers.get("Authorization"))
    account = account_where(ACCOUNTS, lambda known: known.key == key)
    if account is None:
        raise HTTPException(401, "The API key is not valid.")
    return account


def _profile(customer: _Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "external_id": customer.external_id,
        "email": f"{customer.external_id}@example.com",
        "company_name": f"Example company {customer.number}",
        "type": "individual" if customer.number % 4 == 0 else "business",
    }


def _round_up(amount: float) -> int:
    """Return an amount rounded up to a whole number with at most two significant digits."""
    unit = int("1" + "0" * (len(str(ceil(amount))) - 2))
    return ceil(amount / unit) * unit


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise Invalid(name, f"must be a whole number from {least} to {most}")
    return int(text)


def _day(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else named_day(text)
    except ValueError:
        raise Invalid(name, "must have the format YYYY-MM-DD") from None


def _failure(error: HTTPException) -> dict[str, Any]:
    error_body: dict[str, Any] = {"type": _ERROR_TYPES.get(error.status_code, "api_error"), "message": error.detail}
    if isinstance(error, Invalid):
        error_body["errors"] = [{"field": error.field, "message": error.detail}]
    return {"error": error_body}


def prolifi(world: World, _: Tokens) -> Starlette:
    """Return Prolifi's API, to be mounted at its base URL."""
    vendor = _Prolifi(world)
    refusal = _failure(HTTPException(429, "Too many requests. Please retry later."))
    return app_of(
        [
            Route("/customers", vendor.customers, methods=["GET"]),
            Route("/customers/{id}", vendor.customer, methods=["GET"]),
            Route("/customers/{id}/usage", vendor.usage, methods=["GET"]),
            Route("/customers/{id}/entitlements", vendor.entitlements, methods=["GET"]),
        ],
        _failure,
        [Middleware(SimulatedRateLimit, clock=world.clock, limit=_LIMIT, window=_WINDOW, refusal=refusal)],
    )


SIMULATION = Simulation(path="/prolifi/api/v1/public", app=prolifi, demo=demo, faults=FAULTS)
