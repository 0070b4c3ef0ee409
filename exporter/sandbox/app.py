"""The four simulated vendors as one ASGI app."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from exporter.sandbox.faults import Faults, Faulty, routes
from exporter.sandbox.ionos import ionos
from exporter.sandbox.netnut import netnut
from exporter.sandbox.planship import planship
from exporter.sandbox.prolifi import prolifi
from exporter.sandbox.sign_in import Tokens
from exporter.sandbox.vendor import app_of
from exporter.sandbox.world import World

_BASES = {
    "netnut": "/netnut/v1",
    "ionos": "/ionos/billing",
    "prolifi": "/prolifi/api/v1/public",
    "planship": "/planship",
}


def make_app(world: World, faults: Faults | None = None) -> Starlette:
    """Return a fresh app that serves `world`: nobody has signed in, nothing has been reported.

    Its `state.tokens` is the `Tokens` of NetNut and Planship; `revoke_all` makes every caller sign in again. Its
    `state.faults` are by which calls go wrong.
    """
    tokens, faults = Tokens(world.now), faults or Faults()
    vendors = {
        "netnut": netnut(world, tokens),
        "ionos": ionos(world),
        "prolifi": prolifi(world),
        "planship": planship(world, tokens),
    }

    async def served(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Simulated vendors:\n" + "".join(f"{path}\n" for path in _BASES.values()))

    app = app_of(
        [
            Route("/", served, methods=["GET"]),
            *routes(faults),
            *(Mount(path, app=vendors[name]) for name, path in _BASES.items()),
        ],
        lambda error: {"detail": error.detail},
    )
    # Around all that Starlette does, which would make a 500 of an end without an answer.
    app.middleware_stack = Faulty(app.build_middleware_stack(), faults, _BASES)
    app.state.tokens, app.state.faults = tokens, faults
    return app
