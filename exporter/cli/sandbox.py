"""`usage-exporter demo` and `usage-exporter sandbox`: simulated vendors, with and without an exporter."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from exporter.cli.exit_codes import listen_or_exit, print_or_exit
from exporter.cli.options import logging_options, poll_interval, with_world
from exporter.cli.run import log_started
from exporter.cli.sandbox_options import REPLAYED, WithFaults, with_faulty_world
from exporter.cli.web_options import listen_addresses, telemetry_path
from exporter.log import logger
from exporter.web.addresses import DEFAULT_ADDRESS, address_of, addresses_of

if TYPE_CHECKING:
    from exporter.sandbox import Faults, World

SANDBOX_ADDRESS: Final = "127.0.0.1:10925"


@click.command()
@listen_addresses(DEFAULT_ADDRESS)
@telemetry_path
@with_world
@poll_interval
@logging_options("info")
def demo(addresses: tuple[str, ...], path: str, interval: str, world: World) -> None:
    """Run the exporter against a sandbox of all vendors.

    Needs neither accounts nor files.
    """
    from exporter.app.event_loop import run_async
    from exporter.cli import demo

    sockets = listen_or_exit(addresses)
    sandbox, url = demo.sandbox_socket()
    text = demo.configuration(url, interval)
    config = demo.load(text)
    print_or_exit(
        f"# The configuration of this demo:\n{text}\nOpen http://{address_of(sockets[0])}/ - Ctrl-C stops it.\n\n"
    )
    log_started(config, sockets)
    run_async(demo.run, config, sandbox, sockets, path, world)


@click.command(cls=WithFaults)
@listen_addresses(SANDBOX_ADDRESS)
@with_faulty_world
@logging_options("info")
@click.pass_context
def sandbox(
    context: click.Context, /, addresses: tuple[str, ...], world: World, faults: Faults, **_files: object
) -> None:
    """Serve simulations of the vendors' APIs.

    With --vendor-file and --replies, declared vendors are also replayed from recorded answers.
    """
    from exporter.app.event_loop import run_async
    from exporter.cli import demo, replays

    replayed = context.meta[REPLAYED]

    sockets = listen_or_exit(addresses)
    url = f"http://{address_of(sockets[0])}"
    print_or_exit(demo.introduction(url) + replays.introduction(replayed, url))
    logger.info("sandbox started", listening=addresses_of(sockets), speed=world.speed, seed=world.seed)
    run_async(
        demo.run_sandbox,
        sockets,
        world,
        faults,
        {one.name: (one.recording.replies, one.recording.links) for one in replayed},
    )
