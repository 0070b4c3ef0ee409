"""Tables that fit the width of a terminal. Without a terminal, each row is one line."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

Side = Literal["left", "right"]
Column = tuple[str, str]
"""A column's header, and the alignment of its cells: `left` or `right`."""

_WIDEST: Final = 1000


def render_table(  # noqa: PLR0913 - what stands above and below, and how it is drawn
    columns: Sequence[Column],
    rows: Iterable[Iterable[str | Text]],
    after: Iterable[Text] = (),
    *,
    before: Iterable[Text] = (),
    width: int | None = None,
    color: bool | None = None,
) -> str:
    """Return a table as text, with lines above and below the table.

    Args:
        columns: the columns, from left to right.
        rows: the rows, each with one cell per column.
        after: lines below the table.
        before: lines above the table.
        width: the width of the text in characters. By default, the terminal's width.
        color: whether to use colours. By default, colours are used if standard output is a terminal.

    """
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    chosen = width or (None if is_terminal else _WIDEST)
    out = io.StringIO()
    console = Console(
        file=out, width=chosen, force_terminal=is_terminal if color is None else color, highlight=False, markup=False
    )
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name, side in columns:
        justify: Side = "right" if side == "right" else "left"
        table.add_column(name, justify=justify, no_wrap=chosen == _WIDEST, overflow="fold")
    for row in rows:
        table.add_row(*row)
    for line in before:
        console.print(line, soft_wrap=True)
    console.print(table)
    for line in after:
        console.print(line, soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
