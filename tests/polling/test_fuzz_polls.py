"""Whole polls of whatever a vendor may answer: a reading that is fit for the page, or a `PollError`."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_text import page_text
from patience import DEADLINE_SECONDS
from polled_accounts import NOW, account_at
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from recorded_replies import recorded_replies, recorded_settings
from spoilt_replies import Spoilt, account_of, spoilt_replies

from exporter.cli.catalogue import FAMILIES
from exporter.errors import Malformed, NotFound, PollError
from exporter.exposition.negotiation import Format
from exporter.metrics import QUOTA_FAMILIES, Sample, clean_label
from exporter.polling.pipeline import PollResult, ProcessedPoll, process
from exporter.store.reading import READING_FAMILIES
from exporter.store.shown import quota_figures
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors import VENDORS, Account
from exporter.vendors.poll import Poll

pytestmark = pytest.mark.slow
PARSERS: dict[Format, Callable[[str], Iterable[Metric]]] = {
    Format.TEXT: parse_text,
    Format.OPENMETRICS: parse_openmetrics,
}


def polled(account: Account, ask: Spoilt, days: int, before: Snapshot) -> ProcessedPoll | PollError:
    """Poll as a poller does, but for its net under bugs of ours."""
    poll = Poll(ask, NOW + timedelta(days=days))
    try:
        items = anyio.run(account.read, poll)
    except PollError as error:
        return error
    as_of = poll.as_of.timestamp() if poll.as_of else None
    return process(
        account, PollResult(0, [*items, *poll.unreadable], poll.diagnostics, as_of, poll.now, 1.0, 100.0), before
    )


def samples_of(outcome: ProcessedPoll, vendor: str) -> list[Sample]:
    assert outcome.account_state is not None
    figures = quota_figures(vendor, outcome.account_state.quotas, outcome.ledger)
    totals = (Sample(family, labels, value) for family, values in figures.items() for labels, value in values.items())
    return [*outcome.reading.samples, *totals]


def shown(store: Store, form: Format) -> list[tuple[str, frozenset[tuple[str, str]], float]]:
    """Return what a parser that is not ours finds on the page of what vendors say."""
    read = {family.name.removesuffix("_total") for family in READING_FAMILIES}
    page = PARSERS[form](page_text(store, Telemetry(0), 0.0, form))
    found = [metric for metric in page if metric.name.removesuffix("_total") in read]
    families = {family.name.removesuffix("_total"): family for family in FAMILIES}
    for metric in found:
        assert metric.type == families[metric.name.removesuffix("_total")].kind
        assert metric.documentation == families[metric.name.removesuffix("_total")].help
    samples = [one for metric in found for one in metric.samples]
    created = [frozenset(one.labels.items()) for one in samples if one.name.endswith("_created")]
    counters = [frozenset(one.labels.items()) for one in samples if one.name.endswith("_total")]
    assert created == (counters if form is Format.OPENMETRICS else [])
    return [
        (one.name, frozenset(one.labels.items()), one.value) for one in samples if not one.name.endswith("_created")
    ]


@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=settings().max_examples // 4)
@given(data=st.data())
def test_whatever_is_answered_makes_a_page_that_parses_back_to_the_reading(vendor: str, data: st.DataObject) -> None:
    account = account_of(vendor)
    store = Store([account.key])
    for days, answers in enumerate(data.draw(st.lists(spoilt_replies(vendor), min_size=1, max_size=3))):
        before = store[account.key]
        outcome = polled(account, Spoilt(account, *answers), 15 * days, before)
        if isinstance(outcome, PollError):
            assert len(str(outcome)) < 2000
            continue
        store.record_success(account.key, outcome.state, outcome.account_state, 0, outcome.ledger)
        samples, counters = samples_of(outcome, vendor), outcome.ledger.totals
        expected = [
            (
                one.family.name,
                frozenset({"account": account.name, **dict(zip(one.family.labels, one.labels, strict=True))}.items()),
                one.value,
            )
            for one in samples
        ]
        assert len(expected) == len(set(expected)) <= account.max_series
        for form in Format:
            assert sorted(shown(store, form), key=repr) == sorted(expected, key=repr)
        for quota, total in before.ledger.totals.items():
            now = counters.get(quota, total)
            assert now.value >= total.value
            assert (now.shown or 0.0) >= (total.shown or 0.0)
        assert all(math.isfinite(total.value) for total in counters.values())
        assert all(math.isfinite(one.value) for one in samples)
        assert all(clean_label(label) == label for one in samples for label in one.labels)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_spoilt_was_whole_and_has_every_configured_quota(vendor: str) -> None:
    account = account_of(vendor)
    outcome = polled(account, Spoilt(account, recorded_replies(vendor), [NotFound("")]), 0, Snapshot())

    assert isinstance(outcome, ProcessedPoll)
    assert outcome.account_state is not None
    assert {quota.name for quota in account.quotas} == set(outcome.account_state.matched)
    assert all(outcome.account_state.matched.values())
    assert {sample.family for sample in samples_of(outcome, vendor)} & set(QUOTA_FAMILIES)


async def endless(
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: object = None,
    read: Callable[[object], Any],
    **_: object,
) -> Any:
    """Answer any page of any list with a hundred customers who were not there before, and any other question."""
    assert body is None
    await anyio.lowlevel.checkpoint()
    first = int(params["offset"]) if params and "offset" in params else 0
    rows = [{"id": f"{number}", "event_name": path} for number in range(first, first + 100)]
    return read({"data": rows, "pagination": {"has_more": True, "total": 10**9, "limit": 100}})


@pytest.mark.parametrize("chosen", [{"include": ["nobody"]}, {"exclude": [".*"]}])
def test_a_list_without_end_ends_whomever_it_is_searched_for(chosen: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("exporter.vendors.prolifi.customers.MOST_LISTED", 2000)
        account = account_at("http://127.0.0.1", monkeypatch, {**recorded_settings("prolifi"), **chosen})

        async def read() -> None:
            with anyio.fail_after(DEADLINE_SECONDS):
                await account.read(Poll(endless, NOW))

        with pytest.raises(Malformed, match="an endless list: more than 2000 customers"):
            anyio.run(read)


@pytest.mark.parametrize("identifier", ["x" * 257, "x" * 1_000_000, "..", "\x00"])
def test_one_customer_whose_id_cannot_be_asked_for_costs_the_others_nothing(identifier: str) -> None:
    replies = recorded_replies("prolifi")
    *_, listed = [key for key in replies if "/customers?" in key]
    page = {**replies[listed], "data": [*replies[listed]["data"], {"id": identifier}]}
    account = account_of("prolifi")

    whole = polled(account, Spoilt(account, replies, [NotFound("")]), 0, Snapshot())
    outcome = polled(account, Spoilt(account, {**replies, listed: page}, [NotFound("")]), 0, Snapshot())

    assert isinstance(outcome, ProcessedPoll)
    assert isinstance(whole, ProcessedPoll)
    assert outcome.reading.samples == whole.reading.samples
    assert outcome.account_state
    assert outcome.account_state.withheld == {("all", "unreadable"): 1, ("features", "unreadable"): 3}
    assert outcome.reading.diagnostics.skipped == {"schema": 2}  # the events, and the entitlements
