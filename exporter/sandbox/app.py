"""The simulated vendors as one ASGI app."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from exporter.sandbox.faults import Faults, Faulty, routes
from exporter.sandbox.replay import Replays, replay_apps
from exporter.sandbox.sign_in import Tokens
from exporter.sandbox.simulation import app_of
from exporter.sandbox.vendors import SIMULATIONS
from exporter.sandbox.world import World

_VENDORS = {path: vendor for vendor, one in SIMULATIONS.items() for path in one.apis}


def make_app(world: World, faults: Faults | None = None, replays: Replays | None = None) -> Starlette:
    """Return a fresh app for `world` and `replays`: nobody has signed in or reported usage yet.

    The app's `state.tokens` are the tokens that vendors have issued, and its `state.faults` are the active faults.
    `state.tokens.revoke_all()` makes every caller sign in again.
    """
    tokens, faults = Tokens(world.now), faults or Faults()
    replayed = replay_apps(replays or {})
    vendors = {**_VENDORS, **{path: path.removeprefix("/") for path in replayed}}

    async def served(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Simulated vendors:\n" + "".join(f"{path}\n" for path in vendors))

    app = app_of(
        [
            Route("/", served, methods=["GET"]),
            *routes(faults),
            *(Mount(path, app=api(world, tokens)) for one in SIMULATIONS.values() for path, api in one.apis.items()),
            *(Mount(path, app=one) for path, one in replayed.items()),
        ],
        lambda error: {"detail": error.detail},
    )
    # Faults are applied outside of Starlette, which would turn a missing answer into a 500.
    app.middleware_stack = Faulty(app.build_middleware_stack(), faults, vendors)
    app.state.tokens, app.state.faults = tokens, faults
    return app
