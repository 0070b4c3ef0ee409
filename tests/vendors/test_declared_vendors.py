"""The vendors that are declared in YAML, over real sockets: their recorded answers, their pages, what they ask."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kept_logging import kept_logging
from polled_accounts import SECRET, be_impatient, polled
from polled_accounts import page as page_of
from scripted_vendor import Scripted, answer, scripted

from exporter import config
from exporter.cli.main import main
from exporter.errors import PollError, ServerFailed
from exporter.store.reading import Reading
from exporter.vendors import VENDORS, Account
from exporter.vendors.reply import Diagnostics

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "declared"
NAMES = sorted(file.stem for file in (ROOT / "declared-vendors").glob("*.yaml"))
QUESTIONS = {"openai": 356, "sendgrid": 42, "twilio": 219}
QUOTAS = "usage_quota_"

every_vendor = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def recording(name: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((ROOT / "declared-vendors" / f"{name}.replies.json").read_text())
    return recorded


def script(name: str) -> dict[str, list[Scripted]]:
    return {key: [answer(reply)] for key, reply in recording(name)["replies"].items()}


def account(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    secret = {"twilio": "auth_token", "openai": "admin_key", "sendgrid": "api_key"}[name]
    path = next(iter(recording(name)["replies"])).split(" ")[1]
    base = "" if name == "twilio" else "/" + path.split("/")[1]
    settings = {"vendor": name, "name": "check", "base_url": url + base, secret: "${VENDOR_SECRET}"}
    text = json.dumps(
        {"vendor_files": ["declared-vendors/*.yaml"], "accounts": [{**settings, **recording(name)["settings"]}]}
    )
    return config.parse(text.encode(), ROOT).accounts[0]


def test_there_are_vendors_of_three_kinds_and_none_is_built_in() -> None:
    assert sorted(QUESTIONS) == NAMES
    assert not VENDORS.keys() & set(NAMES)


@every_vendor
def test_recorded_answers_become_this_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.fromisoformat(recording(name)["now"])
    with scripted(script(name)) as server:
        one = account(name, server.url, monkeypatch)
        outcome = polled(one, now)
        asked = [request.key for request in server.requests]

    expected = (EXPECTED / f"{name}.prom").read_text().splitlines()
    assert page_of(one, outcome).splitlines() == [line for line in expected if not line.startswith(QUOTAS)]
    assert isinstance(outcome, Reading)
    assert outcome.diagnostics == Diagnostics()
    assert asked == list(script(name))
    assert not [key for key in asked if SECRET in key]


@every_vendor
def test_a_vendor_that_fails_in_the_middle_fails_the_poll(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)
    last = [key for key in script(name) if "completions" not in key][-1]
    with scripted({**script(name), last: [answer({}, 500)]}) as server:
        outcome = polled(account(name, server.url, monkeypatch), datetime.fromisoformat(recording(name)["now"]))

    assert isinstance(outcome, PollError)
    assert isinstance(outcome, ServerFailed)


@every_vendor
def test_check_prints_the_page_and_finds_nothing_wrong(name: str) -> None:
    file = ROOT / "declared-vendors" / f"{name}.yaml"

    result = CliRunner().invoke(
        main, ["vendor", "check", str(file), "--replies", str(file.with_suffix(".replies.json"))]
    )

    lines = result.stdout.splitlines()
    assert result.exit_code == 0, result.output
    assert [line for line in lines if not line.startswith("#")] == (EXPECTED / f"{name}.prom").read_text().splitlines()
    assert f"# questions asked: {QUESTIONS[name]}" in lines
    assert "# wrong:" not in lines


def test_check_says_where_a_part_would_look_like_the_whole(tmp_path: Path) -> None:
    file = tmp_path / "openai.yaml"
    text = (ROOT / "declared-vendors" / "openai.yaml").read_text()
    file.write_text(text.replace(", more: has_more", ""))

    result = CliRunner().invoke(
        main, ["vendor", "check", str(file), "--replies", str(ROOT / "declared-vendors" / "openai.replies.json")]
    )

    assert result.exit_code == 1
    assert "$.next_page: missing makes a figure of openai_cost that nobody stated" in result.stdout


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("[]", 'write {"now"'),
        ('{"now": "yesterday", "replies": {}}', 'write {"now"'),
        ('{"now": "2026-11-21T12:00:00Z", "settings": {"api_kee": "x"}, "replies": {}}', "did you mean api_key?"),
    ],
)
def test_recorded_answers_that_are_none_are_said(replies: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "replies.json"
    if replies is not None:
        file.write_text(replies)

    result = CliRunner().invoke(
        main, ["vendor", "check", str(ROOT / "declared-vendors" / "sendgrid.yaml"), "--replies", str(file)]
    )

    assert (result.exit_code, result.stdout.count("\n") <= 1) == (2, True)
    assert said in result.stderr


def test_answers_that_are_not_recorded_are_no_reading(tmp_path: Path) -> None:
    file = tmp_path / "replies.json"
    file.write_text('{"now": "2026-11-21T12:00:00Z", "replies": {}}')

    result = CliRunner().invoke(
        main, ["vendor", "check", str(ROOT / "declared-vendors" / "sendgrid.yaml"), "--replies", str(file)]
    )

    assert result.exit_code == 1
    assert "GET /v3/user/credits" in result.stderr


DECLARED = """\
vendor: acme
title: Acme
base_url: https://api.acme.example
settings:
  user: {kind: user_name, description: Who signs in.}
  secret_key: {kind: secret, description: The key.}
