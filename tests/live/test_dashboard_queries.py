"""Every query of every dashboard, asked of real servers that hold 45 days of history."""

import json
import math
from functools import cache
from pathlib import Path

import pytest
from dashboard_queries import DASHBOARDS, Board, Panel, Query, boards, chosen_value, faults
from history import VARIANTS
from history_declared import DECLARED
from history_prometheus import LONG_QUERIES, Prometheus, Series
from history_session import END

from grafana.source.vendor_boards import GENERIC

pytestmark = pytest.mark.timeout(600)  # the first test waits until the history is written

BOARDS = {board.name: board for board in boards()}
PANELS = [panel for board in BOARDS.values() for panel in board.panels]
NOTES = [note for board in BOARDS.values() for note in board.annotations]

RIGHTLY_EMPTY = {
    # No rule is evaluated in the history, so no alert fires.
    "overview: Alerts firing": ("Alerts firing",),
    # Not every vendor states times.
    "vendor: Metrics of the vendor": ("Latest time",),
    "vendor: Accounts, stalest first": ("Vendor's lag", "Drift", "Rate limit left"),
    # No account has more series than it may have.
    "exporter: Series, by account": ("Series, by account {{vendor}}/{{account}} left out",),
}
"""Queries without an answer, by panel."""

_SEEN = 3
"""One in so many points of a line is asked for, which is enough to judge it: steps of 45 min miss no hourly poll."""


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def history(histories: dict[str, Prometheus], variant: str) -> Prometheus:
    return histories[variant]


@cache
def choices(board: Board, history: Prometheus, vendor: str = "", *, several: bool) -> dict[str, str]:
    """What is chosen at first: everything, or where there is no such choice the first, or with `several` all.

    A `vendor` is chosen where there is a choice.
    """
    chosen: dict[str, str] = {}
    for one in board.choices:
        selector = board.asked(one.selector, chosen, board.seconds)
        values = history.values_of(one.label, selector, END - board.seconds)
        if one.name == "vendor" and vendor:
            values = [value for value in values if value == vendor]
        assert values, f"nothing to choose for {one.name}"
        chosen[one.name] = one.everything or chosen_value(values if several else values[:1])
    return chosen


def answers(panel: Panel, history: Prometheus, vendor: str = "", *, several: bool) -> list[list[Series]]:
    board = BOARDS[panel.board]
    step = board.step(panel)
    chosen = choices(board, history, vendor, several=several)
    expressions = [board.asked(query.expression, chosen, step) for query in panel.queries]
    return [
        history.now(expression) if query.instant else history.range(expression, END - board.seconds, _SEEN * step)
        for query, expression in zip(panel.queries, expressions, strict=True)
    ]


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_every_panel_shows_what_it_says(panel: Panel, history: Prometheus, variant: str) -> None:
    found = answers(panel, history, several=variant == "many")

    assert faults(panel, found, RIGHTLY_EMPTY.get(str(panel), ())) == []


@pytest.mark.parametrize("vendor", DECLARED)
@pytest.mark.parametrize("panel", BOARDS[GENERIC].panels, ids=lambda panel: panel.title)
def test_the_board_of_any_vendor_shows_one_that_a_file_declares(
    panel: Panel, vendor: str, history: Prometheus, variant: str
) -> None:
    found = answers(panel, history, vendor, several=variant == "many")

    assert faults(panel, found, RIGHTLY_EMPTY.get(str(panel), ())) == []


@pytest.fixture
def every_quota(history: Prometheus, variant: str) -> dict[str, list[Series]]:
    """What the table of every quota shows, by its columns."""
    (table,) = [panel for panel in PANELS if str(panel) == "quotas: All quotas, most used first"]
    found = answers(table, history, several=variant == "many")
    return {query.name: answer for query, answer in zip(table.queries, found, strict=True)}


def test_what_is_a_level_has_no_pace(every_quota: dict[str, list[Series]]) -> None:
    quotas = {column: {one.labels["quota"] for one in answer} for column, answer in every_quota.items()}

    assert {"cores", "core-hours"} <= quotas["Used"]
    for column in ("At period end", "Runs out in"):
        assert "core-hours" in quotas[column]
        assert "cores" not in quotas[column]


