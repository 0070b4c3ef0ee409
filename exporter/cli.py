"""The command line. Exit codes: 0 well, 1 an account failed, 2 configuration or usage is wrong, 3 no start.

Each command imports what it needs when it runs, so that none waits for another's libraries.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import gc
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import click

from exporter import __version__
from exporter.exits import FAILED, listen_or_exit, load_or_exit, print_or_exit
from exporter.log import logger
from exporter.options import (
    WithFaults,
    config_file,
    logging_options,
    poll_interval,
    reload_options,
    storage_path,
    with_faulty_world,
    with_rule_options,
    with_shard,
    with_world,
)
from exporter.secret import redact
from exporter.web.addresses import DEFAULT_ADDRESS, address_of, addresses_of
from exporter.web_options import listen_addresses, telemetry_path, web_config_file

if TYPE_CHECKING:
    from exporter.app import Outcome
    from exporter.config import Config
    from exporter.rules.options import Options
    from exporter.sandbox import Faults, World
    from exporter.sharding import Shard
    from exporter.storage import Storage
    from exporter.web.protection import Protection

SANDBOX_ADDRESS: Final = "127.0.0.1:10925"

_T = TypeVar("_T")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all is well, 1 an account failed, 2 the configuration or the command line is wrong,"
    " 3 cannot listen.",
)
@click.version_option(__version__, prog_name="usage-exporter")
def main() -> None:
    """Publish what vendors' billing APIs say of your usage as Prometheus metrics."""


@main.command()
@config_file
@with_shard
@listen_addresses(DEFAULT_ADDRESS)
@web_config_file()
@telemetry_path
@reload_options
@storage_path
@logging_options("info")
def run(  # noqa: PLR0913 - each is an option
    *,
    file: Path,
    shard: Shard,
    addresses: tuple[str, ...],
    protection: Protection | None,
    path: str,
    watch_seconds: float | None,
    lifecycle: bool,
    storage: Storage | None,
) -> None:
    """Poll every account of a configuration and serve what came.

    SIGHUP has the configuration read again.
    """
    from exporter import app
    from exporter.config import digest, load

    config = load_or_exit(file).of_shard(shard)
    sockets = listen_or_exit(addresses)
    _say_started(config, sockets)
    serving = app.Serving(
        sockets=sockets,
        telemetry_path=path,
        load=lambda: load(file).of_shard(shard),
        lifecycle=lifecycle,
        watched=(partial(digest, file), watch_seconds) if watch_seconds else None,
        storage=storage,
        protection=protection,
    )
    _run(app.run, config, serving)


@main.command()
@config_file
@with_shard
@web_config_file(only_checked=True)
@click.option("--probe", is_flag=True, help="Also poll each account once and say what came.")
@logging_options("error")
def check(file: Path, probe: bool, shard: Shard) -> None:
    """Validate a configuration: say every problem at once.

    Of one without problems it says what is risky, and how long many customers will take.
    """
    from exporter.outlook import outlook
    from exporter.probe import said

    whole = load_or_exit(file)
    config = whole.of_shard(shard)
    part = f", of them polled by shard {shard}: {len(config.accounts)}" if shard.total > 1 else ""
    print_or_exit(f"{file}: no problem found, accounts: {len(whole.accounts)}{part}\n")
    for line in outlook(config):
        print_or_exit(f"{line}\n")
    if probe and not _poll_once(config, lambda outcome: print_or_exit(redact(said(outcome)) + "\n"))[1]:
        sys.exit(FAILED)


@main.command()
@config_file
@with_shard
@logging_options("warn")
def once(file: Path, shard: Shard) -> None:
    """Poll every account once and print the metrics."""
    page, well = _poll_once(load_or_exit(file).of_shard(shard), lambda _: None)
    print_or_exit(page.decode())
    if not well:
        sys.exit(FAILED)


@main.command()
@listen_addresses(DEFAULT_ADDRESS)
@telemetry_path
@with_world
@poll_interval
@logging_options("info")
def demo(addresses: tuple[str, ...], path: str, interval: str, world: World) -> None:
    """Run the exporter against a sandbox of all vendors.

    Needs no account and no file.
    """
    from exporter import demo

    sockets = listen_or_exit(addresses)
    sandbox, url = demo.sandbox_socket()
    text = demo.configuration(url, interval)
    config = demo.load(text)
    print_or_exit(
        f"# The configuration of this demo:\n{text}\nOpen http://{address_of(sockets[0])}/ - Ctrl-C stops it.\n\n"
    )
    _say_started(config, sockets)
    _run(demo.run, config, sandbox, sockets, path, world)


@main.command(cls=WithFaults)
@listen_addresses(SANDBOX_ADDRESS)
@with_faulty_world
@logging_options("info")
def sandbox(addresses: tuple[str, ...], world: World, faults: Faults) -> None:
    """Serve the four vendors' APIs, simulated."""
    from exporter import demo

    sockets = listen_or_exit(addresses)
    print_or_exit(demo.introduction(f"http://{address_of(sockets[0])}"))
    logger.info("the sandbox is up", listening=addresses_of(sockets), speed=world.speed, seed=world.seed)
    _run(demo.run_sandbox, sockets, world, faults)


@main.command()
@click.option("--markdown", is_flag=True, help="As Markdown tables, for people.")
def schema(markdown: bool) -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from exporter.config import schema
    from exporter.reference import configuration_markdown

    print_or_exit(configuration_markdown() if markdown else json.dumps(schema(), indent=2) + "\n")


@main.command()
@click.option("--markdown", is_flag=True, help="As Markdown tables.")
def metrics(markdown: bool) -> None:
    """Print every metric there is, and what it means."""
    from exporter import catalogue

    print_or_exit(catalogue.markdown() if markdown else catalogue.table())


@main.command()
@with_rule_options
def rules(options: Options) -> None:
    """Print the Prometheus rules, with your own thresholds.

    Numbers are shares, factors or durations such as 15m; the defaults are those of prometheus/rules/.
    """
    from exporter.rules.document import rules

    print_or_exit(rules(options))


@main.command()
@click.argument("url", default=f"http://{DEFAULT_ADDRESS}/-/healthy")
def healthcheck(url: str) -> None:
    """Ask a running exporter if it is healthy.

    Exits with 1 if it is not, or does not answer within 3 seconds. To ask for a password is to answer.
    """
    from exporter.healthcheck import trouble_of

    if trouble := trouble_of(url):
        click.echo(f"not healthy: {url}: {trouble}", err=True)
        sys.exit(FAILED)


def _run(main: Callable[..., Awaitable[_T]], *arguments: object) -> _T:
    from exporter.event_loop import EventLoop

    if not gc.isenabled():  # see `__main__`
        gc.freeze()
        gc.enable()
    return anyio.run(main, *arguments, backend_options={"loop_factory": EventLoop})


def _poll_once(config: Config, told: Callable[[Outcome], None]) -> tuple[bytes, bool]:
    from exporter import app

    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        told(outcome)

    page = _run(app.poll_once, config, tell)
    return page, all(outcome.snapshot.up for outcome in outcomes)


def _say_started(config: Config, sockets: list[socket.socket]) -> None:
    part = {"shard": str(config.shard)} if config.shard.total > 1 else {}
    logger.info("started", version=__version__, accounts=len(config.accounts), **part, listening=addresses_of(sockets))
