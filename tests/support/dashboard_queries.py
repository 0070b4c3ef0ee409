"""What the dashboards ask, read from their JSON, and what is wrong with an answer."""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from history_prometheus import Series

DASHBOARDS: Final = Path(__file__).parents[2] / "grafana" / "dashboards"

_SCRAPE_INTERVAL: Final = 300.0
"""Seconds; that of the history's last two days, as the data source would be told."""
_POINTS: Final = 720
"""Of a line, from one side of a panel to the other."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_REFERENCE: Final = re.compile(r"\$([a-z_]\w*)|\$\{(\w+)(?::\w+)?\}")
_LEGEND: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_OPTIONAL: Final = frozenset({"name", "reference"})
"""Labels of what may have a name, and need not."""
_SPECIAL: Final = re.compile(r"[\\^$.|?*+()\[\]{}]")
_TIME: Final = re.compile(r"\b(runs out|resets?|time left|age|next poll in|ago)\b", re.IGNORECASE)
"""Names of spans of time, none of which is ever negative."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question of a panel, or of an annotation.

    Attributes:
        expression: with variables.
        legend: how its series are named.
        instant: whether it is asked at the end only.
        name: of its column, or its legend, for who reads a fault.

    """

    expression: str
    legend: str
    instant: bool
    name: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel, or an annotation.

    Attributes:
        board: the dashboard's file, without its suffix.
        title: the panel's.
        queries: in their order.
        columns: the labels that name the rows of a table; empty where it is none.
        step: the least, in seconds.
        is_note: whether it is an annotation, whose moments may be named alike.

    """

    board: str
    title: str
    queries: tuple[Query, ...]
    columns: tuple[str, ...] = ()
    step: float = 0.0
    is_note: bool = False

    def __str__(self) -> str:
        return f"{self.board}: {self.title}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable: the values of a label in the series of a selector; `everything` is what All stands for."""

    name: str
    label: str
    selector: str
    everything: str | None


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard: how many seconds it shows, what is chosen, and what is asked."""

    name: str
    seconds: float
    choices: tuple[Choice, ...]
    panels: tuple[Panel, ...]
    annotations: tuple[Panel, ...]

    def step(self, panel: Panel) -> float:
        """How far apart the points of a panel's lines are, in seconds."""
        return max(self.seconds / _POINTS, panel.step)

    def asked(self, text: str, chosen: Mapping[str, str], step: float) -> str:
        """An expression with its variables replaced as Grafana replaces them.

        Raises:
            KeyError: there is no such variable.

        """
        rate = max(step + _SCRAPE_INTERVAL, 4 * _SCRAPE_INTERVAL)
        known = {
            **chosen,
            "__interval": f"{step:.0f}s",
            "__range": f"{self.seconds:.0f}s",
            "__rate_interval": f"{rate:.0f}s",
        }
        return _REFERENCE.sub(lambda found: known[found[1] or found[2]], text)


