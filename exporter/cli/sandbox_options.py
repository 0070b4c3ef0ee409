"""The options of a sandbox with faults and replayed vendors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from exporter.cli.options import with_world

if TYPE_CHECKING:
    from exporter.sandbox import Faults

REPLAYED: Final = "exporter.replayed"
"""In a command's context, the key of the vendors that the sandbox replays."""
_F = TypeVar("_F", bound=Callable[..., Any])


class WithFaults(click.Command):
    """A command whose help ends with the table of the sandbox's faults."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of faults."""
        from exporter.sandbox import faults_usage  # noqa: PLC0415 - needed for the help text only

        super().format_epilog(ctx, formatter)
        with formatter.section("Faults"):
            formatter.write_text(
                "Each also takes times=COUNT: how many calls fail; all if not set. NAMES are names of JSON fields,"
                " with * and commas; at-most is the maximum number of them per answer."
            )
            formatter.write_dl(faults_usage())


def _faults(context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> Faults:
    from exporter.cli.replays import read_replays  # noqa: PLC0415 - only a sandbox needs them
    from exporter.sandbox import Faults, read_fault  # noqa: PLC0415 - the same

    replayed = read_replays(context.params["vendor_files"], context.params["replies"])
    context.meta[REPLAYED] = replayed
    names = [one.name for one in replayed]
    try:
        return Faults((read_fault(one, names) for one in value), names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def with_faulty_world(command: _F) -> _F:
    """Add the options of a sandbox to a command. The command gets the world and the faults described by the options."""
    option = click.option(
        "--fault",
        "faults",
        metavar="VENDOR:PATH:FAULT[=VALUE][;OPTION=VALUE]...",
        multiple=True,
        callback=_faults,
        help="A fault to inject, such as '*:/customer*:status=503;retry-after=120;times=3'; * matches any vendor,"
        " and anything in a path. May be given several times. At run time, POST faults to /-/faults.",
    )
    return with_world(
        _eager_path("--vendor-file", "vendor_files", "A file that declares a vendor to replay")(
            _eager_path("--replies", "replies", "Recorded answers of the vendor of each --vendor-file")(option(command))
        )
    )


def _eager_path(flag: str, name: str, meaning: str) -> Callable[[_F], _F]:
    path = click.Path(path_type=Path)
    return click.option(
        flag, name, type=path, multiple=True, is_eager=True, help=f"{meaning}; may be given several times."
    )
