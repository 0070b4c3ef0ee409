"""The command line. Exit codes: 0 well, 1 an account failed, 2 configuration or usage is wrong, 3 no start.

Each command imports what it needs when it runs, so that none waits for another's libraries.
"""

from __future__ import annotations

import sys

import click

from exporter import __version__
from exporter.cli.documents import metrics, rules, schema
from exporter.cli.exit_codes import FAILED
from exporter.cli.history import history
from exporter.cli.polls import check, once
from exporter.cli.run import run
from exporter.cli.sandbox import demo, sandbox
from exporter.cli.vendor import vendor
from exporter.web.addresses import DEFAULT_ADDRESS


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all is well, 1 an account failed, 2 the configuration or the command line is wrong,"
    " 3 cannot listen.",
)
@click.version_option(__version__, prog_name="usage-exporter")
def main() -> None:
    """Publish what vendors' billing APIs say of your usage as Prometheus metrics."""


@main.command()
@click.argument("url", default=f"http://{DEFAULT_ADDRESS}/-/healthy")
def healthcheck(url: str) -> None:
    """Ask a running exporter if it is healthy.

    Exits with 1 if it is not, or does not answer within 3 seconds. A 401 counts as healthy.
    """
    from exporter.cli.healthcheck import problem_with  # noqa: PLC0415 - see above

    if trouble := problem_with(url):
        click.echo(f"not healthy: {url}: {trouble}", err=True)
        sys.exit(FAILED)


for command in (run, check, once, history, demo, sandbox, schema, metrics, rules, vendor):
    main.add_command(command)
