"""`usage-exporter hash-password`: the hash of a password, for a web configuration."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys

import click

from exporter.cli.exit_codes import USAGE_ERROR, print_or_exit


@click.command("hash-password")
def hash_password() -> None:
    """Ask for a password and print its bcrypt hash.

    The hash belongs below basic_auth_users in a web configuration. Without a terminal, the first line of standard input
    is the password.
    """
    from exporter.web.passwords import hash_of

    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        print_or_exit(f"{hash_of(password)}\n")
    except ValueError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
