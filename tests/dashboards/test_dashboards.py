"""The bundled dashboards: written from their source, as Grafana reads them, and asking only for what there is."""

import importlib.metadata
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import dashboard_lint
import dashboard_promql
import pytest
import yaml
from alerting import PROMETHEUS
from dashboard_files import FOLDER, ROOT, Asked, Board, boards, panels, variables
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from exporter.rules.thresholds import Thresholds
from exporter.vendors import VENDORS
from grafana.source import dashboards
from grafana.source.panels import SHARE
from grafana.source.vendor_boards import GENERIC, OWN

BOARDS = boards()
BY_UID = {board["uid"]: board for board in BOARDS.values()}
PROVISIONING = ROOT / "grafana" / "provisioning"
each_board = pytest.mark.parametrize("name", BOARDS)


def test_the_sdk_is_the_one_release_that_writes_todays_grafana() -> None:
    # Older releases have higher version numbers, so that any range of versions means one of those.
    pins = re.findall(r'"grafana-foundation-sdk(.*)"', (ROOT / "pyproject.toml").read_text())

    assert pins == ["==0.0.21"]
    assert importlib.metadata.version("grafana-foundation-sdk").removeprefix("v") == "0.0.21"


def test_the_dashboards_are_as_their_source_writes_them() -> None:
    written = dashboards.texts()

    assert sorted(written) == sorted(FOLDER.iterdir()), "run make dashboards"
    for path, text in written.items():
        assert path.read_text() == text, f"{path.name}: run make dashboards"


@each_board
def test_grafanas_model_knows_all_that_is_in_a_dashboard(name: str) -> None:
    plugins.register_default_plugins()

    assert dashboards.document(Dashboard.from_json(deepcopy(BOARDS[name]))) == BOARDS[name]


@each_board
def test_a_dashboard_keeps_the_rules(name: str) -> None:
    assert not dashboard_lint.findings(BOARDS[name], BY_UID)


@each_board
def test_a_dashboard_asks_for_what_there_is_and_counts_nothing_twice(name: str) -> None:
    assert not dashboard_promql.findings(BOARDS[name])


def test_every_vendor_leads_to_a_dashboard_and_no_two_are_one() -> None:
    assert {f"vu-{vendor}" for vendor in (*OWN, GENERIC)} < BY_UID.keys()
    assert OWN
    assert set(OWN) <= VENDORS.keys()
    assert BY_UID.keys() == {f"vu-{name}" for name in BOARDS}
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


def test_shares_change_colour_where_alerts_begin() -> None:
    thresholds = Thresholds()

    assert ((None, "green"), (thresholds.quota_warning, "yellow"), (thresholds.quota_critical, "red")) == SHARE


def test_alerts_lead_to_dashboards_that_choose_by_what_they_say() -> None:
    groups = yaml.safe_load((PROMETHEUS / "rules" / "usage-alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    addresses = {rule["annotations"]["dashboard_url"].removeprefix("http://localhost:3000") for rule in rules}

    assert {address.partition("?")[0] for address in addresses} == {"/d/vu-quota", "/d/vu-exporter"}
    assert not [line for address in addresses for line in dashboard_lint.of_address(address, BY_UID)]


def test_boards_of_one_vendor_choose_by_account_only_so_that_links_carry_over() -> None:
    for vendor in OWN:
        assert "account" in {variable["name"] for variable in variables(BY_UID[f"vu-{vendor}"])}
    assert {"vendor", "account"} < {variable["name"] for variable in variables(BY_UID[f"vu-{GENERIC}"])}


def test_a_provisioned_grafana_finds_the_dashboards_and_the_prometheus() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "vendor-usage.yaml").read_text())["providers"]
    scraped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["global"]["scrape_interval"]

    assert (source["type"], source["jsonData"]["timeInterval"]) == ("prometheus", scraped)
    assert (provider["type"], provider["options"]["path"]) == ("file", "/etc/grafana/dashboards")
    said = (ROOT / "docs" / "dashboards.md").read_text()
    assert f"{FOLDER.relative_to(ROOT)}:{provider['options']['path']}:ro" in said
    assert f"{PROVISIONING.relative_to(ROOT)}:/etc/grafana/provisioning:ro" in said


def test_every_dashboard_has_its_picture_of_a_size_that_loads() -> None:
    said = (ROOT / "docs" / "dashboards.md").read_text()

    for name in BOARDS:
        assert f"images/dashboard-{name}.png" in said
        assert 0 < (ROOT / "docs" / "images" / f"dashboard-{name}.png").stat().st_size < 300_000


# What would be found: each breaks one thing of the overview, and says what is said of it.

Broken = Callable[[Board], Any]
TABLE, TOP, LINES = "The 20 most used quotas", "Top 10 by share", "Share used, top 10"


def panel_of(board: Board, title: str = TABLE) -> dict[str, Any]:
    (found,) = [panel for panel in panels(board) if panel["title"] == title]
    return found


def variable_of(board: Board, name: str) -> dict[str, Any]:
    (found,) = [variable for variable in variables(board) if variable["name"] == name]
    return found


def link_of(board: Board) -> Any:
    """The link from a quota to all about it."""
    (found,) = [one for one in panel_of(board)["fieldConfig"]["overrides"] if one["matcher"]["options"] == "Quota"]
    return next(one["value"] for one in found["properties"] if one["id"] == "links")[0]


