"""Lists whose pages are linked by the Link header: at a socket, from recorded answers, and replayed by the sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from click.testing import CliRunner
from kept_logging import kept_logging
from polled_accounts import SECRET, lines, polled
from scripted_vendor import Script, answer, scripted

from exporter import config
from exporter.cli.main import main
from exporter.cli.replays import read_replays
from exporter.errors import PollError
from exporter.sandbox.replay import replay_apps
from exporter.vendors import Account

FILE = """\
vendor: acme
title: Acme
base_url: https://api.acme.example
settings:
  api_key: {kind: secret, description: The key.}
auth: {bearer: api_key}
requests:
  - get: /projects
    parameters: {size: "2"}
    rows: data
    key: id
    next: {link_header: true}
    metrics:
      - {name: acme_used, help: Used., value: used, labels: {project: id}}
"""
FIRST, SECOND = "GET /projects?size=2", "GET /projects?after=b&size=2"
NEXT = "https://elsewhere.example/other?after=b&size=2"


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def account_at(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    (folder / "acme.yaml").write_text(FILE)
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    account = {"vendor": "acme", "name": "main", "base_url": url, "api_key": "${VENDOR_SECRET}"}
    given = {"vendor_files": ["acme.yaml"], "accounts": [account]}
    return config.parse(json.dumps(given).encode(), folder).accounts[0]


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, Path]:
    """A file that declares the vendor, and recorded answers on two pages."""
    replies = {FIRST: rows("a", "b"), SECOND: rows("c")}
    recording = {"now": "2026-11-21T12:00:00Z", "replies": replies, "links": {FIRST: NEXT}}
    file, answers = tmp_path / "acme.yaml", tmp_path / "acme.replies.json"
    file.write_text(FILE)
    answers.write_text(json.dumps(recording))
    return file, answers


def rows(*ids: str) -> dict[str, object]:
    return {"data": [{"id": one, "used": 1} for one in ids]}


def figures(*ids: str) -> list[str]:
    return [f'acme_used{{project="{one}"}} 1.0' for one in ids]


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f'<{NEXT}>; rel="next"', ["a", "b", "c"]),
        (f'<https://x.example/?page=0>; rel="prev", <{NEXT}>; title="more"; rel=next', ["a", "b", "c"]),
        ("</projects?after=b&size=2>; rel='next'", ["a", "b", "c"]),
        ('<https://x.example/?page=9>; rel="last"', ["a", "b"]),
        ("no link", ["a", "b"]),
    ],
)
def test_a_list_is_followed_by_the_query_of_its_link_header(
    link: str, found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script: Script = {FIRST: [answer(rows("a", "b"), Link=link)], SECOND: [answer(rows("c"))]}
    with scripted(script) as server:
        outcome = polled(account_at(server.url, tmp_path, monkeypatch))

    assert lines(outcome) == figures(*found)


def test_a_link_without_a_query_is_no_next_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({FIRST: [answer(rows("a"), Link='</projects/2>; rel="next"')]}) as server:
        outcome = polled(account_at(server.url, tmp_path, monkeypatch))

    assert isinstance(outcome, PollError)
    assert "the next page's link has no query" in str(outcome)


def test_recorded_answers_have_links_beside_them(recorded: tuple[Path, Path]) -> None:
    file, answers = recorded

    result = CliRunner().invoke(main, ["vendor", "check", str(file), "--replies", str(answers)])

    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if line.startswith("acme_used")] == [
        f'acme_used{{account="check",project="{one}"}} 1.0' for one in "abc"
    ]


def test_the_sandbox_replays_links(recorded: tuple[Path, Path]) -> None:
    (vendor,) = read_replays([recorded[0]], [recorded[1]])
    app = replay_apps({"acme": (vendor.recording.replies, vendor.recording.links)})["/acme"]

    async def get(key: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
            return await http.get(key.removeprefix("GET "))

    first, second = anyio.run(get, FIRST), anyio.run(get, SECOND)

    assert first.headers["link"] == f'<{NEXT}>; rel="next"'
    assert (second.json(), "link" in second.headers) == (rows("c"), False)
