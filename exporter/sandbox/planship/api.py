"""Planship's API, simulated.

Sign-in: a request with HTTP basic authentication (client id and secret) and without a body gives a bearer token.
         The token is valid for an hour.
Figures: a customer's use of levers since the last renewal (every 30 days), or over the last day.
Quirks:  a metered entitlement is the remaining amount, not the limit; a lever without buckets is reported with a
         single bucket named "null"; a customer id may be any text, even with slashes, and is percent-encoded in paths.
State:   usage that callers report is added to the world's figures for as long as the app lives.
"""

from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from exporter.sandbox.accounts import account_where, stable_id
from exporter.sandbox.periods import HOUR, write_instant
from exporter.sandbox.planship.accounts import ACCOUNTS, demo
from exporter.sandbox.planship.catalogue import CUSTOMERS, PRODUCTS, Customer, Lever, Product
from exporter.sandbox.planship.usage import Report, Usage
from exporter.sandbox.sign_in import Tokens, basic, bearer
from exporter.sandbox.simulation import UNPROCESSABLE, EncodedPath, Invalid, Simulation, app_of, json_object
from exporter.sandbox.world import World

_TOKEN_LIFETIME = int(HOUR)


class _Planship:
    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._usage = Usage(world)

    async def token(self, request: Request) -> JSONResponse:
        """POST /api/v1/auth/token."""
        pair = basic(request.headers.get("Authorization"))
        account = account_where(ACCOUNTS, lambda known: (known.client_id, known.client_secret) == pair)
        if account is None:
            raise HTTPException(401, "Invalid client credentials", {"WWW-Authenticate": "Basic"})
        token = self._tokens.issue("planship", account, _TOKEN_LIFETIME)
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": _TOKEN_LIFETIME})

    async def health(self, _: Request) -> JSONResponse:
        """GET /api/v1/health."""
        return JSONResponse({"status": "ok"})

    async def products(self, request: Request) -> JSONResponse:
        """GET /api/v1/products."""
        self._account(request)
        return JSONResponse([_named(slug, product.name) for slug, product in PRODUCTS.items()])

    async def product(self, request: Request) -> JSONResponse:
        """GET /api/v1/products/{slug}."""
        self._account(request)
        slug, product = _product(request)
        return JSONResponse(_named(slug, product.name))

    async def levers(self, request: Request) -> JSONResponse:
        """GET /api/v1/products/{slug}/levers."""
        self._account(request)
        slug, product = _product(request)
        slugs = [*(lever.slug for lever in product.levers), *product.features]
        return JSONResponse([_named(lever, _title(lever), slug) for lever in slugs])

    async def customer(self, request: Request) -> JSONResponse:
        """GET /api/v1/customers/{id}."""
        customer = self._customer(request)
        return JSONResponse(
            {
                "id": customer.id,
                "organization_id": stable_id("planship", customer.account),
                "name": f"Example customer {customer.number}",
                "email": f"planship-{customer.number}@example.com",
                "alternative_id": customer.alternative_id,
                "metadata_": None,
            }
        )

    async def subscriptions(self, request: Request) -> JSONResponse:
        """GET /api/v1/customers/{id}/subscriptions."""
        customer = self._customer(request)
        asked = request.query_params.get("product_slug")
        rows = [self._subscription(customer, slug) for slug in PRODUCTS if asked in (None, slug)]
        return JSONResponse(rows)

    async def entitlements(self, request: Request) -> JSONResponse:
        """GET /api/v1/customers/{id}/products/{p}/entitlements."""
        customer, (slug, product) = self._customer(request), _product(request)
        left = {lever.slug: self._usage.left(customer, slug, lever) for lever in product.levers}
        return JSONResponse({**left, **product.features})

    async def lever_usage(self, request: Request) -> JSONResponse:
        """GET /api/v1/customers/{id}/products/{p}/levers/{lever}/usage."""
        customer, (slug, product) = self._customer(request), _product(request)
        for lever in product.levers:
            if lever.slug == _segment(request, "lever"):
                return JSONResponse(self._usage.of_lever(customer, slug, lever))
        raise _not_found()

    async def usage(self, request: Request) -> JSONResponse:
        """GET /api/v1/customers/{id}/products/{p}/usage/{metering_id}."""
        customer, (slug, product) = self._customer(request), _product(request)
        levers = _metered(product, _segment(request, "metering_id"))
        return JSONResponse({lever.slug: self._usage.of_lever(customer, slug, lever) for lever in levers})

    async def report(self, request: Request) -> JSONResponse:
        """POST /api/v1/customers/{id}/products/{p}/usage/{metering_id}."""
        customer, (slug, product) = self._customer(request), _product(request)
        metering_id = _segment(request, "metering_id")
        _metered(product, metering_id)
        report = _read_report(await json_object(request, status=UNPROCESSABLE), self._world.now())
        self._usage.add(customer, slug, metering_id, report)
        return JSONResponse(
            {
                "id": str(uuid4()),
                "is_allocated": True,
                "customer_id": customer.id,
                "product_id": stable_id("planship", slug),
                "subscription_id": customer.subscription(slug),
                "metering_id": metering_id,
                "usage": report.usage,
                "bucket": report.bucket,
            }
        )

    def _account(self, request: Request) -> str:
        token = bearer(request.headers.get("Authorization"))
        account = self._tokens.account("planship", token)
        if account is None:
            raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": "Bearer"})
        return account

    def _customer(self, request: Request) -> Customer:
        customer = CUSTOMERS.get((self._account(request), _segment(request, "id")))
        if customer is None:
            raise _not_found()
        return customer

    def _subscription(self, customer: Customer, product: str) -> dict[str, Any]:
        period = self._usage.period(customer, product)
        plan = {
            "id": stable_id("planship", product, "team"),
            "name": f"{PRODUCTS[product].name} for teams",
            "slug": f"{product}-team",
        }
        return {
            "customer_id": customer.id,
            "subscription_id": customer.subscription(product),
            "plan": plan,
            "renew_plan": plan,
            "is_active": True,
            "auto_renew": customer.auto_renew,
            "renew_at": write_instant(period.end),
            "last_renewed_at": write_instant(period.start),
            "max_subscribers": 1,
            "is_administrator": True,
            "is_subscriber": True,
            "metadata_": None,
        }