def test_a_subject_has_its_name_beside_it_and_one_without_is_shown_too(every_quota: dict[str, list[Series]]) -> None:
    used = every_quota["Used"]
    names = {(one.labels["quota"], one.labels["subject"]): one.labels.get("name") for one in used}

    assert names["cores", "31909628"] == "Shop"
    assert names["cores", "32100457"] is None
    assert {name for (quota, _), name in names.items() if quota == "traffic"} == {None}
    assert len([one for one in used if one.labels["quota"] == "seats" and "name" in one.labels]) > 1
    assert len(every_quota["Age"]) == len(used)


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_every_annotation_has_moments_to_mark(note: Panel, history: Prometheus, variant: str) -> None:
    assert faults(note, answers(note, history, several=variant == "many")) == []


def test_the_option_that_victoria_metrics_needs_is_documented() -> None:
    assert f"`{LONG_QUERIES}`" in (DASHBOARDS.parents[1] / "docs" / "dashboards.md").read_text()


def test_what_may_be_empty_is_asked_by_a_dashboard() -> None:
    asked = {str(panel): {query.name for query in panel.queries} for panel in PANELS}

    assert all(set(names) <= asked.get(panel, set()) for panel, names in RIGHTLY_EMPTY.items())


def panel(*queries: Query, columns: tuple[str, ...] = ()) -> Panel:
    return Panel("usage", "Usage", queries, columns)


def query(name: str = "Used", legend: str = "") -> Query:
    return Query("used", legend, instant=True, name=name)


def series(*values: float, **labels: str) -> Series:
    return Series(labels, [(END + place, value) for place, value in enumerate(values)])


A, B = {"account": "a"}, {"account": "b"}


@pytest.mark.parametrize(
    ("asked", "answered", "found"),
    [
        (panel(query()), [[]], ["Used: nothing"]),
        (panel(query()), [[series(1, math.nan, **A)]], ["Used: not a number: {'account': 'a'}"]),
        (panel(query()), [[series(math.inf)]], ["Used: not a number: {}"]),
        (panel(query("Runs out in")), [[series(3, -1)]], ["Runs out in: -1: {}"]),
        (panel(query("Next reset")), [[series(-1)]], ["Next reset: -1: {}"]),
        (panel(query()), [[series(-1)]], []),
        (panel(query(legend="{{ acount }}")), [[series(1, **A)]], ["Used: no label acount"]),
        (panel(query(legend="of {{unit}}")), [[series(1, **A)]], ["Used: no label unit"]),
        (panel(query(legend="{{account}}")), [[series(1, **A), series(2, **B)]], []),
        (panel(query(legend="all")), [[series(1, **A), series(2, **B)]], ["Used: 2 are named 'all'"]),
        (panel(query(), columns=("account", "unit")), [[series(1, **A)]], ["Usage: no label unit"]),
        (
            panel(query(), query("Limit"), columns=("account",)),
            [[series(1, **A, plan="1"), series(2, **A, plan="2")], [series(9, **A)]],
            ["Usage: 2 rows of ('a',)"],
        ),
        (
            panel(query(), query("Limit"), columns=("account", "plan")),
            [[series(1, **A, plan="1"), series(2, **B, plan="1")], [series(9, **A)]],
            [],
        ),
    ],
)
def test_a_fault_in_an_answer_is_found(asked: Panel, answered: list[list[Series]], found: list[str]) -> None:
    assert faults(asked, answered) == found


def test_a_query_that_may_be_empty_is_read_when_it_is_not() -> None:
    assert faults(panel(query()), [[]], ["Used"]) == []
    assert faults(panel(query()), [[series(math.nan)]], ["Used"]) == ["Used: not a number: {}"]


def test_variables_stand_for_what_grafana_puts_in_their_place(tmp_path: Path) -> None:
    (tmp_path / "usage.json").write_text(json.dumps(DOCUMENT))
    (board,) = boards(tmp_path)
    (panel,) = board.panels
    chosen = {"account": chosen_value(["user+1@example.com", "team"])}

    assert board.step(panel) == 3600
    assert board.asked(panel.queries[0].expression, chosen, board.step(panel)) == (
        r'rate(used{account=~"(user\\+1@example\\.com|team)"}[3900s]) + used offset 2592000s'
    )
    with pytest.raises(KeyError, match="acount"):
        board.asked("used$acount", chosen, 1)


DOCUMENT = {
    "time": {"from": "now-30d", "to": "now"},
    "templating": {"list": []},
    "panels": [
        {
            "type": "row",
            "panels": [
                {
                    "title": "Usage",
                    "interval": "15m",
                    "targets": [
                        {"expr": 'rate(used{account=~"$account"}[$__rate_interval]) + used offset ${__range}'},
                        {"expr": "hidden", "hide": True},
                    ],
                }
            ],
        }
    ],
}
