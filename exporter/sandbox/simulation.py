"""The common parts of the simulated APIs: an app for each, with refusals in the vendor's own format."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import commonpath
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.sandbox.accounts import DemoAccount
from exporter.sandbox.faults_kind import Kind
from exporter.sandbox.sign_in import Tokens
from exporter.sandbox.world import World

Failure = Callable[[HTTPException], object]
"""Makes the JSON that answers a refused request."""


UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A simulated vendor.

    Attributes:
        path: the path of the API's base URL in the sandbox.
        app: makes the app of the API, to be mounted at `path`.
        demo: given an account's name, returns the account in the demo's configuration.
        faults: the kinds of fault that only this vendor has, by the kind's name.
        others: functions that make the apps of the vendor's other APIs, by the API's path.

    """

    path: str
    app: Callable[[World, Tokens], ASGIApp]
    demo: Callable[[str], DemoAccount]
    faults: Mapping[str, Kind] = field(default_factory=dict)
    others: Mapping[str, Callable[[World, Tokens], ASGIApp]] = field(default_factory=dict)

    @property
    def apis(self) -> Mapping[str, Callable[[World, Tokens], ASGIApp]]:
        """The functions that make the apps of all of the vendor's APIs, by path."""
        return {self.path: self.app, **self.others}

    @property
    def root(self) -> str:
        """The path that contains all of the vendor's APIs."""
        return commonpath(self.apis)


class Invalid(HTTPException):
    """A request was refused because of a field in the request."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(UNPROCESSABLE, message)
        self.field = field


def app_of(routes: Sequence[BaseRoute], failure: Failure, middleware: Sequence[Middleware] = ()) -> Starlette:
    """Return an app with these routes. A path with a trailing slash does not match the route without the slash."""
    app = Starlette(routes=routes, middleware=middleware, exception_handlers={HTTPException: _refuse_as(failure)})
    app.router.redirect_slashes = False
    return app


def _refuse_as(failure: Failure) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    """Return a handler that turns an `HTTPException` into a reply.

    The handler is async, because Starlette runs handlers that are not async in threads.
    """

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        return JSONResponse(failure(error), error.status_code, error.headers)

    return refuse


async def json_object(request: Request, *, status: int) -> dict[str, Any]:
    """Return the JSON object in a request's body. An empty body counts as an empty object.

    Raises:
        HTTPException: the body is not a JSON object, or has a value that cannot be sent back. The exception has the
            given status.

    """
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise HTTPException(status, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise HTTPException(status, "The body is not a JSON object.")
    return body


class EncodedPath:
    """Lets routes match the path as the client sent it, so that an encoded slash does not separate segments."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            sent = scope.get("raw_path")
            scope = {**scope, "path": sent.decode("latin-1") if sent else quote(scope["path"])}
        await self._app(scope, receive, send)