def _segment(request: Request, name: str) -> str:
    return unquote(request.path_params[name])


def _product(request: Request) -> tuple[str, Product]:
    slug = _segment(request, "product")
    if slug not in PRODUCTS:
        raise _not_found()
    return slug, PRODUCTS[slug]


def _metered(product: Product, metering_id: str) -> list[Lever]:
    levers = [lever for lever in product.levers if lever.metering_id == metering_id]
    if not levers:
        raise _not_found()
    return levers


def _read_report(body: dict[str, Any], at: float) -> Report:
    usage, bucket = body.get("usage"), body.get("bucket")
    if isinstance(usage, bool) or not isinstance(usage, int) or usage < 0:
        raise Invalid("usage", "value is not a non-negative integer")
    if not (bucket is None or isinstance(bucket, str)):
        raise Invalid("bucket", "value is not a string")
    return Report(at, usage, bucket)


def _named(slug: str, name: str, *within: str) -> dict[str, str]:
    return {"id": stable_id("planship", *within, slug), "name": name, "slug": slug}


def _title(slug: str) -> str:
    return slug.replace("-", " ").capitalize()


def _not_found() -> HTTPException:
    return HTTPException(404, "Not found")


def _failure(error: HTTPException) -> dict[str, Any]:
    if error.status_code != UNPROCESSABLE:
        return {"detail": error.detail}
    loc = ["body", error.field] if isinstance(error, Invalid) else ["body"]
    return {"detail": [{"loc": loc, "msg": error.detail, "type": "value_error"}]}


def planship(world: World, tokens: Tokens) -> Starlette:
    """Return Planship's API, to be mounted at its base URL."""
    vendor = _Planship(world, tokens)
    customer = "/api/v1/customers/{id}"
    product = customer + "/products/{product}"
    return app_of(
        [
            Route("/api/v1/auth/token", vendor.token, methods=["POST"]),
            Route("/api/v1/health", vendor.health, methods=["GET"]),
            Route("/api/v1/products", vendor.products, methods=["GET"]),
            Route("/api/v1/products/{product}", vendor.product, methods=["GET"]),
            Route("/api/v1/products/{product}/levers", vendor.levers, methods=["GET"]),
            Route(customer, vendor.customer, methods=["GET"]),
            Route(customer + "/subscriptions", vendor.subscriptions, methods=["GET"]),
            Route(product + "/entitlements", vendor.entitlements, methods=["GET"]),
            Route(product + "/levers/{lever}/usage", vendor.lever_usage, methods=["GET"]),
            Route(product + "/usage/{metering_id}", vendor.usage, methods=["GET"]),
            Route(product + "/usage/{metering_id}", vendor.report, methods=["POST"]),
        ],
        _failure,
        [Middleware(EncodedPath)],
    )


SIMULATION = Simulation(path="/planship", app=planship, demo=demo)
