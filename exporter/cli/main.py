"""The command line. Exit codes: 0 success, 1 an account failed, 2 invalid configuration or usage, 3 cannot listen.

Each command imports its libraries when the command runs, so that no command waits for another command's imports.
"""

from __future__ import annotations

import platform
import sys

import click

from exporter import __version__
from exporter.cli.completion import completion
from exporter.cli.documents import metrics, rules, schema
from exporter.cli.exit_codes import FAILED
from exporter.cli.hash_password import hash_password
from exporter.cli.history import history
from exporter.cli.polls import check, once
from exporter.cli.run import run
from exporter.cli.sandbox import demo, sandbox
from exporter.cli.shipped import dashboards, example, revision
from exporter.cli.status import status
from exporter.cli.storage import storage
from exporter.cli.vendor import vendor
from exporter.web.addresses import DEFAULT_ADDRESS


class _Commands(click.Group):
    """The group of commands. If an option of `run` precedes the command, the error says where the option belongs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments that precede the command."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            flags = {flag for option in run.params for flag in option.opts}
            if error.option_name in flags:
                meant = f"did you mean usage-exporter run {error.option_name}=...?"
                raise click.UsageError(f"{error.option_name} belongs to a command; {meant}", ctx) from None
            raise


def version_text() -> str:
    """Return the exporter's version, its commit (if known), and Python's version."""
    built_from = f"revision {commit}, " if (commit := revision()) else ""
    return f"{__version__} ({built_from}Python {platform.python_version()})"


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, 1 an account failed, 2 the configuration or the command line is invalid,"
    " 3 cannot listen.",
)
@click.version_option(version_text(), prog_name="usage-exporter")
def main() -> None:
    """Publish usage from vendors' billing APIs as Prometheus metrics."""


@main.command()
@click.argument("url", default=f"http://{DEFAULT_ADDRESS}/-/healthy")
def healthcheck(url: str) -> None:
    """Check whether a running exporter is healthy.

    Exits with 1 if the exporter is unhealthy or does not answer within 3 seconds. An answer of 401 counts as healthy.
    """
    from exporter.cli.healthcheck import problem_with  # noqa: PLC0415 - see above

    if trouble := problem_with(url):
        click.echo(f"not healthy: {url}: {trouble}", err=True)
        sys.exit(FAILED)


_RUNNING = (run, status, check, once, history, demo, sandbox)
_DOCUMENTS = (schema, metrics, rules, dashboards, example)
for command in (*_RUNNING, *_DOCUMENTS, vendor, storage, hash_password, completion):
    main.add_command(command)
