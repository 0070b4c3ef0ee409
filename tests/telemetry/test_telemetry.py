"""What the exporter says of itself, on a page like any other."""

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from page_text import page_text
from prometheus_client.parser import text_string_to_metric_families
from readings import kept
from virtual_time import START

from exporter import __version__
from exporter.client.rate_limit import StatedLimit
from exporter.config import parse
from exporter.errors import ServerFailed, Unauthorized
from exporter.metrics import OWN_FAMILIES, figures_of
from exporter.quota import Quota, QuotaId, Withheld
from exporter.store.reading import Reading
from exporter.store.snapshot import SliceState
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors.periods import Span
from exporter.vendors.prolifi.families import PROLIFI_WINDOW_START
from exporter.vendors.reply import Diagnostics

Labels = tuple[tuple[str, str], ...]
CONFIG = b"""
accounts:
  - vendor: prolifi
    name: main
    api_key: ${CANARY}
    discover: true
    tls: {insecure_skip_verify: true}
    proxy_url: http://proxy.example.com:3128
    thresholds: [{quota: calls, warn_at: 70%, critical_at: 90%}]
"""
MAIN = {"vendor": "prolifi", "account": "main"}
CALLS = Quota(QuotaId("calls", "main", "calls"), 5, 10, Span())


class House:
    """An account, its part of the telemetry, and the page that they make."""

    def __init__(self) -> None:
        (self.account,) = parse(CONFIG, Path()).accounts
        self.store = Store([self.account.key])
        self.telemetry = Telemetry(loaded_at=START)
        self.telemetry.add(self.account)
        self.quotas: tuple[Quota, ...] = ()
        self.observer = self.telemetry.accounts[self.account.key]

    def succeeded(
        self,
        diagnostics: Diagnostics | None = None,
        as_of: float | None = None,
        dropped: int = 0,
        matched: Mapping[str, int] | None = None,
        withheld: Withheld | None = None,
    ) -> None:
        reading = Reading(figures_of([PROLIFI_WINDOW_START(1)]), dropped, diagnostics or Diagnostics(), as_of)
        part, whole = (
            kept(reading, read_at=START + 5),
            SliceState(
                matched=matched or {}, withheld=withheld or {}, quotas=self.quotas, read_at=START, stale_at=math.inf
            ),
        )
        self.store.record_success(self.account.key, part, whole)

    def page(self) -> dict[tuple[str, Labels], float]:
        text = page_text(self.store, self.telemetry, 0.0)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("CANARY", "an-invented-secret")
    return House()


def own(name: str, **labels: str) -> tuple[str, Labels]:
    return f"usage_exporter_{name}", tuple(sorted({**MAIN, **labels}.items()))


def test_before_the_first_poll_an_account_is_down_and_has_no_times(house: House) -> None:
    said = house.page()

    assert said[own("account_up")] == 0
    assert said[own("account_series")] == 0
    assert own("poll_last_success_timestamp_seconds") not in said
    assert own("poll_last_attempt_timestamp_seconds") not in said
    assert said[own("poll_interval_seconds")] == 300


def test_counters_are_there_at_0_and_reasons_when_they_occur(house: House) -> None:
    said = house.page()

    for name in ("polls", "polls_failed", "token_refreshes", "storage_write_failures"):
        assert said[own(f"{name}_total")] == 0
    assert not [name for name, labels in said if "reason" in dict(labels)]


def test_an_account_that_works_has_at_most_25_series_of_the_exporters_own(house: House) -> None:
    house.succeeded(as_of=START)
    house.observer.on_poll(1.0, Reading())
    house.observer.on_request("200", 0.1)
    house.observer.on_stated_limit(StatedLimit(1000, 999))

    assert len([name for name, labels in house.page() if "account" in dict(labels) and name.startswith("usage_")]) <= 25


def test_requests_are_counted_by_code_and_timed(house: House) -> None:
    for code in ("200", "200", "429", "none"):
        house.observer.on_request(code, 0.3)
    said = house.page()

    counts = [said[own("requests_total", code=code)] for code in ("200", "429", "none")]
    assert counts == [2, 1, 1]
    assert said[own("request_duration_seconds_count")] == 4
    assert said[own("request_duration_seconds_bucket", le="0.1")] == 0
    assert said[own("request_duration_seconds_bucket", le="0.5")] == 4


def test_polls_are_counted_by_how_they_ended(house: House) -> None:
    diagnostics = Diagnostics()
    diagnostics.skipped.update({"gone": 3, "duplicate": 1})
    house.observer.on_poll(2.0, Reading(diagnostics=diagnostics))
    house.observer.on_poll(7.0, ServerFailed("HTTP 500"))
    said = house.page()

    assert said[own("polls_total")] == 2
    assert said[own("polls_failed_total")] == 1
    assert said[own("poll_failures_total", reason="server")] == 1
    assert said[own("items_skipped_total", reason="gone")] == 3
    assert said[own("items_skipped_total", reason="duplicate")] == 1
    assert said[own("poll_duration_seconds_sum")] == 9


