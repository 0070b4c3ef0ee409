"""The bundled dashboards as they are written, and their queries as Prometheus gets them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import promql_parser

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "grafana" / "dashboards"
PANELS: Final = ("stat", "bargauge", "timeseries", "table")

Board = dict[str, Any]
Panel = dict[str, Any]

_BUILT_IN: Final = {"__rate_interval": "5m", "__range": "30d", "__interval": "1h"}
_VARIABLE: Final = re.compile(r"\$\{?([a-z_]\w*)\}?")
"""Not `$1`, which is a group of a regular expression."""
_LABEL_VALUES: Final = re.compile(r"label_values\((.+), (\w+)\)")


def boards() -> dict[str, Board]:
    """Every board, by its file's name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


class Asked(NamedTuple):
    """A query, with the board and the panel, variable or annotation that asks it."""

    board: str
    what: str
    expression: str
    grouped_by: str = ""
    """The label whose values a variable wants."""


def panels(board: Board) -> list[Panel]:
    """A board's panels, those in collapsed rows too, without the rows."""
    every = [one for panel in board["panels"] for one in (panel, *panel.get("panels", ()))]
    return [panel for panel in every if panel["type"] != "row"]


def variables(board: Board) -> list[dict[str, Any]]:
    """A board's variables."""
    listed: list[dict[str, Any]] = board["templating"]["list"]
    return listed


def asked(board: Board) -> Iterator[Asked]:
    """Every query of a board."""
    uid = board["uid"]
    for panel in panels(board):
        yield from (Asked(uid, panel["title"], target["expr"]) for target in panel["targets"])
    for annotation in board["annotations"]["list"]:
        yield Asked(uid, annotation["name"], annotation["expr"])
    for variable in variables(board):
        if variable["type"] == "query":
            found = _LABEL_VALUES.fullmatch(variable["query"])
            assert found, f"{uid}: variable {variable['name']} asks for no label's values"
            yield Asked(uid, f"variable {variable['name']}", found[1], found[2])


def filled(expression: str) -> str:
    """A query with its variables as they are when all is chosen."""
    return _VARIABLE.sub(lambda found: _BUILT_IN.get(found[1], ".+"), expression)


class Node(NamedTuple):
    """A part of a query, with what it stands in, the outermost first."""

    node: Any
    within: tuple[Any, ...]


def nodes(expression: str) -> Iterator[Node]:
    """Every part of a query."""
    yield from _nodes(promql_parser.parse(filled(expression)), ())


def _nodes(node: Any, within: tuple[Any, ...]) -> Iterator[Node]:
    yield Node(node, within)
    inner: list[Any]
    match node:
        case promql_parser.BinaryExpr():
            inner = [node.lhs, node.rhs]
        case promql_parser.Call():
            inner = list(node.args)
        case promql_parser.MatrixSelector():
            inner = [node.vector_selector]
        case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.SubqueryExpr():
            inner = [node.expr]
        case promql_parser.UnaryExpr():
            inner = [node.expr]
        case _:
            inner = []
    for one in inner:
        yield from _nodes(one, (*within, node))


def selectors(expression: str) -> Iterator[Node]:
    """Every selector of series in a query."""
    yield from (one for one in nodes(expression) if isinstance(one.node, promql_parser.VectorSelector))
