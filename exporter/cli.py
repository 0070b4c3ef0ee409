"""The command line. Exit codes: 0 well, 1 an account failed, 2 configuration or usage is wrong, 3 no start.

Each command imports what it needs when it runs, so that none waits for another's libraries.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import anyio
import click

from exporter import __version__
from exporter.addresses import DEFAULT_ADDRESS, address_of, listen, split_address
from exporter.log import FORMATS, LEVELS, Format, Level, configure, logger

if TYPE_CHECKING:
    import socket

    from exporter.app import Outcome
    from exporter.config import Config
    from exporter.sandbox import World

FAILED: Final = 1
WRONG: Final = 2
NO_START: Final = 3
SANDBOX_ADDRESS: Final = "127.0.0.1:10925"

_SPEEDS: Final = click.FloatRange(min=0.001, max=1e6)
_F = TypeVar("_F", bound=Callable[..., Any])


def _addresses(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for address in value:
        try:
            split_address(address)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return value


def _path(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not value.startswith("/") or value == "/" or value.startswith("/-/"):
        raise click.BadParameter("write a path such as /metrics, not / and not below /-/")
    return value


def _logging(default: str) -> Callable[[_F], _F]:
    """Give a command the options that set up its logs, and set them up."""

    def decorated(command: _F) -> _F:
        @click.option("--log.level", "log_level", type=click.Choice(LEVELS), default=default, show_default=True)
        @click.option("--log.format", "log_format", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
        @wraps(command)
        def logged(*args: Any, log_level: Level, log_format: Format, **options: Any) -> Any:
            configure(log_level, log_format)
            return command(*args, **options)

        return cast("_F", logged)

    return decorated


def _listen_option(default: str) -> Callable[[_F], _F]:
    return click.option(
        "--web.listen-address",
        "addresses",
        multiple=True,
        default=[default],
        show_default=True,
        callback=_addresses,
        help="Where to listen, may be given several times; :PORT is every interface.",
    )


_telemetry_path = click.option(
    "--web.telemetry-path", "path", default="/metrics", show_default=True, callback=_path, help="Where the metrics are."
)
_config_file = click.option(
    "--config.file",
    "file",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration.",
)


def _with_world(command: _F) -> _F:
    """Give a command the options of a sandbox's world, and the world."""

    @click.option("--speed", type=_SPEEDS, default=1.0, show_default=True, help="How fast the sandbox's time passes.")
    @click.option("--seed", type=int, default=1, show_default=True, help="Which of the sandbox's worlds.")
    @wraps(command)
    def given(*args: Any, seed: int, speed: float, **options: Any) -> Any:
        from exporter.sandbox import World

        return command(*args, world=World(seed=seed, speed=speed), **options)

    return cast("_F", given)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="usage-exporter")
def main() -> None:
    """Publish what vendors' billing APIs say of your usage as Prometheus metrics."""


@main.command()
@_config_file
@_listen_option(DEFAULT_ADDRESS)
@_telemetry_path
@_logging("info")
def run(file: Path, addresses: tuple[str, ...], path: str) -> None:
    """Poll every account of a configuration and serve what came."""
    from exporter import app

    config = _load(file)
    sockets = _listen(addresses)
    _say_started(config, sockets)
    anyio.run(app.run, config, sockets, path)


@main.command()
@_config_file
@click.option("--probe", is_flag=True, help="Also poll each account once and say what came.")
@_logging("error")
def check(file: Path, probe: bool) -> None:
    """Validate a configuration: say every problem at once."""
    config = _load(file)
    click.echo(f"{file}: no problem found, accounts: {len(config.accounts)}")
    if probe and not _poll_once(config, lambda outcome: click.echo(_said(outcome)))[1]:
        sys.exit(FAILED)


@main.command()
@_config_file
@_logging("warn")
def once(file: Path) -> None:
    """Poll every account once and print the metrics."""
    page, well = _poll_once(_load(file), lambda _: None)
    click.echo(page, nl=False)
    if not well:
        sys.exit(FAILED)


@main.command()
@_listen_option(DEFAULT_ADDRESS)
@_telemetry_path
@_with_world
@click.option("--interval", default="15s", show_default=True, help="How often the accounts are polled.")
@_logging("info")
def demo(addresses: tuple[str, ...], path: str, interval: str, world: World) -> None:
    """Run the exporter against a sandbox of all four vendors; needs no account and no file."""
    from exporter import demo

    sockets = _listen(addresses)
    sandbox, url = demo.sandbox_socket()
    text = demo.configuration(url, interval)
    config = demo.load(text)
    click.echo(f"# The configuration of this demo:\n{text}")
    _say_started(config, sockets)
    anyio.run(demo.run, config, sandbox, sockets, path, world)


@main.command()
@_listen_option(SANDBOX_ADDRESS)
@_with_world
@_logging("info")
def sandbox(addresses: tuple[str, ...], world: World) -> None:
    """Serve the four vendors' APIs, simulated."""
    from exporter import demo

    sockets = _listen(addresses)
    logger.info("the sandbox is up", listening=", ".join(map(address_of, sockets)), speed=world.speed, seed=world.seed)
    anyio.run(demo.run_sandbox, sockets, world)


@main.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from exporter.config import schema

    click.echo(json.dumps(schema(), indent=2))


@main.command()
@click.option("--markdown", is_flag=True, help="As Markdown tables.")
def metrics(markdown: bool) -> None:
    """Print every metric there is, and what it means."""
    from exporter import catalogue

    click.echo(catalogue.markdown() if markdown else catalogue.table(), nl=False)


@main.command()
@click.argument("url", default=f"http://{DEFAULT_ADDRESS}/-/healthy")
def healthcheck(url: str) -> None:
    """Ask a running exporter whether it is healthy; exit 1 if it is not."""
    from urllib.error import URLError
    from urllib.request import ProxyHandler, build_opener

    try:
        with build_opener(ProxyHandler({})).open(url, timeout=3) as answer:
            answer.read(64)
    except (URLError, OSError, ValueError) as error:
        click.echo(f"not healthy: {error}", err=True)
        sys.exit(FAILED)


def _load(file: Path) -> Config:
    from exporter.config import ConfigError, load

    try:
        return load(file)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(WRONG)


def _listen(addresses: tuple[str, ...]) -> list[socket.socket]:
    try:
        return listen(addresses)
    except OSError as error:
        click.echo(error.strerror, err=True)
        sys.exit(NO_START)


def _poll_once(config: Config, told: Callable[[Outcome], None]) -> tuple[bytes, bool]:
    from exporter import app

    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        told(outcome)

    page = anyio.run(app.poll_once, config, tell)
    return page, all(outcome.snapshot.up for outcome in outcomes)


def _said(outcome: Outcome) -> str:
    account, snapshot = outcome.account, outcome.snapshot
    who = f"{account.vendor}/{account.name}"
    if snapshot.error is not None or snapshot.reading is None:
        reason = snapshot.error.reason if snapshot.error else "unknown"
        return f"{who}: failed after {outcome.seconds:.2f} s: {snapshot.error} ({reason})"
    left_out = sum(snapshot.reading.notes.skipped.values())
    skipped = f", {left_out} items left out" if left_out else ""
    return f"{who}: {len(snapshot.reading.samples)} series in {outcome.seconds:.2f} s{skipped}"


def _say_started(config: Config, sockets: list[socket.socket]) -> None:
    listening = ", ".join(map(address_of, sockets))
    logger.info("started", version=__version__, accounts=len(config.accounts), listening=listening)