def chosen_value(values: Sequence[str]) -> str:
    """What stands for several values of a variable in a matcher."""
    escaped = [_SPECIAL.sub(lambda found: rf"\\{found[0]}", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def boards(folder: Path = DASHBOARDS) -> list[Board]:
    """Read the dashboards of a folder."""
    return [_board(path.stem, json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def _board(name: str, document: Mapping[str, Any]) -> Board:
    variables = [one for one in document["templating"]["list"] if one["type"] == "query"]
    notes = [one for one in document.get("annotations", {}).get("list", ()) if one.get("expr")]
    return Board(
        name,
        _seconds_shown(document["time"]),
        tuple(_choice(one) for one in variables),
        tuple(_panel(name, one) for one in _flat(document["panels"])),
        tuple(_annotation(name, one) for one in notes),
    )


def _seconds_shown(shown: Mapping[str, str]) -> float:
    found = re.fullmatch(r"now-([0-9]+)([hd])", shown["from"])
    if found is None or shown["to"] != "now":
        raise ValueError(f"not so many hours or days until now: {shown}")
    return float(found[1]) * _UNITS[found[2]]


def _seconds(duration: str) -> float:
    return float(duration[:-1]) * _UNITS[duration[-1]]


def _choice(variable: Mapping[str, Any]) -> Choice:
    query = variable["query"]
    text = query if isinstance(query, str) else query["query"]
    found = re.fullmatch(r"label_values\((.+), *(\w+)\)", text)
    if found is None:
        raise ValueError(f"not the values of a label: {text}")
    return Choice(variable["name"], found[2], found[1], variable["allValue"] if variable["includeAll"] else None)


def _flat(panels: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the panels that ask something, those within rows too."""
    for panel in panels:
        yield from _flat(panel.get("panels", ()))
        if panel.get("targets"):
            yield panel


def _panel(board: str, panel: Mapping[str, Any]) -> Panel:
    renamed = {
        old: new
        for one in panel.get("transformations", ())
        if one["id"] == "organize"
        for old, new in one["options"].get("renameByName", {}).items()
    }
    queries = tuple(_query(one, panel["title"], renamed) for one in panel["targets"] if not one.get("hide"))
    columns = tuple(sorted(name for name in renamed if not name.startswith("Value")))
    return Panel(board, panel["title"], queries, columns, _seconds(panel.get("interval") or "0s"))


def _query(target: Mapping[str, Any], title: str, renamed: Mapping[str, str]) -> Query:
    legend = target.get("legendFormat") or ""
    column = renamed.get(f"Value #{target.get('refId')}") or renamed.get("Value")
    return Query(target["expr"], legend, bool(target.get("instant")), column or f"{title} {legend}".strip())


def _annotation(board: str, note: Mapping[str, Any]) -> Panel:
    legend = note.get("textFormat", "")
    query = Query(note["expr"], legend, instant=False, name=note["name"])
    return Panel(board, note["name"], (query,), step=_seconds(note.get("step") or "0s"), is_note=True)


def faults(panel: Panel, answers: Sequence[Sequence[Series]], may_be_empty: Collection[str] = ()) -> list[str]:
    """What is wrong with the answers to a panel's queries; nothing if the panel shows what it says.

    Args:
        panel: the panel.
        answers: the series that answer each of its queries.
        may_be_empty: names of queries that need not be answered.

    """
    found = [
        fault
        for query, answer in zip(panel.queries, answers, strict=True)
        if answer or query.name not in may_be_empty
        for fault in (*_number_faults(query, answer), *_name_faults(panel, query, answer))
    ]
    return found + list(_row_faults(panel, [answer for answer in answers if answer]))


def _number_faults(query: Query, answer: Sequence[Series]) -> Iterator[str]:
    if not answer:
        yield f"{query.name}: nothing"
    for series in answer:
        numbers = [number for _, number in series.values]
        if not all(map(math.isfinite, numbers)):
            yield f"{query.name}: not a number: {dict(series.labels)}"
        if _TIME.search(query.name) and min(numbers) < 0:
            yield f"{query.name}: {min(numbers)}: {dict(series.labels)}"


def _name_faults(panel: Panel, query: Query, answer: Sequence[Series]) -> Iterator[str]:
    labels = {label for series in answer for label in series.labels}
    for label in _LEGEND.findall(query.legend) if answer else ():
        if label not in labels | _OPTIONAL:
            yield f"{query.name}: no label {label}"
    names = Counter(_named(query.legend, series) for series in answer if query.legend and not panel.is_note)
    yield from (f"{query.name}: {number} are named {name!r}" for name, number in names.items() if number > 1)


def _named(legend: str, series: Series) -> str:
    """What Grafana calls a series; by itself it does so by all labels."""
    if legend == "__auto":
        return str(sorted(series.labels.items()))
    return _LEGEND.sub(lambda found: series.labels.get(found[1], ""), legend)


def _row_faults(panel: Panel, answers: Sequence[Sequence[Series]]) -> Iterator[str]:
    """Yield what keeps a table from having a row for each thing: rows are told apart by what all answers have."""
    if not panel.columns or not answers:
        return
    labels = [{label for series in answer for label in series.labels} for answer in answers]
    for column in panel.columns:
        if column not in _OPTIONAL.union(*labels):
            yield f"{panel.title}: no label {column}"
    told_apart_by = sorted(set.intersection(*labels))
    for answer in answers:
        rows = Counter(tuple(series.labels.get(label, "") for label in told_apart_by) for series in answer)
        yield from (f"{panel.title}: {number} rows of {row}" for row, number in rows.items() if number > 1)
