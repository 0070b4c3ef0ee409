"""`usage-exporter check` and `usage-exporter once`: what a configuration is like, and what a poll of it brings."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.cli.exit_codes import FAILED, load_or_exit, print_or_exit
from exporter.cli.options import config_file, logging_options, with_shard
from exporter.cli.web_options import web_config_file
from exporter.secret import redact

if TYPE_CHECKING:
    from exporter.app.run import Outcome
    from exporter.config import Config
    from exporter.sharding import Shard


@click.command()
@config_file
@with_shard
@web_config_file(only_checked=True)
@click.option("--probe", is_flag=True, help="Also poll each account once and say what came.")
@logging_options("error")
def check(file: Path, probe: bool, shard: Shard) -> None:
    """Validate a configuration: say every problem at once.

    Of one without problems it says what is risky, and how long many customers will take.
    """
    whole = load_or_exit(file)
    config = whole.shard_part(shard)
    part = f", of them polled by shard {shard}: {len(config.accounts)}" if shard.total > 1 else ""
    print_or_exit(f"{file}: no problem found, accounts: {len(whole.accounts)}{part}\n")
    for line in poll_estimates(config):
        print_or_exit(f"{line}\n")
    if probe and not _poll_once(config, lambda outcome: print_or_exit(redact(format_result(outcome)) + "\n"))[1]:
        sys.exit(FAILED)


@click.command()
@config_file
@with_shard
@logging_options("warn")
def once(file: Path, shard: Shard) -> None:
    """Poll every account once and print the metrics."""
    page, well = _poll_once(load_or_exit(file).shard_part(shard), lambda _: None)
    print_or_exit(page.decode())
    if not well:
        sys.exit(FAILED)


def _poll_once(config: Config, on_result: Callable[[Outcome], None]) -> tuple[bytes, bool]:
    from exporter.app.event_loop import run_async
    from exporter.app.run import poll_once

    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        on_result(outcome)

    page = run_async(poll_once, config, tell)
    return page, all(outcome.snapshot.up for outcome in outcomes)


def poll_estimates(config: Config) -> Iterator[str]:
    """Yield warnings to print before a start, one per line."""
    for account in config.accounts:
        who = f"{account.vendor}/{account.name}"
        if account.slice_count > 1:
            yield f"{who}: {account.estimate}"
        for warning in account.warnings():
            yield f"{who}: {warning}"


def format_result(outcome: Outcome) -> str:
    """Return how a poll ended and what it left out; a line, and one for each thing that a person may want to mend."""
    from exporter.quota import WITHHELD_TEXTS

    account, snapshot = outcome.account, outcome.snapshot
    who = f"{account.vendor}/{account.name}"
    if snapshot.error is not None or not snapshot.slices:
        reason = snapshot.error.reason if snapshot.error else "unknown"
        return f"{who}: failed after {outcome.seconds:.2f} s: {snapshot.error} ({reason})"
    diagnostics = snapshot.diagnostics
    left_out = sum(diagnostics.skipped.values())
    skipped = f", items left out: {left_out}" if left_out else ""
    faults = (f"quota {name}: {WITHHELD_TEXTS[reason]}" for name, reason in sorted(snapshot.withheld))
    details = "".join(f"\n    {one}" for one in (*sorted(diagnostics.left_out), *faults))
    return f"{who}: {snapshot.series} series in {outcome.seconds:.2f} s{skipped}{details}"
