"""`usage-exporter completion`: shell completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from exporter.cli.exit_codes import print_or_exit


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a completion script for your shell.

    For this session, run: source <(usage-exporter completion bash). In fish, run: usage-exporter completion fish |
    source. For every session, put that command into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.
    """
    root = context.find_root()
    program = root.info_name or "usage-exporter"
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the three that click has
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    print_or_exit(kind(root.command, {}, program, variable).source())