def defaults(board: Board, title: str = TABLE) -> Any:
    return panel_of(board, title)["fieldConfig"]["defaults"]


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (lambda board: board.update(editable=True), "editable is not False"),
        (lambda board: board.update(timezone="browser"), "timezone is not utc"),
        (lambda board: board["links"][0].update(keepTime=False), "not one dropdown of all boards that keeps"),
        (lambda board: panel_of(board).update(id=101), "id 101 twice"),
        (lambda board: panel_of(board).update(title="Used up"), "title Used up twice"),
        (lambda board: variable_of(board, "vendor").update(refresh=1), "variable vendor is not refreshed when"),
        (lambda board: variable_of(board, "job").update(allValue=""), "variable job: All is not .+"),
        (lambda board: variables(board).reverse(), "variables do not begin with datasource, job, instance"),
        (lambda board: panel_of(board).update(description=""), f"{TABLE}: no description that says when"),
        (lambda board: panel_of(board).update(type="piechart"), f"{TABLE}: a piechart is not drawn here"),
        (lambda board: panel_of(board)["targets"][0].update(instant=False), f"{TABLE}: asks for a moment where"),
        (lambda board: defaults(board).update(unit="GBz"), f"{TABLE}: no unit that Grafana knows"),
        (lambda board: defaults(board).pop("noValue"), f"{TABLE}: no text for nothing"),
        (lambda board: panel_of(board)["datasource"].update(uid="prometheus"), f"{TABLE}: not the chosen data source"),
        (lambda board: defaults(board, TOP)["thresholds"]["steps"][1].update(value=0.7), f"{TOP}: a share without the"),
        (lambda board: defaults(board, LINES)["custom"].update(spanNulls=True), f"{LINES}: a line is drawn across an"),
        (lambda board: link_of(board).update(url="/d/vu-plans?var-quota=x"), f"{TABLE}: leads to vu-plans, which"),
        (lambda board: panel_of(board)["links"][0].update(url="/d/vu-plans"), f"{TABLE}: leads to vu-plans, which"),
        (lambda board: link_of(board).update(url="/d/vu-quota?var-plan=x"), f"{TABLE}: leads to vu-quota with plan,"),
    ],
)
def test_what_breaks_a_rule_is_found(breaks: Broken, said: str) -> None:
    board = deepcopy(BOARDS["overview"])
    breaks(board)

    found = dashboard_lint.findings(board, BY_UID)

    assert [line for line in found if line.startswith(f"vu-overview: {said}")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("max by (vendor) (usage_quota_usd{S})", "no metric usage_quota_usd"),
        ('max by (vendor) (usage_quota_used{S, plan="x"})', "usage_quota_used has no label plan"),
        ("max by (plan) (usage_quota_used{S})", "there is no label plan to group by"),
        ("usage_quota_used{S}", "usage_quota_used is not aggregated, so two exporters are two series"),
        ('max by (vendor) (usage_quota_used{instance=~"$instance"})', "usage_quota_used is not of the chosen job"),
        ('max by (vendor) (usage_quota_used{job=~"$job"})', "usage_quota_used is not of the chosen instance"),
        ("max by (vendor) (usage_quota_consumed_total{S})", "usage_quota_consumed_total is a counter outside of rate"),
        ("max by (vendor) (increase(usage_quota_used{S}[1d]))", "usage_quota_used is no counter, and rate takes it"),
        ("sum by (vendor) (rate(usage_exporter_polls_total{S}[5m]))", "the rate of usage_exporter_polls_total is not"),
        ("sum by (account) (max by (account, unit) (usage_quota_used{S}))", "usage_quota_used is summed over quota"),
        ("sum by (account) (max by (account, meter_id) (ionos_meter_quantity{S}))", "ionos_meter_quantity is summed"),
        ("sum(max by (currency) (ionos_estimated_cost{S}))", "ionos_estimated_cost is summed over currency"),
        ("sum by (account) (netnut_gb_used{S})", "netnut_gb_used is summed over exporters"),
        ("max by (account) ({S})", "neither a metric's name nor those of a vendor"),
        ('max by (plan) ({S, __name__=~"${vendor}_.+"})', "there is no label plan to group by"),
        ("max by (vendor) (usage_quota_used{S}))", "does not parse: "),
    ],
)
def test_what_is_wrong_with_a_query_is_found_and_says_whose_it_is(expression: str, said: str) -> None:
    board = deepcopy(BOARDS["overview"])
    scraped = expression.replace("{S", '{job=~"$job", instance=~"$instance"')
    panel_of(board)["targets"][0].update(expr=scraped)

    (found, *_) = dashboard_promql.findings(board)

    assert found.startswith(f"vu-overview: {TABLE}: {said}")


def test_a_variable_that_asks_for_a_label_that_is_not_there_is_found() -> None:
    one = Asked("vu-x", "variable plan", 'netnut_gb_used{job=~"$job", instance=~"$instance"}', "plan")

    assert list(dashboard_promql.of_query(one)) == ["netnut_gb_used has no label plan"]


def test_a_key_that_grafanas_model_does_not_know_is_found() -> None:
    plugins.register_default_plugins()
    board = deepcopy(BOARDS["overview"])
    defaults(board)["noValues"] = "Never polled"

    assert dashboards.document(Dashboard.from_json(deepcopy(board))) != board
