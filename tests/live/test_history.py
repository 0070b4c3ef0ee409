"""What the 45 days of history hold, as a real Prometheus tells it, and that it is what an exporter shows."""

import pytest
from history_prometheus import Prometheus
from history_session import END, JOB
from history_vendors import DAY, HOUR
from servers import GENERATIONS

from exporter.metrics import Family, own
from exporter.store.reading import READING_FAMILIES
from exporter.vendors import VENDORS

# VictoriaMetrics has another idea of when a series ends.
pytestmark = [
    pytest.mark.timeout(600),  # the first test waits until the history is written
    pytest.mark.parametrize("histories", GENERATIONS, indirect=True),
]

MONTH_BEGAN = 1793491200.0
"""2026-11-01 00:00 UTC."""


@pytest.fixture(scope="module", params=["few", "many"])
def history(histories: dict[str, Prometheus], request: pytest.FixtureRequest) -> Prometheus:
    return histories[str(request.param)]


def values(history: Prometheus, expression: str, at: float = END) -> list[float]:
    return [series.last for series in history.now(expression, at)]


def value(history: Prometheus, expression: str, at: float = END) -> float:
    (found,) = values(history, expression, at)
    return found


def labels(history: Prometheus, name: str, selector: str = "up") -> set[str]:
    return set(history.values_of(name, selector, END - 46 * DAY))


@pytest.mark.parametrize(
    ("variant", "instances", "accounts"),
    [
        ("few", {"exporter-a:10924"}, {"acme"}),
        ("many", {"exporter-a:10924", "exporter-b:10924"}, {"acme", "globex"}),
    ],
)
def test_the_histories_are_of_these_exporters_and_accounts(
    histories: dict[str, Prometheus], variant: str, instances: set[str], accounts: set[str]
) -> None:
    history = histories[variant]

    assert labels(history, "job") == {JOB}
    assert labels(history, "instance") == instances
    for vendor in VENDORS:
        assert labels(history, "account", f'usage_exporter_account_up{{vendor="{vendor}"}}') == accounts


def test_every_family_of_the_exporter_is_there(histories: dict[str, Prometheus]) -> None:
    wanted = {family.name for family in READING_FAMILIES}
    wanted |= {family.name for family in vars(own).values() if isinstance(family, Family)}
    parts = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
    of_parts = {family for family in vars(own).values() if isinstance(family, Family) and family.kind in parts}
    wanted -= {family.name for family in of_parts}
    wanted |= {family.name + part for family in of_parts for part in parts[family.kind]}

    missing = {variant: wanted - labels(one, "__name__", '{__name__=~".+"}') for variant, one in histories.items()}

    # No quota is withheld or has thresholds of its own, no token tells of its end, and nothing was stored.
    absent = {own.QUOTAS_WITHHELD, own.QUOTA_THRESHOLD, own.CREDENTIAL_EXPIRY, own.STORAGE_SET_ASIDE}
    nowhere = {family.name for family in absent}
    assert missing == {"few": nowhere, "many": nowhere}


def test_it_begins_45_days_before_its_end_and_is_scraped_often_lately(history: Prometheus) -> None:
    of_a = 'up{instance="exporter-a:10924"}'

    assert value(history, f"min_over_time(timestamp({of_a})[46d:1h])") < END - 45 * DAY + HOUR
    assert END - value(history, f"timestamp({of_a})") < 300
    assert value(history, f"count_over_time({of_a}[1d])") == DAY / 300
    assert value(history, f"count_over_time({of_a}[1d] offset 20d)") == DAY / HOUR


def test_the_exporter_was_away_for_an_hour_and_its_counters_began_anew(history: Prometheus) -> None:
    of_a = '{instance="exporter-a:10924"}'
    away = history.range(f"up{of_a} == 0", END - 45 * DAY, 1800)

    assert [at for series in away for at, _ in series.values]
    assert value(history, f"changes(process_start_time_seconds{of_a}[45d])") == 1
    for resets in values(history, f"resets(usage_exporter_polls_total{of_a}[45d])"):
        assert resets == 1


