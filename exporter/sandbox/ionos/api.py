"""IONOS Cloud's billing API, simulated.

Sign-in: user and password, or a bearer token, with every request.
Figures: use per data centre and meter from the start of the month (UTC) to the last full hour; also the use in
         each day, rounded to six decimal places.
Quirks:  quantities as text and as numbers; a meter that occurs twice in one data centre; a data centre without id,
         name and location; a contract number with a leading zero; status 404 for months and days before the contract
         began, and for the days for which the vendor has lost a contract's data.
"""

from dataclasses import dataclass
from math import floor
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from exporter.sandbox.ionos.accounts import ACCOUNTS, account_of, demo, failure
from exporter.sandbox.ionos.catalogue import BEGAN, DATA_CENTRES, GAPPED, REFERENCES, DataCentre, Meter, products
from exporter.sandbox.ionos.cloud_api import cloud_api
from exporter.sandbox.periods import DAY, HOUR, Period, month, named_day, named_month, write_day
from exporter.sandbox.sign_in import Tokens
from exporter.sandbox.simulation import Simulation, app_of
from exporter.sandbox.world import World

_LONGEST_CONTRACT = 10
_LOST_DAYS = 0.02
"""The fraction of days without data for the contract `GAPPED`."""


@dataclass(frozen=True, slots=True)
class _Ionos:
    _world: World

    async def profile(self, request: Request) -> JSONResponse:
        """GET /profile."""
        return JSONResponse(
            {"companies": [_metadata(contract) for contract in ACCOUNTS[account_of(request)].contracts]}
        )

    async def usage(self, request: Request) -> JSONResponse:
        """GET /{contract}/usage."""
        contract = _contract(request)
        return JSONResponse(self._reply(contract, _period(request, self._world), DATA_CENTRES[int(contract)]))

    async def usage_in(self, request: Request) -> JSONResponse:
        """GET /{contract}/usage/{dc}. A `dc` of "null" means the resources that belong to no data centre."""
        contract, asked = _contract(request), request.path_params["dc"]
        period = _period(request, self._world)
        found = tuple(place for place in DATA_CENTRES[int(contract)] if (place.id or "null") == asked)
        if not found:
            raise HTTPException(404, "The data center was not found.")
        return JSONResponse(self._reply(contract, period, found))

    async def products(self, request: Request) -> JSONResponse:
        """GET /{contract}/products."""
        contract = _contract(request)
        try:
            named_day(request.query_params.get("date", write_day(self._world.now())))
        except ValueError:
            raise HTTPException(422, "The date must have the format YYYY-MM-DD.") from None
        liability = "Invented prices, without liability."
        return JSONResponse({"metadata": _metadata(contract), "liability": liability, "products": list(products())})

    async def utilization_of_day(self, request: Request) -> JSONResponse:
        """GET /{contract}/utilization/daily/{date}."""
        contract = _contract(request)
        try:
            day = named_day(request.path_params["date"])
        except ValueError:
            raise HTTPException(422, "The date must have the format YYYY-MM-DD.") from None
        number, as_of = int(contract), floor(self._world.now() / HOUR) * HOUR
        is_lost = number == GAPPED and self._world.draw(f"ionos/{number}/lost/{day}") < _LOST_DAYS
        if is_lost or not named_day(BEGAN[number]) <= day <= as_of:
            raise HTTPException(404, "There is no data of this day.")
        places = [self._utilized(number, place, day, min(day + DAY, as_of)) for place in DATA_CENTRES[number]]
        reply = {"startDate": write_day(day), "endDate": write_day(day), "datacenters": places}
        return JSONResponse({**reply, "metadata": _metadata(contract)})

    def _utilized(self, contract: int, place: DataCentre, since: float, until: float) -> dict[str, Any]:
        """Return a data centre's usage in a part of a month.

        This is the difference between the month-to-date totals at the times `since` and `until`.
        """
        began = month(since).start
        rows = zip(
            self._quantities(contract, place, began, since),
            self._quantities(contract, place, began, until),
            strict=True,
        )
        return {
            "id": place.id,
            "name": place.name,
            "meters": [
                {
                    "meterId": meter.id,
                    "meterDesc": meter.description,
                    "type": "OTHER",
                    "region": place.location,
                    "quantity": {"quantity": round(after - before, 6), "unit": meter.unit},
                }
                for meter, (before, after) in zip(place.meters, rows, strict=True)
            ],
        }

    def _reply(self, contract: str, period: Period, places: tuple[DataCentre, ...]) -> dict[str, Any]:
        as_of = floor(self._world.now() / HOUR) * HOUR
        if period.end <= named_day(BEGAN[int(contract)]):
            raise HTTPException(404, "The contract had not begun.")
        last_day = min(max(as_of, period.start), period.end - DAY)
        return {
            "startDate": write_day(period.start),
            "endDate": write_day(last_day),
            "datacenters": [
                self._data_centre(contract, place, period.start, min(as_of, period.end))
                for place in places
                if period.start <= as_of
            ],
            "metadata": _metadata(contract),
        }

    def _data_centre(self, contract: str, place: DataCentre, since: float, until: float) -> dict[str, Any]:
        quantities = self._quantities(int(contract), place, since, until)
        return {
            "id": place.id,
            "name": place.name,
            "location": place.location,
            "meters": [_meter(meter, quantity) for meter, quantity in zip(place.meters, quantities, strict=True)],
        }

    def _quantities(self, contract: int, place: DataCentre, since: float, until: float) -> list[float]:
        """Return a data centre's usage in a span, for each meter. Usage begins on the contract's first day."""
        since = max(since, named_day(BEGAN[contract]))
        return [
            self._quantity(meter, f"ionos/{contract}/{place.id}/{position}/{meter.id}", since, until)
            for position, meter in enumerate(place.meters)
        ]

    def _quantity(self, meter: Meter, subject: str, since: float, until: float) -> float:
        days = self._world.billed(subject, since, until)
        return days * meter.a_day * self._world.between(0.5, 2.0, f"{subject}/size")


