"""`usage-exporter storage`: list the stored files, and remove the files that no account needs."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import click

from exporter.cli.exit_codes import FAILED, load_or_exit, print_or_exit
from exporter.cli.options import config_file, vendor_plugins

_COLUMNS: Final = (
    ("VENDOR", "left"),
    ("ACCOUNT", "left"),
    ("PART", "left"),
    ("KIND", "left"),
    ("AGE", "right"),
    ("BYTES", "right"),
)


@click.group()
def storage() -> None:
    """Inspect or clean up a storage folder."""


@storage.command("ls")
@click.argument("folder", type=click.Path(path_type=Path))
def list_files(folder: Path) -> None:
    """List the files in a storage folder.

    FOLDER is the folder given to `run` as --storage.path.
    """
    from exporter.cli.table import render_table
    from exporter.status import words
    from exporter.store.inventory import inventory

    try:
        rows = [
            (*one.account, one.part, one.kind, words.span(time.time() - one.written_at), f"{one.size:,}")
            for one in inventory(folder)
        ]
    except OSError as error:
        _fail(folder, error)
    print_or_exit(render_table(_COLUMNS, rows))


@storage.command()
@click.argument("folder", type=click.Path(path_type=Path))
@config_file
@vendor_plugins
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
def prune(folder: Path, file: Path, plugins: tuple[str, ...], dry_run: bool) -> None:
    """Remove files that the accounts of a configuration do not need.

    These are files of other accounts, unusable files that were set aside, and unfinished files. FOLDER is the folder
    given to `run` as --storage.path. Quota counters in removed files are lost.
    """
    from exporter.store.inventory import inventory, superfluous

    whole = load_or_exit(file, plugins)
    accounts = {one.key for account in whole.accounts for one in (account, account.former) if one}
    try:
        for one in superfluous(inventory(folder), accounts):
            if not dry_run:
                for slot in one.slots:
                    slot.unlink(missing_ok=True)
            print_or_exit(f"{'would remove' if dry_run else 'removed'} {one.path}\n")
    except OSError as error:
        _fail(folder, error)


def _fail(folder: Path, error: OSError) -> None:
    click.echo(f"{folder}: {error.strerror}", err=True)
    sys.exit(FAILED)
