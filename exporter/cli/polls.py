"""`usage-exporter check` and `usage-exporter once`: validate a configuration, or poll its accounts once."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from exporter.cli.exit_codes import FAILED, load_or_exit, print_or_exit
from exporter.cli.options import config_file, logging_options, vendor_plugins, with_shard
from exporter.cli.web_options import web_config_file
from exporter.durations import write_duration
from exporter.secret import redact

if TYPE_CHECKING:
    from exporter.app.run import Outcome, PollOnceResult
    from exporter.config import Config
    from exporter.sharding import Shard
    from exporter.vendors import Account

_SLOW_SECONDS: Final = 10.0
"""If an account's requests take longer than this, or are further apart than this, `--probe` says so before it polls."""


@click.command()
@config_file
@vendor_plugins
@with_shard
@web_config_file(only_checked=True)
@click.option("--probe", is_flag=True, help="Also poll each account once and show the results.")
@click.option("--plan", is_flag=True, help="Also show how many requests polling takes.")
@logging_options("error")
def check(file: Path, plugins: tuple[str, ...], probe: bool, plan: bool, shard: Shard) -> None:
    """Validate a configuration: report every problem at once.

    For a valid configuration, print risky settings and, for each account with many customers, how long it takes to read
    them all. With --probe, exit with 1 if an account fails or lacks its vendor's main figure.
    """
    whole = load_or_exit(file, plugins)
    config = whole.shard_part(shard)
    part = f", of them polled by shard {shard}: {len(config.accounts)}" if shard.total > 1 else ""
    print_or_exit(f"{file}: no problem found, accounts: {len(whole.accounts)}{part}\n")
    for line in poll_estimates(config):
        print_or_exit(f"{line}\n")
    if plan:
        from exporter.cli.plan import render_plan

        print_or_exit(render_plan(config.accounts))
    if probe:
        _probe(config)


def _probe(config: Config) -> None:
    from exporter.cli.status_table import render

    for line in waits(config):
        print_or_exit(f"{line}\n")
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        print_or_exit(redact(format_result(outcome)) + "\n")

    status = _poll_once(config, tell).status
    print_or_exit(redact(f"\n{render(status)}"))
    if not all(outcome.snapshot.up and not lacks_main_figure(outcome) for outcome in outcomes):
        sys.exit(FAILED)


@click.command()
@config_file
@vendor_plugins
@with_shard
@logging_options("warn")
def once(file: Path, plugins: tuple[str, ...], shard: Shard) -> None:
    """Poll every account once and print the metrics."""
    outcomes: list[Outcome] = []
    page = _poll_once(load_or_exit(file, plugins).shard_part(shard), outcomes.append).page
    print_or_exit(page.decode())
    if not all(outcome.snapshot.up for outcome in outcomes):
        sys.exit(FAILED)


def _poll_once(config: Config, on_result: Callable[[Outcome], None]) -> PollOnceResult:
    from exporter.app.event_loop import run_async
    from exporter.app.run import poll_once
    from exporter.cli.progress import progress

    with progress(len(config.accounts)) as advance:

        def tell(outcome: Outcome) -> None:
            on_result(outcome)
            advance()

        return run_async(poll_once, config, tell)


def poll_estimates(config: Config) -> Iterator[str]:
    """Yield the estimates and warnings that are printed for a valid configuration."""
    from exporter.vendors.settings.warnings import account_warnings, shared_credentials

    for account in config.accounts:
        if account.slice_count > 1:
            yield f"{_name(account)}: {account.estimate}"
        for warning in account_warnings(account):
            yield f"warning: {_name(account)}: {warning}"
    for names in shared_credentials(config.accounts).values():
        yield f"warning: {' and '.join(names)} sign in with the same credentials, and share one rate"


def waits(config: Config) -> Iterator[str]:
    """Yield a line for each account that takes a long time to poll, with the reason."""
    for account in config.accounts:
        estimate = account.estimate
        if estimate.request_seconds > _SLOW_SECONDS:
            took = write_duration(estimate.request_seconds)
            yield f"{_name(account)}: up to {estimate.max_request_count:,} requests, about {took}"
        elif estimate.seconds_apart > _SLOW_SECONDS:
            yield f"{_name(account)}: rate_limit allows a request every {write_duration(estimate.seconds_apart)}"


def lacks_main_figure(outcome: Outcome) -> bool:
    """Whether an account has no series of its vendor's main figure, which is the first family that the vendor reports.

    False for an account that is split into shards, because another shard may have series of the main figure.
    """
    main = outcome.account.reported[0]
    is_whole = outcome.account.shard.total == 1
    return is_whole and not any(main in state.rendered for state in outcome.snapshot.slices.values())


def format_result(outcome: Outcome) -> str:
    """Return a line with the outcome of a poll, and a line for each warning that `run` would log."""
    from exporter.status.notices import notices

    account, snapshot = outcome.account, outcome.snapshot
    if snapshot.error is not None or not snapshot.slices:
        reason = snapshot.error.reason if snapshot.error else "unknown"
        return f"{_name(account)}: failed after {outcome.seconds:.2f} s: {snapshot.error} ({reason})"
    warnings = list(notices(snapshot))
    if lacks_main_figure(outcome):
        warnings.insert(0, f"no series of {account.reported[0].name}, the vendor's main figure")
    details = "".join(f"\n    warning: {one}" for one in warnings)
    return f"{_name(account)}: {snapshot.series} series in {outcome.seconds:.2f} s{details}"


def _name(account: Account) -> str:
    return f"{account.vendor}/{account.name}"