def test_the_second_exporter_polls_the_same_accounts_for_six_days(histories: dict[str, Prometheus]) -> None:
    up = 'usage_exporter_account_up{instance="%s"}'
    beside = [{**series.labels, "instance": ""} for series in histories["many"].now(up % "exporter-b:10924")]

    assert beside == [{**series.labels, "instance": ""} for series in histories["many"].now(up % "exporter-a:10924")]
    assert not histories["many"].now(up % "exporter-b:10924", END - 6.1 * DAY)
    assert histories["many"].now(up % "exporter-b:10924", END - 5.9 * DAY)


def test_months_begin_anew(history: Prometheus) -> None:
    quantity = 'sum(ionos_meter_quantity{meter_id="C01000", instance="exporter-a:10924"})'
    window = 'prolifi_window_start_timestamp_seconds{account="acme", instance="exporter-a:10924"}'

    assert 0 <= value(history, quantity, MONTH_BEGAN + 8 * HOUR) < value(history, quantity, MONTH_BEGAN - 60) / 50
    assert value(history, f"changes({window}[45d])") == 1
    assert value(history, window) == MONTH_BEGAN


def test_plans_are_renewed(history: Prometheus) -> None:
    plans = 'count(count by (plan_id) (last_over_time(netnut_gb_used{account="acme"}[%s])))'

    assert value(history, plans % "45d") >= 2 * value(history, plans % "1h")
    assert all(values(history, 'resets(planship_lever_usage{lever="api-calls", account="acme"}[45d]) > 0'))


def test_figures_are_corrected_within_a_period(history: Prometheus) -> None:
    since = f"{END - MONTH_BEGAN - 6 * HOUR:.0f}s"

    assert values(history, f"resets(prolifi_entitlement_used[{since}]) > 0")
    assert values(history, f"resets(ionos_meter_quantity[{since}]) > 0")


def test_figures_of_an_outage_are_withdrawn_and_come_back(history: Prometheus) -> None:
    during, after = END - 12 * DAY + 28 * HOUR, END - 12 * DAY + 40 * HOUR
    up = 'usage_exporter_account_up{vendor="netnut", account="acme", instance="exporter-a:10924"}'
    failures = up.replace("account_up{", 'poll_failures_total{reason="server", ')

    assert [value(history, up, at) for at in (during, after)] == [0, 1]
    assert not history.now('netnut_gb_used{account="acme"}', during)
    assert not history.now('usage_quota_used{vendor="netnut", account="acme"}', during)
    assert history.now('ionos_meter_quantity{account="acme"}', during)
    assert history.now('netnut_gb_used{account="acme"}', after)
    assert value(history, f"increase({failures}[36h])", after) > 5


def test_an_account_is_refused_until_the_end(histories: dict[str, Prometheus]) -> None:
    refused = '{vendor="planship", account="globex"}'

    assert set(values(histories["many"], f"usage_exporter_account_up{refused}")) == {0}
    assert {one.labels["reason"] for one in histories["many"].now(f"usage_exporter_account_failing{refused}")} == {
        "auth"
    }
    assert not histories["many"].now('planship_lever_usage{account="globex"}')
    assert not histories["few"].now("usage_exporter_account_failing")


@pytest.mark.parametrize("code", ["200", "401", "404", "429", "503"])
def test_requests_were_answered_in_many_ways(history: Prometheus, code: str) -> None:
    assert value(history, f'sum(usage_exporter_requests_total{{code="{code}"}})') > 0


def test_items_are_left_out_and_a_contract_is_departed_from(history: Prometheus) -> None:
    drift = history.now('usage_exporter_contract_drift{account="acme"}')

    assert value(history, 'sum(increase(usage_exporter_items_skipped_total{reason="gone"}[1d]))') > 0
    assert {(one.labels["vendor"], one.labels["field"]) for one in drift} == {("prolifi", "pagination.has_more")}
    assert not history.now('usage_exporter_contract_drift{account="acme"}', END - 2 * DAY)


def test_a_quota_that_the_operator_set_is_used_up_and_others_are_not(history: Prometheus) -> None:
    share = "max by (vendor, account, quota, subject) (usage_quota_used / usage_quota_limit)"

    assert {one.labels["quota"] for one in history.now(f"{share} > 1")} == {"core-hours"}
    assert len(history.now(f"{share} < 0.8")) > 10
