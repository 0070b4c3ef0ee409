"""What a declared vendor's requests become: one for each item, those that depend on others, extras, sums."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from polled_accounts import NOW, SECRET, lines, poll_once
from test_vendors_disturbed import Recorded

from exporter import config
from exporter.errors import Malformed, PollError, Refused
from exporter.store.reading import Reading
from exporter.vendors.poll import Poll

HEAD = """\
vendor: acme
title: Acme
base_url: https://api.acme.example
settings:
  api_key: {kind: secret, description: The key.}
  teams: {kind: identifiers, description: The teams.}
auth: {bearer: api_key}
requests:
"""
EACH = """\
  - get: /teams/{item}/usage/{month}
    for_each: settings.teams
    metrics:
      - {name: acme_used, help: Used., value: used, labels: {team: "{item}"}}
"""
LISTED = """\
  - name: projects
    get: /projects
    rows: data
    key: id
  - get: /projects/{item}
    for_each: requests.projects
    optional: true
    metrics:
      - {name: acme_used, help: Used., value: used, labels: {project: "{item}"}}
  - get: /total
    metrics:
      - {name: acme_total_used, help: Used., value: used}
"""
SUM = """\
  - get: /days
    rows: [days, rows]
    key: [^day, project]
    metrics:
      - {name: acme_used, help: Used., value: used, sum: true, labels: {project: project, region: ^^region}}
""".replace("key: [^day, project]", "key: [^day, project, ^^region]")
SAID = """\
  - get: /usage
    succeeded: meta.ok
    metrics:
      - {name: acme_used, help: Used., value: meta.used}
"""
WORD = """\
  - get: /usage
    succeeded: {at: status, values: [ok, 0]}
    rows: data
    metrics:
      - {name: acme_used, help: Used., value: used}
"""
ERROR = WORD.replace("succeeded: {at: status, values: [ok, 0]}", "failed: error.text")


def poll(text: str, replies: Mapping[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Poll]:
    (folder / "acme.yaml").write_text(HEAD + text)
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    account = {"vendor": "acme", "name": "main", "api_key": "${VENDOR_SECRET}", "teams": ["a b", "c"]}
    given = {"vendor_files": ["acme.yaml"], "accounts": [account]}
    one = config.parse(json.dumps(given).encode(), folder).accounts[0]
    asked = Poll(Recorded(one, replies), NOW)
    return anyio.run(poll_once, one, asked), asked


DAYS = {
    "region": "eu",
    "days": [
        {"day": 1, "rows": [{"project": "p", "used": 1}, {"project": "q", "used": 5}]},
        {"day": 2, "rows": [{"project": "p", "used": 2}]},
    ],
}


def days(**changes: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(DAYS))
    changed["days"][1]["rows"][0].update(changes)
    return changed


@pytest.mark.parametrize(
    ("text", "replies", "expected"),
    [
        (
            EACH,
            {"GET /teams/a%20b/usage/2026-11": {"used": 1}, "GET /teams/c/usage/2026-11": {"used": "2.5"}},
            ['acme_used{team="a b"} 1.0', 'acme_used{team="c"} 2.5'],
        ),
        (EACH, {"GET /teams/c/usage/2026-11": {"used": 2}}, ['acme_used{team="c"} 2.0']),
        (
            LISTED,
            {
                "GET /projects": {"data": [{"id": 1}, {"id": "x/y"}]},
                "GET /projects/x%2Fy": {"used": 3},
                "GET /total": {"used": 9},
            },
            ["acme_total_used 9.0", 'acme_used{project="x/y"} 3.0'],
        ),
        (LISTED, {"GET /projects": {"data": []}, "GET /total": {"used": 9}}, ["acme_total_used 9.0"]),
        (
            SUM,
            {"GET /days": DAYS},
            ['acme_used{project="p",region="eu"} 3.0', 'acme_used{project="q",region="eu"} 5.0'],
        ),
        (SUM, {"GET /days": days(used=None)}, ['acme_used{project="q",region="eu"} 5.0']),
        (SUM, {"GET /days": days(project=None)}, []),
        (SAID, {"GET /usage": {"meta": {"ok": True, "used": 4}}}, ["acme_used 4.0"]),
        (WORD, {"GET /usage": {"status": "ok", "data": [{"used": 4}]}}, ["acme_used 4.0"]),
        (WORD, {"GET /usage": {"status": 0, "data": [{"used": 4}]}}, ["acme_used 4.0"]),
        (ERROR, {"GET /usage": {"data": [{"used": 4}]}}, ["acme_used 4.0"]),
        (ERROR, {"GET /usage": {"error": {"text": ""}, "data": [{"used": 4}]}}, ["acme_used 4.0"]),
    ],
)
def test_answers_become_these_figures(
    text: str, replies: Mapping[str, Any], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, _ = poll(text, replies, tmp_path, monkeypatch)

    assert isinstance(outcome, Reading), outcome
    assert lines(outcome) == expected


@pytest.mark.parametrize(
    ("text", "replies", "error"),
    [
        (EACH, {}, PollError),
        (LISTED, {"GET /total": {"used": 9}}, PollError),
        (LISTED, {"GET /projects": {"data": "x"}, "GET /total": {"used": 9}}, Malformed),
        (SUM, {"GET /days": {"region": "eu", "days": {}}}, Malformed),
        (SAID, {"GET /usage": {"meta": {"ok": False, "used": 4}}}, Refused),
        (WORD, {"GET /usage": {"status": "error"}}, Refused),
        (WORD, {"GET /usage": {"status": "OK", "data": [{"used": 4}]}}, Refused),
        (WORD, {"GET /usage": {"status": 1, "data": [{"used": 4}]}}, Refused),
        (ERROR, {"GET /usage": {"error": {"text": "no such month"}}}, Refused),
        (ERROR, {"GET /usage": {"error": {"text": True}, "data": [{"used": 4}]}}, Refused),
    ],
)
def test_what_is_no_whole_reading_fails(
    text: str, replies: Mapping[str, Any], error: type[PollError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(poll(text, replies, tmp_path, monkeypatch)[0], error)


@pytest.mark.parametrize(
    ("listed", "unreadable"),
    [
        ([{"id": 1}], []),
        ([{"id": 1}, {"id": None}], [("acme_used", (None,))]),
        ([{"id": 1}, "two"], [("acme_used", (None,))]),
    ],
)
def test_an_item_that_cannot_be_asked_about_is_unreadable(
    listed: list[Any], unreadable: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = {"GET /projects": {"data": listed}, "GET /projects/1": {"used": 3}, "GET /total": {"used": 9}}
    outcome, asked = poll(LISTED, replies, tmp_path, monkeypatch)

    assert lines(outcome) == ["acme_total_used 9.0", 'acme_used{project="1"} 3.0']
    assert [(one.family.name, one.labels) for one in asked.unreadable] == unreadable
