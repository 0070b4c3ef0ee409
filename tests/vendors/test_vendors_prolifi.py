"""What is Prolifi's own: the paged list of customers, the window of events, and entitlements."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from polled_accounts import NOW, Tally, account_at, lines, polled
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.client.rate_limit import StatedLimit
from exporter.errors import NotFound, PollError
from exporter.problems import ConfigError
from exporter.store.reading import Reading
from exporter.vendors import Account

EVENTS = answer({"data": [{"event_name": "call", "count": 1, "last_reported_at": None}]})
A, B, C, D = (f"0b0f6f52-6d3c-4f0e-8a11-5c1d9be2a00{number}" for number in range(4))
Script = Mapping[str, Sequence[Scripted]]


def listed(*ids: str, **pagination: Any) -> Answer:
    rows = [{"id": one, "external_id": f"shop-{one[-1]}"} for one in ids]
    place: dict[str, Any] = {"total": None, "limit": 2, **pagination}
    return answer({"data": rows, "pagination": place})


def pages(*given: Answer, step: int = 2) -> dict[str, Sequence[Scripted]]:
    return {f"GET /customers?limit=100&offset={step * number}": [one] for number, one in enumerate(given)}


def events(*ids: str) -> dict[str, Sequence[Scripted]]:
    return {f"GET /customers/{one}/usage": [EVENTS] for one in ids}


def prolifi(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {"vendor": "prolifi", "name": "main", "base_url": "{base_url}", "api_key": "${VENDOR_SECRET}"}
    chosen: dict[str, Any] = {} if "customers" in settings else {"discover": True}
    return account_at(url, monkeypatch, {**common, **chosen, **settings})


def polled_with(script: Script, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Reading | PollError:
    with scripted(script) as server:
        return polled(prolifi(server.url, monkeypatch, **settings))


def customers(outcome: Reading | PollError) -> list[str]:
    found = (re.search('customer_id="([^"]*)"', line) for line in lines(outcome))
    return list(dict.fromkeys(match[1] for match in found if match))


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (pages(listed(A, B, has_more=True), listed(C, has_more=False)), [A, B, C]),
        (pages(listed(A, B, has_more=True), listed(B, C, has_more=True), listed(D, has_more=False)), [A, B, C, D]),
        (pages(listed(A, B), listed(C)), [A, B, C]),
        (pages(listed(A, B), listed(C, D), listed()), [A, B, C, D]),
        (pages(listed(A, B, total=3), listed(C, total=3)), [A, B, C]),
        (pages(listed(A, B, total=4), listed(C, D, total=4)), [A, B, C, D]),
        (pages(listed(A, B, has_more="yes"), listed(C, has_more=None)), [A, B, C]),
        (pages(answer({"data": [{"id": A}]})), [A]),
        (pages(listed(A, limit=None, has_more=True), listed(B, has_more=False), step=1), [A, B]),
        (pages(listed(A, limit=0, has_more=True), listed(B, has_more=False), step=1), [A, B]),
        (pages(listed(A, limit=100, has_more=True), listed(B, has_more=False), step=1), [A, B]),
        (pages(listed(A, limit=1, has_more=True), listed(B, limit=1, has_more=False), step=1), [A, B]),
        (pages(listed(has_more=False)), []),
    ],
    ids=[
        "two pages",
        "pages that overlap",
        "has_more missing",
        "an empty last page",
        "no more by the total",
        "a full last page by the total",
        "has_more of another type",
        "no pagination",
        "limit null",
        "limit 0",
        "a shorter page than its limit says",
        "small pages",
        "nobody",
    ],
)
def test_the_list_is_read_to_its_end(script: Script, found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = polled_with({**script, **events(A, B, C, D)}, monkeypatch)

    assert customers(outcome) == found


def test_a_list_that_repeats_itself_for_ever_is_left_at_its_first_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    same = listed(A, B, has_more=True)
    with scripted({**pages(same, same, same), **events(A, B)}) as server:
        outcome = polled(prolifi(server.url, monkeypatch))

    assert customers(outcome) == [A, B]
    assert [request.key for request in server.requests][:2] == list(pages(same, same))
    assert len(server.requests) == 4


@pytest.mark.parametrize(("most", "found", "left_out"), [(1, [A], 2), (2, [A, B], 1), (3, [A, B, C], 0)])
def test_no_more_customers_are_taken_than_allowed_and_the_rest_is_counted(
    most: int, found: list[str], left_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {**pages(listed(A, B, has_more=True), listed(C, has_more=False)), **events(A, B, C)}
    outcome = polled_with(script, monkeypatch, max_customers=most)

    assert customers(outcome) == found
    assert isinstance(outcome, Reading)
    assert outcome.diagnostics.skipped["capped"] == left_out


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"include": ["shop-[01]"]}, [A, B]),
        ({"include": ["shop"]}, []),
        ({"include": [f"{A}|shop-2"]}, [A, C]),
        ({"exclude": ["shop-1"]}, [A, C]),
        ({"exclude": [".*a001"]}, [A, C]),
        ({"include": ["shop-.*"], "exclude": ["shop-[12]"]}, [A]),
        ({"exclude": [".*"]}, []),
    ],
)
def test_customers_are_chosen_by_id_or_external_id(
    settings: dict[str, list[str]], found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = polled_with({**pages(listed(A, B, C, has_more=False)), **events(A, B, C)}, monkeypatch, **settings)

    assert customers(outcome) == found


def test_a_customer_without_external_id_is_known_by_id_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = answer({"data": [{"id": A, "external_id": None}, {"id": B}]})
    outcome = polled_with({**pages(reply), **events(A, B)}, monkeypatch, exclude=["None", ""])

    assert customers(outcome) == [A, B]


@pytest.mark.parametrize(
    ("window", "now", "start"),
    [
        ("all", NOW, None),
        ("month", NOW, "2026-11-01"),
        ("month", datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), "2026-11-01"),
        ("month", datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC), "2026-12-01"),
        (1, NOW, "2026-11-21"),
        (7, NOW, "2026-11-15"),
        (30, datetime(2028, 3, 1, tzinfo=UTC), "2028-02-01"),
    ],
)
def test_the_window_is_asked_for_from_its_first_day_to_today_and_its_first_day_shown(
    window: str | int, now: datetime, start: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"GET /customers/{A}/usage" + (f"?start_date={start}&end_date={now:%Y-%m-%d}" if start else "")
    with scripted({key: [EVENTS]}) as server:
        outcome = polled(prolifi(server.url, monkeypatch, customers=[A.upper()], window=window), now)

    shown = [line.split() for line in lines(outcome) if line.startswith("prolifi_window_start")]
    expected = datetime.fromisoformat(f"{start}T00:00:00+00:00").timestamp() if start else None
    assert [request.key for request in server.requests] == [key]
    assert shown == ([["prolifi_window_start_timestamp_seconds", repr(expected)]] if start else [])


def gone_from(script: Script, ids: Iterable[str], what: str) -> Script:
    return {key: value for key, value in script.items() if not any(f"{one}/{what}" in key for one in ids)}


@pytest.mark.parametrize(
    ("gone", "what", "left"),
    [([A], "usage", [B]), ([A, B], "usage", None), ([A], "entitlements", [A, B]), ([A, B], "entitlements", [A, B])],
)
def test_a_customer_who_went_since_the_list_is_left_out_unless_nobody_stayed(
    gone: list[str], what: str, left: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    script: Script = {
        **pages(listed(A, B, has_more=False)),
        **events(A, B),
        **{f"GET /customers/{one}/entitlements": [answer({"data": []})] for one in (A, B)},
    }

    outcome = polled_with(gone_from(script, gone, what), monkeypatch, entitlements=True)

    if left is None:
        assert isinstance(outcome, NotFound)
    else:
        assert customers(outcome) == left
        assert isinstance(outcome, Reading)
        assert outcome.diagnostics.skipped == {"gone": len(gone)}


@pytest.mark.parametrize(
    ("row", "families"),
    [
        ({"is_unlimited": True, "limit": 10, "remaining": 6}, ["unlimited"]),
        ({"is_unlimited": False, "limit": 10, "remaining": 6}, ["limit", "remaining", "unlimited"]),
        ({"limit": 10}, ["limit"]),
        ({"limit": 0, "remaining": -1}, ["limit", "remaining"]),
        ({"limit": -1, "remaining": -1}, []),
        ({"remaining": -1}, []),
        ({"limit": None}, []),
        ({}, []),
    ],
)
def test_what_is_unlimited_or_unknown_has_no_limit(
    row: dict[str, object], families: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script: Script = {**events(A), f"GET /customers/{A}/entitlements": [answer({"data": [{"feature_id": "f", **row}]})]}
    outcome = polled_with(script, monkeypatch, customers=[A], entitlements=True)

    assert re.findall("^prolifi_entitlement_([a-z]+)", "\n".join(lines(outcome)), re.MULTILINE) == families


@pytest.mark.parametrize(
    "names",
    [
        {"feature_id": "api"},
        {"feature": {"id": "api"}},
        {"feature_key": "api"},
        {"feature": {"key": "api"}},
        {"feature": "api"},
    ],
)
def test_a_feature_is_known_by_any_of_its_likely_names(
    names: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = answer({"data": [{**names, "current_usage": 4}]})
    outcome = polled_with(
        {**events(A), f"GET /customers/{A}/entitlements": [reply]}, monkeypatch, customers=[A], entitlements=True
    )

    assert f'prolifi_entitlement_used{{customer_id="{A}",feature="api"}} 4.0' in lines(outcome)


def test_the_stated_rate_limit_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "998"}
    tally = Tally()
    with scripted({f"GET /customers/{A}/usage": [Answer(200, EVENTS.body, limits)]}) as server:
        polled(prolifi(server.url, monkeypatch, customers=[A]), tally=tally)

    assert tally.stated == [StatedLimit(1000, 998)]


@pytest.mark.parametrize(
    "settings", [{"discover": True, "customers": [A]}, {"customers": []}, {"customers": ["shop-1"]}]
)
def test_customers_are_listed_here_or_there_and_by_uuid(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="customers"):
        prolifi("http://127.0.0.1", monkeypatch, **settings)


@pytest.mark.parametrize("setting", ["include", "exclude"])
def test_what_chooses_from_the_list_needs_the_list(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=f"{setting}: needs discover: true"):
        prolifi("http://127.0.0.1", monkeypatch, customers=[A], **{setting: ["shop-.*"]})

    prolifi("http://127.0.0.1", monkeypatch, customers=[A], **{setting: []})


def test_a_question_carries_the_key_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(pages(listed(has_more=False))) as server:
        polled(prolifi(server.url, monkeypatch))

    (request,) = server.requests
    assert (request.headers["authorization"], request.body) == ("Bearer invented-secret", b"")
    assert "content-type" not in request.headers
