"""Files that are bundled with the exporter: `usage-exporter dashboards` and `usage-exporter example`."""

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
    """Return the path of a bundled file or folder. In a checkout, bundled files are next to the package."""
    packed = _PACKAGE / "shipped" / path
    return packed if packed.exists() else _PACKAGE.parent / path


def revision() -> str:
    """Return the commit from which the package was built. Empty if the commit is unknown, as in a checkout."""
    file = _PACKAGE / "shipped" / "revision"
    return file.read_text().strip() if file.is_file() else ""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def dashboards(folder: Path) -> None:
    """Write the Grafana dashboards to a folder.

    FOLDER is created if necessary. Existing files of the same names are replaced.
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
    """Print an example of a file that you write yourself.

    NAME selects the file: the exporter's configuration (the default), its web configuration, or the configuration of
    Prometheus or Alertmanager.
    """
    print_or_exit(shipped(_EXAMPLES[name]).read_text())
