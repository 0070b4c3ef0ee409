"""The four simulated vendors as one ASGI app."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from exporter.sandbox.ionos import ionos
from exporter.sandbox.netnut import netnut
from exporter.sandbox.planship import planship
from exporter.sandbox.prolifi import prolifi
from exporter.sandbox.sign_in import Tokens
from exporter.sandbox.vendor import app_of
from exporter.sandbox.world import World


def make_app(world: World) -> Starlette:
    """Return a fresh app that serves `world`: nobody has signed in, nothing has been reported.

    Its `state.tokens` is the `Tokens` of NetNut and Planship; `revoke_all` makes every caller sign in again.
    """
    tokens = Tokens(world.now)
    vendors = {
        "/netnut/v1": netnut(world, tokens),
        "/ionos/billing": ionos(world),
        "/prolifi/api/v1/public": prolifi(world),
        "/planship": planship(world, tokens),
    }

    async def served(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Simulated vendors:\n" + "".join(f"{path}\n" for path in vendors))

    app = app_of(
        [
            Route("/", served, methods=["GET"]),
            *(Mount(path, app=vendor) for path, vendor in vendors.items()),
        ],
        lambda error: {"detail": error.detail},
    )
    app.state.tokens = tokens
    return app
