"""A limit on each key's requests within a window of time. Every reply states the limit."""

from collections.abc import Callable
from math import ceil

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SimulatedRateLimit:
    """Counts each key's requests, states in every reply how many requests remain, and answers 429 beyond the limit.

    A key is the value of the header named `header`. A key's window begins with the key's first request, and lasts
    `window` seconds, measured by `clock`. `refusal` is the JSON that answers a request beyond the limit.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of the limit
        self,
        app: ASGIApp,
        *,
        clock: Callable[[], float],
        limit: int,
        window: float,
        refusal: object,
        header: str = "Authorization",
    ) -> None:
        self._app = app
        self._clock = clock
        self._limit = limit
        self._window = window
        self._refusal = refusal
        self._header = header
        self._windows: dict[str, tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ends, remaining = self._take(Headers(scope=scope).get(self._header, ""))

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit"] = str(self._limit)
                headers["X-RateLimit-Remaining"] = str(max(0, remaining))
            await send(message)

        if remaining >= 0:
            await self._app(scope, receive, send_with_limits)
            return
        wait = max(1, ceil(ends - self._clock()))
        refusal = JSONResponse(self._refusal, 429, {"Retry-After": str(wait)})
        await refusal(scope, receive, send_with_limits)

    def _take(self, key: str) -> tuple[float, int]:
        now = self._clock()
        self._windows = {known: window for known, window in self._windows.items() if window[0] > now}
        ends, taken = self._windows.get(key, (now + self._window, 0))
        self._windows[key] = (ends, taken + 1)
        return ends, self._limit - taken - 1
