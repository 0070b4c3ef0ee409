"""The part of IONOS's Cloud API that states the limits of contracts, simulated.

Sign-in: as for the Billing API; users of several contracts also have to send the contract's number in a header.
Figures: provisioned amounts change a little each hour; limits are constant.
Quirks:  a contract without a limit on load balancers (null), and a contract whose limit on gateways is 0.
"""

from dataclasses import dataclass
from math import floor
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from exporter.sandbox.ionos.accounts import ACCOUNTS, account_of, failure
from exporter.sandbox.ionos.catalogue import RESOURCES, Resource
from exporter.sandbox.periods import HOUR
from exporter.sandbox.sign_in import Tokens
from exporter.sandbox.simulation import app_of
from exporter.sandbox.world import World


@dataclass(frozen=True, slots=True)
class _CloudApi:
    _world: World

    async def contracts(self, request: Request) -> JSONResponse:
        """GET /contracts."""
        number = _contract(request)
        limits: dict[str, int | None] = {}
        for one in RESOURCES[number]:
            if one.limit_field:
                limits[one.limit_field] = one.limit
            limits[one.used_field] = self._used(number, one)
        item = {
            "type": "contract",
            "properties": {
                "contractNumber": number,
                "owner": "owner@example.com",
                "status": "BILLABLE",
                "regDomain": "example.com",
                "resourceLimits": {"coresPerServer": 62, "ramPerServer": 235_520, **limits},
            },
        }
        return JSONResponse({"id": "contracts", "type": "collection", "items": [item]})

    def _used(self, contract: int, one: Resource) -> int:
        hour = floor(self._world.now() / HOUR)
        return one.used + round(one.moves * self._world.draw(f"ionos/{contract}/{one.used_field}/{hour}"))


def _contract(request: Request) -> int:
    numbers = [int(contract) for contract in ACCOUNTS[account_of(request)].contracts]
    asked: Any = request.headers.get("X-Contract-Number")
    if asked is None and len(numbers) == 1:
        return numbers[0]
    if asked is None:
        raise HTTPException(400, "The user has several contracts: name one in X-Contract-Number.")
    if asked not in map(str, numbers):
        raise HTTPException(403, "The contract is not the user's.")
    return int(asked)


def cloud_api(world: World, _: Tokens) -> Starlette:
    """Return the Cloud API, to be mounted at its base URL."""
    return app_of([Route("/contracts", _CloudApi(world).contracts, methods=["GET"])], failure)
