"""`usage-exporter status`: the accounts of a running exporter, or the accounts of a configuration, polled once."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from exporter.cli.exit_codes import FAILED, USAGE_ERROR, load_or_exit, print_or_exit
from exporter.cli.options import logging_options, vendor_plugins, with_shard
from exporter.web.addresses import DEFAULT_ADDRESS

if TYPE_CHECKING:
    from exporter.sharding import Shard
    from exporter.status.document import Status

_PATH: Final = "/api/v1/status"


@click.command()
@click.argument("url", required=False)
@click.option(
    "--config.file",
    "file",
    type=click.Path(path_type=Path),
    help="Poll each account of this configuration once instead of asking a running exporter.",
)
@vendor_plugins
@click.option(
    "--http.config.file",
    "http_config",
    type=click.Path(path_type=Path),
    help="File with basic_auth and tls_config to reach it, in promtool's format.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the document served at /api/v1/status.")
@click.option("--all", "show_all", is_flag=True, help="Show every quota, even if many are fine.")
@click.option("--vendor", "vendor", help="Only accounts at this vendor.")
@click.option("--account", "account", help="Only accounts with this name.")
@with_shard
@logging_options("error")
def status(  # noqa: PLR0913 - each is an option
    *,
    url: str | None,
    file: Path | None,
    plugins: tuple[str, ...],
    http_config: Path | None,
    as_json: bool,
    show_all: bool,
    vendor: str | None,
    account: str | None,
    shard: Shard,
) -> None:
    """Show accounts and quotas, the most urgent first.

    If there are many quotas, only urgent quotas and each account's most urgent quota are shown, and the others are
    counted. URL is the address of a running exporter, by default http://127.0.0.1:10924. Exits with 1 if an account
    fails, or if no exporter answers.
    """
    if url and file:
        raise click.UsageError("give a URL or --config.file, not both")
    found = _polled(file, plugins, shard) if file else _asked(url or f"http://{DEFAULT_ADDRESS}", http_config)
    found = _chosen(found, vendor, account)
    if as_json:
        print_or_exit(found.model_dump_json(indent=2) + "\n")
    else:
        from exporter.cli.status_table import render

        print_or_exit(render(found, show_all=show_all))
    if any(one.state == "failing" for one in found.accounts):
        sys.exit(FAILED)


def _chosen(found: Status, vendor: str | None, account: str | None) -> Status:
    """Return the document with only the chosen accounts. Exit if no account matches."""
    if vendor is None and account is None:
        return found
    chosen = tuple(one for one in found.accounts if vendor in {None, one.vendor} and account in {None, one.account})
    if not chosen:
        there = ", ".join(sorted(f"{one.vendor}/{one.account}" for one in found.accounts)) or "none"
        click.echo(f"no such account; known accounts: {there}", err=True)
        sys.exit(USAGE_ERROR)
    return found.model_copy(update={"accounts": chosen})


def _polled(file: Path, plugins: tuple[str, ...], shard: Shard) -> Status:
    from exporter.app.event_loop import run_async
    from exporter.app.run import poll_once
    from exporter.cli.progress import progress

    config = load_or_exit(file, plugins).shard_part(shard)
    with progress(len(config.accounts)) as advance:
        return run_async(poll_once, config, lambda _: advance()).status


def _asked(url: str, http_config: Path | None) -> Status:
    from exporter.cli.http_config import HTTPConfig, NoAnswer, fetch, load_http_config
    from exporter.problems import ConfigError
    from exporter.status.document import Status

    try:
        config = load_http_config(http_config) if http_config else HTTPConfig()
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"{http_config}: {problem}", err=True)
        sys.exit(USAGE_ERROR)
    where = url.rstrip("/").removesuffix(_PATH) + _PATH
    try:
        return Status.model_validate_json(fetch(where, config))
    except NoAnswer as error:
        click.echo(f"no status: {where}: {error}", err=True)
    except ValueError:
        click.echo(f"no status: {where}: the server is not an exporter", err=True)
    sys.exit(FAILED)
