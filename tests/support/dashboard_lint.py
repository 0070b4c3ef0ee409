"""What Grafana's dashboard-linter asks of a board, and what this house asks beside it: each finding is a line."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from dashboard_files import PANELS, Board, Panel, panels, variables
from grafana_foundation_sdk.models import units

from grafana.source.panels import SHARE
from grafana.source.vendor_boards import GENERIC, OWN

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
TAG: Final = "vendor-usage"
_UNITS: Final = {value for name, value in vars(units).items() if name[0].isupper()}
_ON_TIME_CHANGE: Final = 2
_FROM_GRAFANA: Final = ("datasource", "job", "instance")
_LINK: Final = re.compile(r"\$\{__data\.fields\.board\}")
"""A vendor's own board, which chooses by no vendor, or the one of all others."""


def findings(board: Board, others: dict[str, Board]) -> list[str]:
    """All that is wrong with a board, but for its queries; `others` are those that it may lead to, by their uid."""
    uid = board["uid"]
    found = [
        *_of_board(board),
        *_of_variables(board),
        *(f"{panel['title'] or panel['id']}: {line}" for panel in panels(board) for line in _of_panel(panel)),
        *_of_links(board, others),
    ]
    return [f"{uid}: {line}" for line in found]


def _of_board(board: Board) -> Iterator[str]:
    wanted = {"editable": False, "timezone": "utc", "graphTooltip": 1, "refresh": "5m", "tags": [TAG]}
    for key, value in wanted.items():
        if board.get(key) != value:
            yield f"{key} is not {value}"
    if not re.fullmatch(r"vu-[a-z]{1,37}", board["uid"]):
        yield "uid is not vu- and a word"
    if not board.get("description"):
        yield "no description"
    rows = [panel for panel in board["panels"] if panel["type"] == "row"]
    for what, values in (
        ("id", [panel["id"] for panel in (*panels(board), *rows)]),
        ("title", [panel["title"] for panel in panels(board)]),
    ):
        yield from (f"{what} {value} twice" for value, times in Counter(values).items() if times > 1)
    links = [
        {key: link.get(key) for key in ("type", "tags", "asDropdown", "includeVars", "keepTime")}
        for link in board["links"]
    ]
    if links != [{"type": "dashboards", "tags": [TAG], "asDropdown": True, "includeVars": True, "keepTime": True}]:
        yield "not one dropdown of all boards that keeps variables and time"
    if any(annotation["datasource"] != SOURCE for annotation in board["annotations"]["list"]):
        yield "an annotation has no data source"


def _of_variables(board: Board) -> Iterator[str]:
    listed = variables(board)
    if tuple(variable["name"] for variable in listed[:3]) != _FROM_GRAFANA:
        yield "variables do not begin with datasource, job, instance"
    source, *queries = listed
    if (source["type"], source["query"], source["label"]) != ("datasource", "prometheus", "Data source"):
        yield "datasource is no data source of Prometheus"
    for variable in queries:
        name = variable["name"]
        if (
            variable["type"] != "query"
            or variable["datasource"] != SOURCE
            or not variable["multi"]
            or not variable["label"]
        ):
            yield f"variable {name} is no query with a label, of many values"
        if variable.get("refresh") != _ON_TIME_CHANGE:
            yield f"variable {name} is not refreshed when the time changes"
        if not variable.get("sort"):
            yield f"variable {name} is not sorted"
        if variable.get("includeAll") and variable.get("allValue") != ".+":
            yield f"variable {name}: All is not .+"
        if name in _FROM_GRAFANA and not (variable.get("includeAll") and variable["label"] == name.title()):
            yield f"variable {name} is not as Grafana expects it"


def _of_panel(panel: Panel) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] not in PANELS:
        yield f"a {panel['type']} is not drawn here"
    for what, value in (("title", panel["title"]), ("text for nothing", defaults.get("noValue"))):
        if not value:
            yield f"no {what}"
    if not re.search(r"[.] Empty if .+\.$", panel.get("description") or ""):
        yield "no description that says when it is empty"
    if defaults.get("unit") not in _UNITS:
        yield "no unit that Grafana knows"
    if panel["datasource"] != SOURCE or any(target["datasource"] != SOURCE for target in panel["targets"]):
        yield "not the chosen data source"
    if not panel["targets"] or len({target["refId"] for target in panel["targets"]}) != len(panel["targets"]):
        yield "no queries, or two of one name"
    once = panel["type"] != "timeseries"
    if any(
        (target.get("instant", False), target.get("range", False)) != (once, not once) for target in panel["targets"]
    ):
        yield "asks for a moment where it shows a time, or the other way round"
    yield from _of_looks(panel)


def _of_looks(panel: Panel) -> Iterator[str]:
    steps = [(step["value"], step["color"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
    custom, options = panel["fieldConfig"]["defaults"].get("custom", {}), panel["options"]
    shares = panel["title"].lower().startswith(("share used", "top 10 by share"))
    if shares and steps != list(SHARE):
        yield "a share without the thresholds of the alerts"
    if panel["type"] == "timeseries":
        if (options["legend"]["displayMode"], options["legend"]["placement"]) != ("table", "bottom"):
            yield "legend is no table at the bottom"
        if custom.get("drawStyle") == "line" and "interval" not in panel and custom.get("spanNulls") != 3_600_000:
            yield "a line is drawn across an outage"
        if any("legendFormat" not in target for target in panel["targets"]):
            yield "a legend that nobody understands"
    if panel["type"] == "table" and [how["id"] for how in panel["transformations"]] != ["merge", "organize"]:
        yield "rows are not merged"
    for override in panel["fieldConfig"]["overrides"]:
        kinds = {one["id"]: one.get("value") for one in override["properties"]}
        cell = kinds.get("custom.cellOptions")
        if isinstance(cell, dict) and cell["type"] == "gauge":
            bounds = kinds["thresholds"]
            assert isinstance(bounds, dict)
            if [(step["value"], step["color"]) for step in bounds["steps"]] != list(SHARE):
                yield "a share in a table without the thresholds of the alerts"


def _of_links(board: Board, others: dict[str, Board]) -> Iterator[str]:
    for panel in panels(board):
        for link in panel.get("links", ()):
            yield from (f"{panel['title']}: {line}" for line in of_address(link["url"], others))
        for link in panel["fieldConfig"]["defaults"].get("links", ()):
            yield from (f"{panel['title']}: {line}" for line in of_address(link["url"], others))
        for override in panel["fieldConfig"]["overrides"]:
            for kind in override["properties"]:
                for link in kind["value"] if kind["id"] == "links" else ():
                    yield from (f"{panel['title']}: {line}" for line in of_address(link["url"], others))


def of_address(url: str, others: dict[str, Board]) -> Iterator[str]:
    """What is wrong with an address of a board."""
    for board in (*OWN, GENERIC) if _LINK.search(url) else ("",):
        parts = urlsplit(_LINK.sub(board, url))
        uid = parts.path.removeprefix("/d/")
        if uid not in others:
            yield f"leads to {uid}, which is no board"
            continue
        known = {variable["name"] for variable in variables(others[uid])}
        wanted = {name.removeprefix("var-") for name in parse_qs(parts.query) if name.startswith("var-")}
        wanted -= {"vendor"} if board in OWN else set()
        yield from (f"leads to {uid} with {name}, which it does not choose by" for name in sorted(wanted - known))
