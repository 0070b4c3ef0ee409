"""`usage-exporter history`: past figures that vendors still report, exported to files."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from exporter.cli.exit_codes import FAILED, USAGE_ERROR, load_or_exit, print_or_exit
from exporter.cli.options import config_file, logging_options, vendor_plugins
from exporter.durations import read_duration, write_duration

if TYPE_CHECKING:
    from exporter.history.folder import Folder
    from exporter.history.plan import Plan
    from exporter.history.run import Ended
    from exporter.vendors import Account

_DAY: Final = "%Y-%m-%d"


def _midnight(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime:
    if value is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return datetime.strptime(value, _DAY).replace(tzinfo=UTC)
    except ValueError:
        raise click.BadParameter("write a day, such as 2026-01-31") from None


def _step(_context: click.Context, _option: click.Parameter, value: str) -> float:
    try:
        return read_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _labels(_context: click.Context, _option: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in value]
    if any(not separator for _, separator, _ in pairs):
        raise click.BadParameter("write NAME=VALUE")
    return {name: text for name, _, text in pairs}


@click.command()
@config_file
@vendor_plugins
@click.option("--from", "first", metavar="DAY", required=True, callback=_midnight, help="The first day, in UTC.")
@click.option("--to", "last", metavar="DAY", callback=_midnight, help="The last day, in UTC; today if not set.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder for the files, or that of an interrupted run.",
)
@click.option(
    "--account", "wanted", metavar="VENDOR/NAME", multiple=True, help="The account to export; every account if not set."
)
@click.option(
    "--label",
    "labels",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_labels,
    help="A label that Prometheus adds when it scrapes the exporter, such as job=usage-exporter; may be given several"
    " times.",
)
@click.option(
    "--step", "step", metavar="DURATION", default="5m", show_default=True, callback=_step, help="Time between samples."
)
@click.option("--gzip", "gzip", is_flag=True, help="Compress the files.")
@click.option(
    "--no-counters",
    is_flag=True,
    help="Leave usage_quota_consumed_total out: across a gap, the exporter's own counter continues.",
)
@click.option(
    "--storage.path",
    "storage",
    type=click.Path(path_type=Path),
    help="The folder of run --storage.path: counters continue from the history's end, unless it already has counters.",
)
@logging_options("warn")
def history(  # noqa: PLR0913 - each is an option
    *,
    file: Path,
    plugins: tuple[str, ...],
    first: datetime,
    last: datetime,
    out: Path,
    wanted: tuple[str, ...],
    no_counters: bool,
    storage: Path | None,
    **options: Any,
) -> None:
    """Export past figures of vendors that report them.

    Prometheus and VictoriaMetrics can load the files. Run the same command again to resume an interrupted export.
    """
    from exporter.history.loading import commands
    from exporter.history.plan import Plan, WrongRequest, planned
    from exporter.vendors.history import Days

    accounts = load_or_exit(file, plugins).accounts
    try:
        asked = Plan(days=Days(first, last), asked_at=datetime.now(UTC), counters=not no_counters, **options)
        plan = planned(accounts, wanted, asked)
        folder = _opened(out, plan)
    except (WrongRequest, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
    for line in left_out(plan):
        click.echo(line, err=True)
    try:
        ended = [_written(account, folder, storage) for account in folder.plan.accounts]
    except OSError as error:
        click.echo(f"{out}: cannot be written ({error.strerror})", err=True)
        sys.exit(FAILED)
    if all(one.error is None and one.outcome.files for one in ended):
        print_or_exit(commands(out, folder.plan))
    else:
        sys.exit(FAILED)


def _opened(out: Path, plan: Plan) -> Folder:
    from exporter.history.folder import Folder

    folder = Folder.opened(out, plan)
    folder.begin()
    return folder


def left_out(plan: Plan) -> list[str]:
    """Return lines that name the accounts and metrics that are left out of the history."""
    from exporter.history.run import undated

    names = [(f"{one.vendor}/{one.name}", ", ".join(family.name for family in undated(one))) for one in plan.accounts]
    return [
        *(f"{one.vendor}/{one.name}: left out: its vendor has no dated figures" for one in plan.left_out),
        *(f"{who}: left out, because the vendor does not date it: {families}" for who, families in names if families),
    ]


def _written(account: Account, folder: Folder, storage: Path | None) -> Ended:
    from exporter.app.event_loop import run_async
    from exporter.history.run import Requests, past_of, seconds_at_least, write_history
    from exporter.store.files import Storage

    who, expected, requests = f"{account.vendor}/{account.name}", past_of(account, folder).requests, Requests()
    seconds = seconds_at_least(account, expected)
    takes = f", {write_duration(float(round(seconds)))} at its limit" if round(seconds) else ""
    click.echo(f"{who}: {len(folder.plan.days)} days, at most about {expected} requests{takes}", err=True)
    kept = Storage(storage) if storage else None
    with _progress(who, len(folder.plan.days)) as on_day:
        ended: Ended = run_async(write_history, account, folder, requests, lambda day: on_day(day, requests.sent), kept)
    if kept:
        kept.close()
    for line in result_lines(who, ended):
        click.echo(line, err=True)
    return ended


def result_lines(who: str, ended: Ended) -> list[str]:
    """Return lines that report the outcome of an account's history, and what is missing from the history."""
    outcome = ended.outcome
    details = [f"    {one}" for one in sorted(outcome.left_out)]
    if ended.error:
        return [f"{who}: {ended.error} ({ended.error.reason}); run the same command again to resume", *details]
    lines = [f"{who}: {outcome.files} files" if outcome.files else f"{who}: its vendor reported nothing for these days"]
    if ended.handed_over is not None:
        lines.append(
            f"{who}: the exporter's counters continue from here"
            if ended.handed_over
            else f"{who}: the exporter already has counters, which are kept"
        )
    return lines + details


@contextmanager
def _progress(who: str, days: int) -> Iterator[Callable[[datetime, int], None]]:
    """Show a progress bar on a terminal.

    After each day, call the yielded function with the day and with the number of requests so far.
    """
    done = 0

    def on_day(day: datetime, requests: int) -> None:
        nonlocal done
        done += 1
        left = requests * (days - done) // done
        bar.update(1, f"{day:{_DAY}}, about {left} requests left")

    with click.progressbar(length=days, label=who, file=sys.stderr, show_pos=True, item_show_func=_format_day) as bar:
        yield on_day


def _format_day(text: str | None) -> str | None:
    return text
