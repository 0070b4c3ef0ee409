"""Command-line options, spelt as Prometheus users know them. The HTTP server's options are in `web_options`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from exporter.durations import read_duration, read_interval, write_duration
from exporter.log import FORMATS, LEVELS, Level, LogFormat, configure
from exporter.rules.options import Options
from exporter.rules.thresholds import Thresholds
from exporter.sharding import Shard

if TYPE_CHECKING:
    from exporter.store.files import Storage

_SPEEDS: Final = click.FloatRange(min=0.001, max=3600)
_RULES: Final = Options()
_F = TypeVar("_F", bound=Callable[..., Any])


def _interval(_context: click.Context, _option: click.Parameter, value: str) -> float:
    try:
        return read_interval(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _duration(context: click.Context, option: click.Parameter, value: str) -> str:
    _interval(context, option, value)
    return value


def logging_options(default: str) -> Callable[[_F], _F]:
    """Add the logging options to a command, and set up logging. `default` is the default level."""

    def decorated(command: _F) -> _F:
        @_choice("--log.level", "log_level", LEVELS, default, "The lowest level of lines to log.")
        @_choice("--log.format", "log_format", FORMATS, FORMATS[0], "The format of log lines.")
        @wraps(command)
        def logged(*args: Any, log_level: Level, log_format: LogFormat, **options: Any) -> Any:
            configure(log_level, log_format)
            return command(*args, **options)

        return cast("_F", logged)

    return decorated


def _choice(flag: str, name: str, choices: Iterable[str], default: str, meaning: str) -> Callable[[_F], _F]:
    return click.option(flag, name, type=click.Choice(tuple(choices)), default=default, show_default=True, help=meaning)


config_file = click.option(
    "--config.file",
    "file",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration.",
)


def _plugins(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    names = _names(value)
    if not all(names):
        raise click.BadParameter("write names separated by commas, such as acme,example")
    return names


vendor_plugins = click.option(
    "--vendors.plugins",
    "plugins",
    metavar="NAME,...",
    default="",
    callback=_plugins,
    help="Vendors of installed wheels that may be used; their code sees every secret. None if not set.",
)


def with_shard(command: _F) -> _F:
    """Add the sharding options to a command, and pass the resulting shard to it."""

    @click.option(
        "--shard",
        "number",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="The number of this shard, counted from 0.",
    )
    @click.option(
        "--total-shards",
        "total",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="The number of processes among which accounts and their customers are divided.",
    )
    @wraps(command)
    def given(*args: Any, number: int, total: int, **options: Any) -> Any:
        if number >= total:
            raise click.UsageError(
                f"--shard is {number} and --total-shards is {total}: shards are counted from 0,"
                f" so --shard must be below --total-shards."
            )
        return command(*args, shard=Shard(number, total), **options)

    return cast("_F", given)


poll_interval = click.option(
    "--interval", default="15s", show_default=True, callback=_duration, help="The interval between polls of an account."
)


def with_world(command: _F) -> _F:
    """Add the options of a sandbox's world to a command, and pass the world to that command."""

    @click.option("--speed", type=_SPEEDS, default=1.0, show_default=True, help="The speed of the sandbox's clock.")
    @click.option("--seed", type=int, default=1, show_default=True, help="The seed of the sandbox's world.")
    @wraps(command)
    def given(*args: Any, seed: int, speed: float, **options: Any) -> Any:
        from exporter.sandbox import World  # noqa: PLC0415 - only a sandbox needs one

        return command(*args, world=World(seed=seed, speed=speed), **options)

    return cast("_F", given)


def _folder(_context: click.Context, _option: click.Parameter, value: Path | None) -> Storage | None:
    from exporter.store.files import Storage  # noqa: PLC0415 - only a running exporter needs one

    try:
        return Storage(value) if value else None
    except OSError as error:
        raise click.BadParameter(f"cannot write to {value}: {error.strerror}") from None


storage_path = click.option(
    "--storage.path",
    "storage",
    type=click.Path(path_type=Path),
    callback=_folder,
    help="A folder for each account's last reading and counters, to survive restarts; nothing is stored if not set.",
)


def reload_options(command: _F) -> _F:
    """Add the options for reloading the configuration to a command.

    The command gets two arguments: `lifecycle` says whether POST /-/reload and POST /-/poll are enabled, and
    `watch_seconds` is the number of seconds between two checks for changes, or None for no checks.
    """

    @click.option(
        "--config.auto-reload",
        "auto_reload",
        is_flag=True,
        help="Reload the configuration once a change has settled for 5 seconds, not only on SIGHUP.",
    )
    @click.option(
        "--config.auto-reload-interval",
        "seconds",
        metavar="DURATION",
        default="30s",
        show_default=True,
        callback=_interval,
        help="How often to check for changes.",
    )
    @click.option(
        "--web.enable-lifecycle",
        "lifecycle",
        is_flag=True,
        help="Enable POST /-/reload and POST /-/poll.",
    )
    @wraps(command)
    def given(*args: Any, auto_reload: bool, seconds: float, **options: Any) -> Any:
        return command(*args, watch_seconds=seconds if auto_reload else None, **options)

    return cast("_F", given)


def _seconds(_context: click.Context, _option: click.Parameter, value: str) -> int:
    try:
        return round(read_duration(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _threshold(one: Field[Any]) -> Callable[[_F], _F]:
    """Return the command-line option for one of the rules' thresholds.

    An integer threshold is a time in seconds, and its option accepts a duration such as `5m`.
    """
    flag, meaning = f"--{one.name.replace('_', '-')}", one.metadata["meaning"]
    if one.type == "int":
        kind: dict[str, Any] = {
            "metavar": "DURATION",
            "callback": _seconds,
            "default": write_duration(cast("float", one.default)),
        }
    else:
        kind = {"metavar": "NUMBER", "type": float, "default": one.default}
    return click.option(flag, one.name, show_default=True, help=meaning, **kind)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


def with_rule_options(command: _F) -> _F:
    """Add the options of the rules to a command, and pass an `Options` to that command."""

    @click.option("--job", default=_RULES.job, show_default=True, help="The exporter's scrape job.")
    @click.option("--runbook-url", default=_RULES.runbook_url, show_default=True, help="URL of the runbooks.")
    @click.option("--grafana-url", default=_RULES.grafana_url, show_default=True, help="URL of Grafana.")
    @click.option(
        "--keep-labels",
        metavar="NAMES",
        default="",
        help="Labels to aggregate by, separated by commas, such as cluster,env if one ruler sees several.",
    )
    @click.option(
        "--account-labels",
        metavar="NAMES",
        default="",
        help="Labels of your own on accounts that alerts should have too, separated by commas, such as team.",
    )
    @wraps(command)
    def given(*args: Any, keep_labels: str, account_labels: str, **values: Any) -> Any:
        texts = {name: values.pop(name) for name in ("job", "runbook_url", "grafana_url")}
        try:
            options = Options(
                thresholds=Thresholds(**values),
                keep_labels=_names(keep_labels),
                account_labels=_names(account_labels),
                **texts,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return command(*args, options=options)

    for one in reversed(fields(Thresholds)):
        given = _threshold(one)(given)
    return cast("_F", given)
