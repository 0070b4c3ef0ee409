"""The files that come with the exporter, wherever it is: `usage-exporter dashboards` and `usage-exporter example`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

import exporter
from exporter.cli.exit_codes import FAILED, print_or_exit

_PACKAGE: Final = Path(exporter.__file__).parent
_EXAMPLES: Final[Mapping[str, str]] = {
    "config": "config.example.yaml",
    "web-config": "deploy/web-config.example.yml",
    "prometheus": "prometheus/prometheus.yml",
    "alertmanager": "prometheus/alertmanager.yml",
}


def shipped(path: str) -> Path:
    """Return the path of a bundled file or folder: in the package, or beside it in a checkout."""
    packed = _PACKAGE / "shipped" / path
    return packed if packed.exists() else _PACKAGE.parent / path


def revision() -> str:
    """Return the commit that the package was built from; empty where that is not known, as in a checkout."""
    file = _PACKAGE / "shipped" / "revision"
    return file.read_text().strip() if file.is_file() else ""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def dashboards(folder: Path) -> None:
    """Write the Grafana dashboards into a folder.

    FOLDER is made if it is not there. Files of the same names in it are replaced.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(shipped("grafana/dashboards").glob("*.json")):
            (folder / file.name).write_bytes(file.read_bytes())
            print_or_exit(f"{folder / file.name}\n")
    except OSError as error:
        click.echo(f"cannot write {error.filename}: {error.strerror}", err=True)
        sys.exit(FAILED)


@click.command()
@click.argument("name", type=click.Choice(tuple(_EXAMPLES)), default="config")
def example(name: str) -> None:
    """Print an example of a file that you write.

    NAME is which: the exporter's configuration if not given, its web configuration, or Prometheus' or Alertmanager's.
    """
    print_or_exit(shipped(_EXAMPLES[name]).read_text())
