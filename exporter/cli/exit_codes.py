"""How commands fail: with the reason on standard error and an exit code."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from exporter.web.addresses import listen

if TYPE_CHECKING:
    from exporter.config import Config
    from exporter.vendors import Account

FAILED: Final = 1
USAGE_ERROR: Final = 2
CANNOT_LISTEN: Final = 3


def print_or_exit(text: str) -> None:
    """Write text to standard output. If writing fails, print the reason and exit."""
    try:
        click.echo(text, nl=False)
    except OSError as error:
        click.echo(f"cannot write to standard output: {error.strerror}", err=True)
        sys.stdout = None  # otherwise Python writes again at exit
        sys.exit(FAILED)


def load_or_exit(file: Path, plugins: Collection[str] = ()) -> Config:
    """Return the configuration in a file. If the configuration is invalid, print every problem and exit."""
    from exporter.config import load
    from exporter.problems import ConfigError

    try:
        return load(file, plugins)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        if len(error.problems) > 1:
            click.echo(f"{file}: {len(error.problems)} problems found", err=True)
        if not file.exists():
            click.echo(f"to start from an example with every setting: usage-exporter example > {file}", err=True)
        sys.exit(USAGE_ERROR)


def vendors_or_exit(file: Path, plugins: Collection[str] = ()) -> Mapping[str, type[Account]]:
    """Return the vendors that a configuration can use. If a vendor is unusable, print the reason and exit."""
    from exporter.config import load_vendors
    from exporter.problems import ConfigError

    try:
        return load_vendors(file, plugins)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(USAGE_ERROR)


def listen_or_exit(addresses: tuple[str, ...]) -> list[socket.socket]:
    """Return sockets that listen on the addresses. If an address cannot be bound, print the address and exit."""
    try:
        return listen(addresses)
    except OSError as error:
        message = str(error.strerror)
        is_taken = message.endswith(os.strerror(errno.EADDRINUSE))
        click.echo(message + ("; choose another with --web.listen-address=HOST:PORT" if is_taken else ""), err=True)
        sys.exit(CANNOT_LISTEN)
