"""The whole exporter against the sandbox in one process and on virtual time: no socket, no second waited."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from page_text import page_text
from virtual_time import virtual_now

from exporter.app.exporter import Exporter, open_client
from exporter.app.run import Parts, assemble
from exporter.cli import demo
from exporter.config import Config, parse
from exporter.sandbox import World, make_app

ASGIApp = Callable[..., Any]


def demo_config(interval: str = "5m", names: tuple[str, ...] = ("acme",)) -> Config:
    """The demo's accounts; their secrets must be in the environment."""
    return parse(demo.configuration("http://127.0.0.1:1", interval, names).encode(), Path())


@asynccontextmanager
async def exporter(config: Config, vendors: ASGIApp | None = None) -> AsyncIterator[Parts]:
    """An exporter whose vendors are an ASGI application, by default a fresh sandbox."""
    transport = httpx.ASGITransport(app=vendors or make_app(World(clock=virtual_now)))
    async with assemble(config, virtual_now, partial(open_client, transport=transport)) as parts:
        yield parts


def text_of(parts: Parts | Exporter, now: float) -> str:
    """The page in the text format at `now` (monotonic)."""
    return page_text(parts.store, parts.telemetry, now)
