"""A vendor that is replayed instead of simulated: fixed answers, without state."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

Replays = Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]]
"""Each vendor's recorded answers, and links to next pages. Their keys are a method and a path with a sorted query."""


class Replay:
    """Serves recorded answers, without sign-in. A request without a recorded answer gets 404."""

    def __init__(self, replies: Mapping[str, Any], links: Mapping[str, str]) -> None:
        self._replies = replies
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope)
        path = quote(scope["path"].removeprefix(scope.get("root_path", "")))
        query = urlencode(sorted(parse_qsl(request.url.query, keep_blank_values=True)))
        key = f"{request.method} {path}?{query}"
        if key in self._replies:
            link = {"Link": f'<{self._links[key]}>; rel="next"'} if key in self._links else None
            answer = JSONResponse(self._replies[key], headers=link)
        else:
            answer = JSONResponse({"error": "there is no such recorded answer"}, 404)
        await answer(scope, receive, send)


def replay_apps(replays: Replays) -> dict[str, ASGIApp]:
    """Return an app for each replayed vendor. The keys are the paths at which the sandbox serves the vendors."""
    return {f"/{name}": Replay(*recorded) for name, recorded in replays.items()}
