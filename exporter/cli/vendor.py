"""`usage-exporter vendor`: check a file that declares a vendor, without sending requests to the vendor."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.cli.exit_codes import FAILED, USAGE_ERROR, print_or_exit
from exporter.cli.options import logging_options

if TYPE_CHECKING:
    from exporter.testing.recording import Recording
    from exporter.vendors import Account

_file = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def vendor() -> None:
    """Check files that declare vendors."""


@vendor.command()
@_file
@click.option(
    "--replies",
    "replies_file",
    type=click.Path(path_type=Path),
    help="Recorded answers, in JSON; without them only the file itself is checked.",
)
@logging_options("error")
def check(file: Path, replies_file: Path | None) -> None:
    """Report the problems of a file, and try the file on recorded answers.

    Prints the metrics that the answers produce. Then alters the answers, polls again after each alteration, and reports
    the results. Each alteration does one of three things: it makes a field null, missing or of another type; it
    replaces an answer with an error; or it repeats the items of a list. Exits with 1 if the unaltered answers produce
    no reading, or if an alteration has a wrong result: a figure that the unaltered answers do not produce, an error
    that is not noticed, or repeated items that change the figures.
    """
    from exporter.testing.recording import RecordingError, read_recording
    from exporter.vendors.declared.files import DeclarationError, read_vendor

    try:
        name, declared = read_vendor(file)
        recording = read_recording(replies_file) if replies_file else None
    except (DeclarationError, RecordingError) as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
    families = len(declared.reported)
    print_or_exit(f"# {file}: no problem found, vendor {name}, metrics: {families}\n")
    if recording:
        _try(declared, recording)


def _try(vendor: type[Account], recording: Recording) -> None:
    from exporter.app.event_loop import run_async
    from exporter.errors import PollError
    from exporter.testing.questions import ask_questions, page, poll
    from exporter.testing.recording import RecordingError
    from exporter.testing.suite import account_of

    try:
        account = account_of(vendor, recording)
        polled = run_async(poll, account, recording, recording.replies)
        findings = run_async(ask_questions, account, recording)
    except RecordingError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
    except PollError as error:
        click.echo(f"the recorded answers do not produce a reading: {error} ({error.reason})", err=True)
        sys.exit(FAILED)
    print_or_exit(page(polled))
    print_or_exit("".join(f"# {line}\n" for line in findings.lines()))
    if findings.wrong:
        sys.exit(FAILED)


@vendor.command()
def schema() -> None:
    """Print the JSON Schema of a file that declares a vendor, for editors."""
    from exporter.vendors.declared.files import document_schema

    print_or_exit(json.dumps(document_schema(), indent=2) + "\n")
