"""An exporter in virtual time whose configuration is replaced while it runs."""

from functools import partial
from pathlib import Path

import anyio
import httpx
from virtual_exporter import text_of
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.app.exporter import open_client as connect
from exporter.cli import demo
from exporter.config import Config, parse
from exporter.sandbox import World, make_app

SECRETS = demo.environment()


def account(name: str = "main", *settings: str, interval: str = "5m", email: str = "acme") -> str:
    """A NetNut account of the sandbox's, as a block of YAML."""
    lines = ["vendor: netnut", f"name: {name}", "base_url: http://127.0.0.1:1/netnut/v1", f"interval: {interval}"]
    lines += [f"email: {email}@example.com", f"password: ${{{email.upper()}_NETNUT_PASSWORD}}", *settings]
    return "  - " + "\n    ".join(lines) + "\n"


def configured(*accounts: str) -> Config:
    return parse(("accounts:\n" + "".join(accounts)).encode(), Path())


def page_after(*configurations: Config, seconds: float = 60.0) -> list[str]:
    """The page after each configuration was taken up and polled for a while, and right after each was taken up."""
    pages: list[str] = []
    transport = httpx.ASGITransport(app=make_app(World(clock=virtual_now)))

    async def main() -> None:
        exporter = Exporter(virtual_now, partial(connect, transport=transport))
        async with anyio.create_task_group() as tasks:
            for config in configurations:
                exporter.restart_polling(config, tasks)
                pages.append(text_of(exporter, anyio.current_time()))
                await anyio.sleep(seconds)
                pages.append(text_of(exporter, anyio.current_time()))
            tasks.cancel_scope.cancel()

    run_virtually(main)
    return pages