def _meter(meter: Meter, quantity: float) -> dict[str, Any]:
    written = f"{quantity:.8f}".rstrip("0").rstrip(".") if meter.is_text else round(quantity, 4)
    return {
        "meterId": meter.id,
        "meterDesc": meter.description,
        "quantity": {"quantity": written, "unit": meter.unit},
    }


def _contract(request: Request) -> str:
    asked = request.path_params["contract"]
    if asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST_CONTRACT:
        for contract in ACCOUNTS[account_of(request)].contracts:
            if int(contract) == int(asked):
                return contract
    account_of(request)
    raise HTTPException(404, "The contract was not found.")


def _period(request: Request, world: World) -> Period:
    text = request.query_params.get("period")
    if text is None:
        return month(world.now())
    try:
        return named_month(text)
    except ValueError:
        raise HTTPException(422, "The period must have the format YYYY-MM.") from None


def _metadata(contract: str) -> dict[str, str | None]:
    return {"contractId": contract, "customerId": f"1{int(contract)}", "reference": REFERENCES.get(int(contract))}


def ionos(world: World, _: Tokens) -> Starlette:
    """Return IONOS's billing API, to be mounted at its base URL."""
    vendor = _Ionos(world)
    return app_of(
        [
            Route("/profile", vendor.profile, methods=["GET"]),
            Route("/{contract}/usage", vendor.usage, methods=["GET"]),
            Route("/{contract}/usage/{dc}", vendor.usage_in, methods=["GET"]),
            Route("/{contract}/utilization/daily/{date}", vendor.utilization_of_day, methods=["GET"]),
            Route("/{contract}/products", vendor.products, methods=["GET"]),
        ],
        failure,
    )


SIMULATION = Simulation(path="/ionos/billing", app=ionos, demo=demo, others={"/ionos/cloudapi/v6": cloud_api})
