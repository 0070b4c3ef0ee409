"""A real Prometheus scrapes the demo, and its own tools read the page."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from exporter_process import ANY_PORT
from exporter_process import running as exporter_running
from programs import eventually, fetch
from servers import prometheus as prometheus_server
from servers import run_tool

from exporter.sandbox.accounts import ACCOUNTS
from exporter.store.reading import READING_FAMILIES
from exporter.vendors import VENDORS

# NetNut counts in GB and does not say how large one is, so its families cannot be in bytes.
IN_GB = ("netnut_gb_used", "netnut_plan_gb", "netnut_sub_user_gb_used", "netnut_sub_user_plan_gb")
ALLOWED_COMPLAINTS = {
    *(f"{name} metric names should not contain abbreviated units" for name in IN_GB),
    'prolifi_event_count non-histogram and non-summary metrics should not have "_count" suffix',
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with exporter_running(tmp_path_factory.mktemp("demo"), "demo", ANY_PORT, "--interval=1s") as exporter:
        eventually(lambda: exporter.get("/-/ready")[0] == 200)
        yield exporter.url


@pytest.fixture(scope="module")
def prometheus(generation: str, demo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    targets = [demo.removeprefix("http://")]
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "usage-exporter", "static_configs": [{"targets": targets}]}],
    }
    with prometheus_server(generation, tmp_path_factory.mktemp("prometheus"), config) as url:
        yield url


def query(prometheus: str, expression: str) -> list[dict[str, str]]:
    """Each series that an expression has now: its labels, and its value as `value`; not before there are any."""

    def ask() -> list[dict[str, str]]:
        answer = json.loads(fetch(f"{prometheus}/api/v1/query?{urlencode({'query': expression})}"))
        return [{**one["metric"], "value": one["value"][1]} for one in answer["data"]["result"]]

    return eventually(ask)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("netnut_gb_used", {"account", "plan_id", "product_type"}),
        ("ionos_meter_quantity", {"account", "contract", "datacenter_id", "meter_id", "unit"}),
        ("prolifi_event_count", {"account", "customer_id", "event_name"}),
        ("planship_lever_usage", {"account", "product", "customer_id", "lever"}),
    ],
)
def test_prometheus_reads_the_figures_of_every_vendor(prometheus: str, name: str, labels: set[str]) -> None:
    series = query(prometheus, name)

    assert {one["account"] for one in series} == {"acme", "globex"}
    for one in series:
        assert one.keys() - {"__name__", "job", "instance", "value"} == labels
        assert float(one["value"]) >= 0


def test_the_quotas_of_every_vendor_are_one_query(prometheus: str) -> None:
    shares = query(prometheus, "usage_quota_used / (usage_quota_limit > 0)")

    assert {one["vendor"] for one in shares} >= {name for name, vendor in VENDORS.items() if vendor.native_quotas}
    assert {one["account"] for one in shares} == {"acme", "globex"}
    assert all(0 <= float(one["value"]) < 2 for one in shares)


def test_prometheus_finds_the_exporter_up(prometheus: str) -> None:
    assert [one["value"] for one in query(prometheus, 'up{job="usage-exporter"}')] == ["1"]


def test_prometheus_reads_every_family_of_the_page(prometheus: str) -> None:
    wanted = {family.name for family in READING_FAMILIES}

    def names() -> set[str]:
        return set(json.loads(fetch(f"{prometheus}/api/v1/label/__name__/values"))["data"])

    assert eventually(lambda: wanted <= names())


def test_every_account_is_up_and_nothing_failed(prometheus: str) -> None:
    assert len(query(prometheus, "usage_exporter_account_up == 1")) == len(VENDORS) * len(ACCOUNTS)
    assert {one["value"] for one in query(prometheus, "sum(usage_exporter_polls_failed_total)")} == {"0"}
    assert query(prometheus, "absent(usage_exporter_poll_failures_total)")


def test_promtool_finds_no_fault_beyond_names_that_the_contract_gives(generation: str, demo: str) -> None:
    page = fetch(f"{demo}/metrics")

    found = run_tool("promtool", generation, "check", "metrics", page=page)

    assert set((found.stdout + found.stderr).splitlines()) == ALLOWED_COMPLAINTS


def test_the_example_for_prometheus_is_valid(generation: str) -> None:
    example = Path(__file__).parents[2] / "prometheus" / "prometheus.yml"

    assert run_tool("promtool", generation, "check", "config", example).returncode == 0
