"""A token that ends between two requests of a poll, which the vendor tells by a status that it does not document."""

import re
from typing import Any

import anyio
import pytest
from virtual_exporter import demo_config, exporter, text_of
from virtual_time import START, run_virtually, virtual_now

from exporter.cli import demo
from exporter.sandbox import World, make_app


class EndingToken:
    """A sandbox whose NetNut takes one more request with the token in use at a time, and refuses that token then."""

    def __init__(self, status: int, ends: float) -> None:
        self._app = make_app(World(clock=virtual_now))
        self._status, self._ends = status, ends
        self._ended: bytes | None = None
        self.refused = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token = dict(scope["headers"]).get(b"authorization")
        if self._ended is not None and token == self._ended:
            self.refused += 1
            await send({"type": "http.response.start", "status": self._status, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        if (
            self._ended is None
            and token
            and scope["path"].startswith("/netnut")
            and virtual_now() - START >= self._ends
        ):
            self._ended = token
        await self._app(scope, receive, send)


def value(page: str, name: str) -> float:
    found = re.search(rf'^usage_exporter_{name}{{vendor="netnut",account="globex"}} (\S+)$', page, re.MULTILINE)
    assert found, name
    return float(found[1])


@pytest.mark.parametrize("status", [400, 401, 403])
def test_it_costs_one_sign_in_and_no_sub_user(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in demo.environment().items():
        monkeypatch.setenv(name, secret)
    vendors, pages = EndingToken(status, 2 * 3600), list[str]()

    async def main() -> None:
        async with exporter(demo_config("5m", ("globex",)), vendors) as parts, anyio.create_task_group() as tasks:
            for _, poller in parts.pollers:
                tasks.start_soon(poller.run)
            for moment in (2 * 3600 - 1, 3 * 3600):
                await anyio.sleep_until(moment)
                pages.append(text_of(parts, anyio.current_time()))
            tasks.cancel_scope.cancel()

    run_virtually(main)
    before, after = pages

    assert vendors.refused > 0
    assert value(before, "token_refreshes_total") == 1
    assert value(after, "token_refreshes_total") == 2
    assert value(after, "polls_failed_total") == 0
    series = [set(re.findall(r"^netnut_sub_user_gb_used({\S+}) ", page, re.MULTILINE)) for page in pages]
    assert series[0] == series[1] != set()
