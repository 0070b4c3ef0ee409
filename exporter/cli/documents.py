"""`usage-exporter schema`, `metrics` and `rules`: configuration schema, metrics and Prometheus rules."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.cli.exit_codes import print_or_exit, vendors_or_exit
from exporter.cli.options import vendor_plugins, with_rule_options

if TYPE_CHECKING:
    from exporter.rules.options import Options


@click.command()
@click.option("--markdown", is_flag=True, help="As Markdown tables, for people.")
@click.option(
    "--config.file",
    "file",
    type=click.Path(path_type=Path),
    help="A configuration whose vendor files and plugins are part of the schema; its accounts need not be valid yet.",
)
@vendor_plugins
def schema(markdown: bool, file: Path | None, plugins: tuple[str, ...]) -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from exporter.cli.reference import configuration_markdown
    from exporter.config import schema

    if markdown:
        print_or_exit(configuration_markdown())
    else:
        print_or_exit(json.dumps(schema(vendors_or_exit(file, plugins)) if file else schema(), indent=2) + "\n")


@click.command()
@click.option("--markdown", is_flag=True, help="As Markdown tables.")
def metrics(markdown: bool) -> None:
    """Print every metric and its meaning."""
    from exporter.cli import catalogue

    print_or_exit(catalogue.markdown() if markdown else catalogue.table())


@click.command()
@with_rule_options
def rules(options: Options) -> None:
    """Print the Prometheus rules, with your own thresholds.

    A threshold is a share, a factor or a duration such as 15m. The defaults are the thresholds in prometheus/rules/.
    """
    from exporter.rules.document import rules

    print_or_exit(rules(options))
