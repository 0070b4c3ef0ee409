"""The demo: a sandbox of all vendors, and an exporter that polls the sandbox over HTTP."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent
from typing import Final

import anyio

from exporter.app.reload import handle_signals
from exporter.app.run import Serving
from exporter.app.run import run as run_exporter
from exporter.config import Config, parse
from exporter.sandbox import ACCOUNTS, SIMULATIONS, Faults, World, make_app
from exporter.sandbox.replay import Replays
from exporter.web.addresses import address_of, listen
from exporter.web.exposure import guard_origin, warn_if_exposed
from exporter.web.server import Server

_ANY_PORT: Final = "127.0.0.1:0"


def configuration(url: str, interval: str, names: Iterable[str] = ACCOUNTS) -> str:
    """Return the demo's configuration: accounts at all simulated vendors. `url` is the URL of the sandbox."""
    accounts = ((vendor, one, name) for name in names for vendor, one in SIMULATIONS.items())
    return "accounts:\n" + "".join(
        f"  - vendor: {vendor}\n"
        f"    name: {name}\n"
        f"    base_url: {url}{one.path}\n"
        f"    interval: {interval}\n"
        f"{indent(one.demo(name).settings, ' ' * 4)}"
        for vendor, one, name in accounts
    )


def environment(names: Iterable[str] = ACCOUNTS) -> dict[str, str]:
    """Return environment variables with the secrets of the sandbox's accounts. These secrets are public."""
    accounts = (one.demo(name) for name in names for one in SIMULATIONS.values())
    return {variable: secret for account in accounts for variable, secret in account.secrets.items()}


def load(text: str) -> Config:
    """Set the environment variables that hold the demo's secrets, and return the configuration in a text.

    Raises:
        ConfigError: the configuration is invalid.

    """
    os.environ.update(environment())
    return parse(text.encode(), Path())


async def run(
    settings: Config, sandbox: socket.socket, sockets: list[socket.socket], telemetry_path: str, world: World
) -> None:
    """Serve a sandbox, and an exporter that polls the sandbox, until SIGTERM or SIGINT."""
    over = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Server(guard_origin(make_app(world), [sandbox], None), over).run, [sandbox])
        await run_exporter(settings, Serving(sockets=sockets, telemetry_path=telemetry_path))
        over.set()


def introduction(url: str) -> str:
    """Return text for users to copy: a configuration for the sandbox at `url`, and the configuration's secrets."""
    secrets = "".join(f"# export {name}={value}\n" for name, value in environment().items())
    return f"# A configuration for this sandbox, and its secrets:\n{configuration(url, '15s')}{secrets}"


async def run_sandbox(sockets: list[socket.socket], world: World, faults: Faults, replays: Replays) -> None:
    """Serve a sandbox until SIGTERM or SIGINT."""
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(handle_signals, stop, tasks.cancel_scope)
        warn_if_exposed(sockets, None)
        await Server(guard_origin(make_app(world, faults, replays), sockets, None), stop).run(sockets)
        tasks.cancel_scope.cancel()


def sandbox_socket() -> tuple[socket.socket, str]:
    """Return a listening socket on a free local port, and the URL of a sandbox that uses the socket."""
    (one,) = listen([_ANY_PORT])
    return one, f"http://{address_of(one)}"