auth: AUTH
requests:
  - get: /usage
    metrics:
      - {name: acme_used, help: What was used., value: used}
"""
LOGIN = "{login: {post: /login, body: {name: user, key: secret_key}, token: token, lifetime: 1h, scheme: none}}"


FORM = (
    "{login: {post: /login, body: {client_id: user, client_secret: secret_key},"
    " fixed: {grant_type: client_credentials}, encoding: form, token: token, lifetime: 1h}}"
)
BODIES = {
    LOGIN: json.dumps({"name": "ops", "key": SECRET}, separators=(",", ":")).encode(),
    FORM: f"client_id=ops&client_secret={SECRET}&grant_type=client_credentials".encode(),
}


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ("{bearer: secret_key}", "authorization", f"Bearer {SECRET}"),
        ("{raw: secret_key}", "authorization", SECRET),
        ("{header: {name: X-Api-Key, secret: secret_key}}", "x-api-key", SECRET),
        ("{basic: {username: user, password: secret_key}}", "authorization", "Basic b3BzOmludmVudGVkLXNlY3JldA=="),
        (LOGIN, "authorization", "a-token"),
        (FORM, "authorization", "Bearer a-token"),
    ],
)
def test_requests_are_signed_as_the_file_says(
    auth: str, name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme.yaml").write_text(DECLARED.replace("AUTH", auth))
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    answers: dict[str, list[Scripted]] = {
        "POST /login": [answer({"token": "a-token"})],
        "GET /usage": [answer({"used": 7})],
    }
    with scripted(answers) as server:
        settings = {"vendor": "acme", "name": "main", "base_url": server.url, "secret_key": "${VENDOR_SECRET}"}
        settings["user"] = "ops"
        text = json.dumps({"vendor_files": ["acme.yaml"], "accounts": [settings]})
        one = config.parse(text.encode(), tmp_path).accounts[0]
        outcome = polled(one)
        asked = next(request for request in server.requests if request.key == "GET /usage")

    assert page_of(one, outcome) == 'acme_used{account="main"} 7.0\n'
    sent = {header: text for header, text in asked.headers.items() if header in {"authorization", "x-api-key"}}
    assert sent == {name: value}
    if signed_in := [request.body for request in server.requests if request.key == "POST /login"]:
        assert signed_in == [BODIES[auth]]
