"""The options of the exporter's own HTTP server: its addresses, its paths, and the protection of its pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from exporter.web.addresses import split_address

if TYPE_CHECKING:
    from exporter.web.protection import WebConfig

_PATH: Final = re.compile(r"/[A-Za-z0-9._~/-]+")
_TAKEN: Final = ("/-/", "/api/", "/accounts/", "/configuration")
_WRONG: Final = 2
_F = TypeVar("_F", bound=Callable[..., Any])


def _addresses(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for address in value:
        try:
            split_address(address)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return value


def _path(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not _PATH.fullmatch(value) or value.startswith(_TAKEN):
        raise click.BadParameter("write a path such as /metrics, not / and none of the exporter's other pages")
    return value


def _protection(context: click.Context, _option: click.Parameter, value: Path | None) -> WebConfig | None:
    if value is None:
        return None
    from exporter.problems import ConfigError  # noqa: PLC0415 - needed only with such a file
    from exporter.web.protection import WebConfig  # noqa: PLC0415 - the same

    try:
        return WebConfig(value)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"{value}: {problem}", err=True)
        context.exit(_WRONG)


def listen_addresses(default: str) -> Callable[[_F], _F]:
    """Add the option for the listen addresses to a command."""
    return click.option(
        "--web.listen-address",
        "addresses",
        multiple=True,
        default=[default],
        show_default=True,
        callback=_addresses,
        help="Address to listen on; may be given several times. :PORT and [::]:PORT mean every interface.",
    )


telemetry_path = click.option(
    "--web.telemetry-path", "path", default="/metrics", show_default=True, callback=_path, help="Path of the metrics."
)


def web_config_file(*, only_checked: bool = False) -> Callable[[_F], _F]:
    """Add the option for the web configuration file to a command, and pass the file's `WebConfig` to that command.

    If `only_checked` is true, the file is validated, and nothing is passed to the command.
    """
    return click.option(
        "--web.config.file",
        "protection",
        type=click.Path(path_type=Path),
        callback=_protection,
        expose_value=not only_checked,
        help="File that configures TLS and passwords, in the format of Prometheus' exporter-toolkit.",
    )
