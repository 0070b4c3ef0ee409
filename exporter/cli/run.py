"""`usage-exporter run`."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter import __version__
from exporter.cli.exit_codes import listen_or_exit, load_or_exit
from exporter.cli.options import (
    config_file,
    logging_options,
    reload_options,
    storage_path,
    vendor_plugins,
    with_shard,
)
from exporter.cli.web_options import listen_addresses, telemetry_path, web_config_file
from exporter.log import logger
from exporter.web.addresses import DEFAULT_ADDRESS, addresses_of

if TYPE_CHECKING:
    from exporter.config import Config
    from exporter.sharding import Shard
    from exporter.store.files import Storage
    from exporter.web.protection import WebConfig


@click.command()
@config_file
@vendor_plugins
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
    plugins: tuple[str, ...],
    shard: Shard,
    addresses: tuple[str, ...],
    protection: WebConfig | None,
    path: str,
    watch_seconds: float | None,
    lifecycle: bool,
    storage: Storage | None,
) -> None:
    """Poll every account of a configuration, and serve the metrics.

    SIGHUP reloads the configuration.
    """
    from exporter.app.event_loop import run_async
    from exporter.app.run import Serving
    from exporter.app.run import run as run_exporter
    from exporter.config import digest, load
    from exporter.web.exposure import warn_if_exposed

    before = digest(file)  # computed before loading, so that a change during loading is noticed
    config = load_or_exit(file, plugins).shard_part(shard)
    sockets = listen_or_exit(addresses)
    log_started(config, sockets)
    warn_if_exposed(sockets, protection)
    serving = Serving(
        sockets=sockets,
        telemetry_path=path,
        load=lambda: load(file, plugins).shard_part(shard),
        lifecycle=lifecycle,
        watched=(partial(digest, file), watch_seconds, before) if watch_seconds else None,
        storage=storage,
        protection=protection,
    )
    run_async(run_exporter, config, serving)


def log_started(config: Config, sockets: list[socket.socket]) -> None:
    """Log that an exporter has started, and the addresses on which it listens."""
    part = {"shard": str(config.shard)} if config.shard.total > 1 else {}
    logger.info("started", version=__version__, accounts=len(config.accounts), **part, listening=addresses_of(sockets))