def test_a_good_reading_says_how_large_and_how_old_it_is(house: House) -> None:
    house.store.record_attempt(house.account.key, START + 3)
    house.store.record_schedule(house.account.key, START + 303)
    house.succeeded(as_of=START - 86_400, dropped=12)
    said = house.page()

    assert said[own("account_up")] == 1
    assert said[own("account_series")] == 1
    assert said[own("series_dropped")] == 12
    assert said[own("poll_last_success_timestamp_seconds")] == START + 5
    assert said[own("poll_last_attempt_timestamp_seconds")] == START + 3
    assert said[own("poll_next_attempt_timestamp_seconds")] == START + 303
    assert said[own("data_timestamp_seconds")] == START - 86_400


def test_drift_is_said_by_field_and_gone_when_it_is_mended(house: House) -> None:
    diagnostics = Diagnostics()
    diagnostics.drift.update({("data.count", "type"): 2, ("data.count", "missing"): 1})
    house.succeeded(diagnostics)
    drifting = house.page()
    house.succeeded()
    mended = house.page()

    assert drifting[own("contract_drift", field="data.count", kind="type")] == 2
    assert drifting[own("contract_drift", field="data.count", kind="missing")] == 1
    assert not [name for name, _ in mended if name == "usage_exporter_contract_drift"]


def test_a_limit_that_the_vendor_states_is_kept_until_it_states_another(house: House) -> None:
    assert own("rate_limit_limit") not in house.page()

    house.observer.on_stated_limit(StatedLimit(1000, 999))
    house.observer.on_stated_limit(StatedLimit())
    said = house.page()

    assert (said[own("rate_limit_limit")], said[own("rate_limit_remaining")]) == (1000, 999)


def test_how_an_account_is_set_up_can_be_seen_without_its_secrets(house: House) -> None:
    assert house.page()[own("account_info", host="api.prolifi.co", tls_verified="false", proxied="true")] == 1


def test_the_process_and_the_build_are_there(house: House) -> None:
    said = house.page()
    names = {name for name, _ in said}

    (build,) = [dict(labels) for name, labels in said if name == "usage_exporter_build_info"]
    assert build["version"] == __version__
    assert said["usage_exporter_config_last_reload_successful", ()] == 1
    assert said["usage_exporter_config_last_reload_success_timestamp_seconds", ()] == START
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "python_info"} <= names
    assert not any(name.endswith("_created") for name in names)


def test_an_account_says_why_it_fails_until_it_works_again(house: House) -> None:
    house.store.record_failure(house.account.key, ServerFailed("HTTP 500"))
    first = house.page()
    house.store.record_failure(house.account.key, Unauthorized("HTTP 401"))
    second = house.page()
    house.succeeded()

    failing = "usage_exporter_account_failing"
    assert {labels for name, labels in first if name == failing} == {own("", reason="server")[1]}
    assert {labels for name, labels in second if name == failing} == {own("", reason="auth")[1]}
    assert not any(name == failing for name, _ in house.page())


def test_a_configured_quota_says_how_many_series_it_adds_up_even_none(house: House) -> None:
    house.succeeded(matched={"calls": 3, "typo": 0})

    page = house.page()

    assert page[own("quota_matched_series", quota="calls")] == 3
    assert page[own("quota_matched_series", quota="typo")] == 0


def test_a_quota_says_where_alerts_on_it_begin_if_that_is_set(house: House) -> None:
    none = house.page()
    house.quotas = CALLS, CALLS._replace(id=CALLS.id._replace(name="events"))
    house.succeeded()

    said = {key: value for key, value in house.page().items() if key[0] == "usage_exporter_quota_threshold_ratio"}
    labels = {"quota": "calls", "subject": "main", "unit": "calls"}
    assert said == {
        own("quota_threshold_ratio", severity="warning", **labels): 0.7,
        own("quota_threshold_ratio", severity="critical", **labels): 0.9,
    }
    assert not said.keys() & none.keys()


def test_every_family_of_its_own_is_on_the_page_at_some_time(house: House) -> None:
    diagnostics = Diagnostics(listed=3)
    diagnostics.drift.update({("data.count", "type"): 2})
    house.quotas = (CALLS,)
    house.succeeded(diagnostics, as_of=START, matched={"calls": 3}, withheld={("calls", "unreadable"): 1})
    house.store.record_failure(house.account.key, ServerFailed("HTTP 500"))
    house.observer.on_stated_limit(StatedLimit(1000, 999))
    house.observer.on_credential(START)
    house.observer.on_request("200", 0.1)
    house.store.record_attempt(house.account.key, START)
    house.store.record_schedule(house.account.key, START)
    skipped = Diagnostics()
    skipped.skipped["gone"] += 1
    house.observer.on_poll(1.0, Reading(diagnostics=skipped))
    house.observer.on_poll(1.0, ServerFailed("HTTP 500"))
    house.observer.on_set_aside("damaged")
    names = {name.removesuffix("_count") for name, _ in house.page()}

    assert {family.name for family in OWN_FAMILIES} <= names


def test_when_a_credential_ends_is_known_as_long_as_it_says_so(house: House) -> None:
    before = own("credential_expiry_timestamp_seconds") in house.page()
    house.observer.on_credential(START + 9)
    during = house.page()[own("credential_expiry_timestamp_seconds")]
    house.observer.on_credential(None)

    assert (before, during) == (False, START + 9)
    assert own("credential_expiry_timestamp_seconds") not in house.page()
