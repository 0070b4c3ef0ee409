"""The demo: a sandbox of all four vendors, and an exporter that polls it over HTTP like any other API."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

import anyio

from exporter.app.reload import heed_signals
from exporter.app.run import Serving
from exporter.app.run import run as run_exporter
from exporter.config import Config, parse
from exporter.sandbox import ACCOUNTS, Credentials, Faults, World, make_app
from exporter.web.addresses import address_of, listen
from exporter.web.exposure import guard_origin, say_exposed
from exporter.web.server import Server

_ANY_PORT: Final = "127.0.0.1:0"

_ACCOUNTS: Final = """\
  - vendor: netnut
    name: {name}
    base_url: {url}/netnut/v1
    interval: {interval}
    email: {c.netnut_email}
    password: ${{{env}_NETNUT_PASSWORD}}
    sub_users: {sub_users}
    reseller: true
  - vendor: ionos
    name: {name}
    base_url: {url}/ionos/billing
    interval: {interval}
    token: ${{{env}_IONOS_TOKEN}}
    cost: true
    quotas:
      - name: core-hours
        metric: ionos_meter_quantity
        match: {{meter_id: "C0.*"}}
        by: [contract]
        limit: 20000
        unit: core_hours
        period: month
  - vendor: prolifi
    name: {name}
    base_url: {url}/prolifi/api/v1/public
    interval: {interval}
    api_key: ${{{env}_PROLIFI_API_KEY}}
    discover: true
    window: month
    entitlements: true
  - vendor: planship
    name: {name}
    base_url: {url}/planship
    interval: {interval}
    client_id: {c.planship_client_id}
    client_secret: ${{{env}_PLANSHIP_CLIENT_SECRET}}
    customers: {customers}
    products:
      - slug: invoicing
        metering_ids: [invoices]
      - slug: projects
        levers: [api-calls]
        metering_ids: [clicks]
    buckets: true
    subscriptions: true
    entitlements: true
"""


def configuration(url: str, interval: str, names: tuple[str, ...] = tuple(ACCOUNTS)) -> str:
    """Return the demo's configuration: accounts at all four vendors of the sandbox at `url`."""
    return "accounts:\n" + "".join(_account(url, interval, name, ACCOUNTS[name]) for name in names)


def environment(names: tuple[str, ...] = tuple(ACCOUNTS)) -> dict[str, str]:
    """Return the variables that the configuration takes its secrets from: the sandbox's, which are public."""
    variables: dict[str, str] = {}
    for name in names:
        credentials = ACCOUNTS[name]
        variables |= {
            f"{name.upper()}_NETNUT_PASSWORD": credentials.netnut_password,
            f"{name.upper()}_IONOS_TOKEN": credentials.ionos_token,
            f"{name.upper()}_PROLIFI_API_KEY": credentials.prolifi_key,
            f"{name.upper()}_PLANSHIP_CLIENT_SECRET": credentials.planship_client_secret,
        }
    return variables


def _account(url: str, interval: str, name: str, credentials: Credentials) -> str:
    return _ACCOUNTS.format(
        name=name,
        url=url,
        interval=interval,
        env=name.upper(),
        c=credentials,
        sub_users=_flow(credentials.netnut_sub_users),
        customers=_flow(credentials.planship_customers),
    )


def _flow(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def load(text: str) -> Config:
    """Return the configuration with the secrets that it takes from the environment.

    Raises:
        ConfigError: it cannot be used.

    """
    os.environ.update(environment())
    return parse(text.encode(), Path())


async def run(
    settings: Config, sandbox: socket.socket, sockets: list[socket.socket], telemetry_path: str, world: World
) -> None:
    """Serve a sandbox, and an exporter that polls it, until SIGTERM or SIGINT."""
    over = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Server(guard_origin(make_app(world), [sandbox], None), over).run, [sandbox])
        await run_exporter(settings, Serving(sockets=sockets, telemetry_path=telemetry_path))
        over.set()


def introduction(url: str) -> str:
    """Return a configuration for the sandbox at `url`, and the secrets that it takes, as text for people."""
    secrets = "".join(f"# export {name}={value}\n" for name, value in environment().items())
    return f"# A configuration for this sandbox, and its secrets:\n{configuration(url, '15s')}{secrets}"


async def run_sandbox(sockets: list[socket.socket], world: World, faults: Faults) -> None:
    """Serve a sandbox until SIGTERM or SIGINT."""
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(heed_signals, stop, tasks.cancel_scope)
        say_exposed(sockets, None)
        await Server(guard_origin(make_app(world, faults), sockets, None), stop).run(sockets)
        tasks.cancel_scope.cancel()


def sandbox_socket() -> tuple[socket.socket, str]:
    """Return a socket for a sandbox on a free port of this machine, and the URL that leads to it."""
    (one,) = listen([_ANY_PORT])
    return one, f"http://{address_of(one)}"
