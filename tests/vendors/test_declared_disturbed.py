"""A vendor that is built in, declared in YAML: what its answers become is the same, whatever is wrong with them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from polled_accounts import NOW, account_at, poll_once
from recorded_replies import recorded_replies, recorded_settings
from test_vendors_disturbed import Recorded, disturbances, mapped

from exporter import config
from exporter.errors import PollError
from exporter.store.reading import Reading
from exporter.vendors import Account
from exporter.vendors.poll import Poll

pytestmark = pytest.mark.anyio

FILE = Path(__file__).parent / "declared" / "netnut_plans.yaml"
ASKED = "POST /v1/customer/usage/myusage"
POLLS = 305


@pytest.fixture
def built_in(monkeypatch: pytest.MonkeyPatch) -> Account:
    settings = recorded_settings("netnut")
    return account_at("http://127.0.0.1", monkeypatch, {**settings, "reseller": False, "sub_users": []})


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("VENDOR_SECRET", "an-invented-secret")
    settings = {"vendor": "declared", "name": "main", "base_url": "http://127.0.0.1/v1", "email": "ops@example.com"}
    accounts = [{**settings, "password": "${VENDOR_SECRET}"}]
    text = json.dumps({"vendor_files": [FILE.name], "accounts": accounts})
    return config.parse(text.encode(), FILE.parent).accounts[0]


def swapped(value: Any) -> Any:
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        return json.loads(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


async def outcome_of(account: Account, replies: Mapping[str, Any]) -> Any:
    """What a poll came to, in words that both have in common."""
    poll = Poll(Recorded(account, replies), NOW)
    outcome = await poll_once(account, poll)
    if isinstance(outcome, PollError):
        return type(outcome), outcome.asked
    assert isinstance(outcome, Reading)
    figures = {(one.family.name.partition("_")[2], one.labels): one.value for one in outcome.samples}
    hidden = {(one.family.name.partition("_")[2], one.labels) for one in poll.unreadable}
    return figures, hidden, outcome.diagnostics


async def test_each_disturbed_poll_has_the_outcome_of_the_vendor_that_is_built_in(
    built_in: Account, declared: Account
) -> None:
    replies = {ASKED: recorded_replies("netnut")[ASKED]}
    polls = [disturbed for *_, disturbed in disturbances(replies)]
    polls += [replies, {}, mapped(replies, lambda value: [] if isinstance(value, list) else value)]
    polls += [{key: mapped(reply, swapped) for key, reply in replies.items()}]
    twice = json.loads(json.dumps(replies))
    twice[ASKED]["data"] += twice[ASKED]["data"]
    polls += [twice]

    different = [poll for poll in polls if await outcome_of(declared, poll) != await outcome_of(built_in, poll)]

    assert len(polls) == POLLS
    assert different == []
