"""Recorded replies that are spoilt a little, the account that asks for them, and who answers with them."""

import copy
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import strategies as st
from polled_accounts import account_at
from recorded_replies import recorded_replies, recorded_settings
from reply_strategies import JSON, SHAPED

from exporter.client.endpoint import url_of
from exporter.errors import Malformed, NotFound, PollError, TooLarge
from exporter.vendors import VENDORS, Account

FAILED = [NotFound("gone"), TooLarge("large"), Malformed("odd")]
WATCHED: dict[str, list[dict[str, Any]]] = {
    **{name: [{"name": "all", "metric": vendor.reported[0].name, "limit": 1}] for name, vendor in VENDORS.items()},
    "netnut": [
        {"name": "all", "metric": "netnut_gb_used", "limit": 1, "period": "plan"},
        {"name": "some", "metric": "netnut_requests_used", "match": {"plan_id": ".*"}, "by": ["plan_id"], "limit": 9},
    ],
    "ionos": [
        {"name": "all", "metric": "ionos_meter_quantity", "match": {"unit": "1hour"}, "limit": 1, "period": "month"},
        {"name": "cost", "metric": "ionos_estimated_cost", "by": ["currency"], "limit": 1},
        {"name": "each", "metric": "ionos_meter_quantity", "by": ["meter_id", "unit"], "limit": 5},
    ],
    "prolifi": [
        {"name": "all", "metric": "prolifi_event_count", "limit": 1},
        {"name": "features", "metric": "prolifi_entitlement_used", "by": ["feature"], "limit": 1, "period": "plan"},
    ],
    "planship": [
        {"name": "all", "metric": "planship_lever_usage", "limit": 1, "period": "plan"},
        {"name": "buckets", "metric": "planship_lever_bucket_usage", "by": ["bucket"], "limit": 1},
    ],
}
HARD = st.text(st.sampled_from('\n\r"\\{}=,# \t\x00\x85\u2028\u202eaé'), max_size=9) | st.just("x" * 1000)
ABSURD = st.sampled_from([1e308, -1e308, 1.7e308, 2**1024 - 1, 0, -1, 5e-324, "1e308", "9" * 64])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, one in steps for place in places(one, (*path, step)))]


def mapped(value: Any, numbers: list[Any]) -> Any:
    """Return a document with others in the place of its numbers."""
    if isinstance(value, dict):
        return {key: mapped(one, numbers) for key, one in value.items()}
    if isinstance(value, list):
        return [mapped(one, numbers[place % len(numbers) :] or numbers) for place, one in enumerate(value)]
    return numbers[0] if isinstance(value, int | float) and not isinstance(value, bool) else value


def renamed(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object with another name for what it has last."""
    *others, (_, last) = value.items() if value else {"": 1}.items()
    return {**dict(others), name: last}


def spoilt(draw: st.DrawFn, document: Any) -> Any:
    """Return a document with a few of its values replaced, gone or there twice."""
    if draw(st.integers(0, 4)) == 0:
        return mapped(document, draw(st.lists(ABSURD, min_size=1, max_size=3)))
    root = {"root": copy.deepcopy(document)}
    for _ in range(draw(st.integers(0, 4))):
        *steps, last = draw(st.sampled_from(places(root["root"], ("root",))))
        within: Any = root
        for step in steps:
            within = within[step]
        match draw(st.sampled_from(["absurd", "anything", "shaped", "gone", "twice", "hard", "hard"])):
            case "hard" if isinstance(within[last], str | dict):
                within[last] = draw(HARD) if isinstance(within[last], str) else renamed(within[last], draw(HARD))
            case "gone" if steps:
                del within[last]
            case "twice" if isinstance(within, list):
                within.append(copy.deepcopy(within[last]))
            case "shaped":
                within[last] = draw(SHAPED)
            case "anything":
                within[last] = draw(JSON)
            case _:
                within[last] = draw(ABSURD)
    return root["root"]


@st.composite
def spoilt_replies(draw: st.DrawFn, vendor: str) -> tuple[dict[str, Any], list[Any]]:
    """Return the recorded replies, each spoilt a little, and what answers everything else."""
    replies = {key: spoilt(draw, document) for key, document in recorded_replies(vendor).items()}
    others = st.sampled_from(FAILED) | st.sampled_from(list(replies.values())) | SHAPED
    return replies, draw(st.lists(others, min_size=1, max_size=4))


class Spoilt:
    """An `Ask` that answers from spoilt replies, and questions that were never recorded with others in turn."""

    def __init__(self, account: Account, replies: Mapping[str, Any], others: list[Any]) -> None:
        self._base_url = account.base_url
        self._replies = replies
        self._others = others
        self._asked = 0

    async def __call__(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        read: Callable[[object], Any],
        **_: object,
    ) -> Any:
        assert path.isascii()
        assert path.isprintable()
        assert "/../" not in f"{path}/"
        self._asked += 1
        query = f"?{urlencode(params)}" if params else ""
        key = f"{'GET' if body is None else 'POST'} {urlsplit(url_of(self._base_url, path)).path}{query}"
        reply = self._replies[key] if key in self._replies else self._others[self._asked % len(self._others)]
        if isinstance(reply, PollError):
            raise reply
        return read(copy.deepcopy(reply))


def account_of(vendor: str) -> Account:
    with pytest.MonkeyPatch.context() as monkeypatch:
        settings_of = {**recorded_settings(vendor), "quotas": WATCHED[vendor], "max_series": 60}
        return account_at("http://127.0.0.1", monkeypatch, settings_of)
