"""The Alertmanager example is valid, and sends every alert of the rules where it should go."""

import re
from pathlib import Path

import pytest
import yaml
from alerting import CONFIG, PROMETHEUS, Alert, alerts, labels_of
from servers import run_tool

ROOT = PROMETHEUS.parent
PARSED = yaml.safe_load(CONFIG.read_text())
PROMETHEUS_CONFIG = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
ADDRESS = "127.0.0.1:9093"

RECEIVERS = {
    ("UsageQuotaHigh", "warning"): "finops",
    ("UsageQuotaHigh", "critical"): "oncall",
    ("UsageQuotaExhausted", "critical"): "oncall",
    ("UsageQuotaNotAllowed", "critical"): "oncall",
    ("UsageQuotaWillRunOut", "warning"): "finops",
    ("UsageQuotaWillRunOut", "critical"): "oncall",
    ("UsageQuotaBurnFast", "warning"): "finops",
    ("UsageQuotaBurnFast", "critical"): "oncall",
    ("UsageSpike", "warning"): "finops",
    ("UsageExporterDown", "critical"): "oncall",
    ("UsageExporterAbsent", "critical"): "oncall",
    ("UsageExporterShardsMissing", "critical"): "oncall",
    ("UsagePollStale", "warning"): "default",
    ("UsagePollStale", "critical"): "oncall",
    ("UsageNoReading", "critical"): "oncall",
    ("UsageExporterRestarting", "warning"): "default",
    ("UsageAuthFailing", "critical"): "oncall",
    ("UsageCredentialEnding", "warning"): "default",
    ("UsageCredentialEnding", "critical"): "oncall",
    ("UsageRateLimited", "warning"): "default",
    ("UsagePollErrors", "warning"): "default",
    ("UsageContractDrift", "warning"): "default",
    ("UsageMissing", "warning"): "default",
    ("UsageFrozen", "info"): "null",
    ("UsageConfigReloadFailed", "warning"): "default",
    ("UsageSeriesDropped", "warning"): "default",
    ("UsageCustomersDropped", "warning"): "default",
    ("UsageStorageFailing", "warning"): "default",
}


def checked(config: Path, generation: str) -> str:
    """What amtool says of a configuration that it finds no fault with."""
    done = run_tool("amtool", generation, "check-config", config)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_amtool_finds_no_fault(generation: str) -> None:
    assert "SUCCESS" in checked(CONFIG, generation)


def test_the_integrations_that_the_comments_show_are_valid_and_hold_no_secret(tmp_path: Path, generation: str) -> None:
    text = CONFIG.read_text()
    (shown,) = re.findall(r"(?:^#    .*\n)+", text, re.MULTILINE)
    config = tmp_path / "alertmanager.yml"
    config.write_text(f"{text}\n  - name: shown\n" + re.sub("^#", "", shown, flags=re.MULTILINE))

    assert "5 receivers" in checked(config, generation)
    assert re.findall(r"(\w*(?:url|key|password|token)\w*):", shown) == [
        "api_url_file",
        "routing_key_file",
        "auth_password_file",
    ]


@pytest.mark.parametrize(("alert", "receiver"), RECEIVERS.items(), ids=str)
def test_an_alert_goes_to(alert: Alert, receiver: str, generation: str) -> None:
    labels = (f"{label}={value}" for label, value in labels_of(alert).items())
    routing = ("config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}")

    done = run_tool("amtool", generation, *routing, *labels)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_of_the_rules_is_routed_here() -> None:
    assert set(alerts()) == set(RECEIVERS)


def test_every_receiver_is_used_and_null_alone_sends_nothing() -> None:
    integrations = {one["name"]: one.get("webhook_configs", []) for one in PARSED["receivers"]}

    assert integrations.keys() == set(RECEIVERS.values())
    assert [name for name, hooks in integrations.items() if not hooks] == ["null"]
    assert all(hook["send_resolved"] for hooks in integrations.values() for hook in hooks)


def test_warnings_of_quotas_alone_wait_for_office_hours() -> None:
    waiting = {
        route["receiver"]: route["active_time_intervals"]
        for route in PARSED["route"]["routes"]
        if {"active_time_intervals", "mute_time_intervals"} & route.keys()
    }
    (hours,) = PARSED["time_intervals"]

    assert waiting == {"finops": [hours["name"]]}
    assert hours["time_intervals"] == [
        {
            "weekdays": ["monday:friday"],
            "times": [{"start_time": "08:00", "end_time": "18:00"}],
            "location": "UTC",
        }
    ]


def test_accounts_are_told_of_apart_and_pages_by_alert_too() -> None:
    groups = {route["receiver"]: route.get("group_by") for route in PARSED["route"]["routes"]}
    by_account = PARSED["route"]["group_by"]

    assert by_account == ["job", "vendor", "account"]
    assert groups == {"oncall": [*by_account, "alertname"], "finops": None, "null": None}


def test_prometheus_reads_the_rules_and_tells_alertmanager() -> None:
    read = {path for pattern in PROMETHEUS_CONFIG["rule_files"] for path in PROMETHEUS.glob(pattern)}
    (alertmanager,) = PROMETHEUS_CONFIG["alerting"]["alertmanagers"]

    assert read == set((PROMETHEUS / "rules").iterdir()) != set()
    assert alertmanager["static_configs"] == [{"targets": [ADDRESS]}]


def test_in_compose_alertmanager_and_the_rules_are_where_prometheus_looks() -> None:
    services = COMPOSE["services"]

    assert f"{ADDRESS}:9093" in services["usage-exporter"]["ports"]
    for name, folder in (("prometheus", "/etc/prometheus"), ("alertmanager", "/etc/alertmanager")):
        assert services[name]["network_mode"] == "service:usage-exporter"
        assert f"../{PROMETHEUS.name}:{folder}:ro" in services[name]["volumes"]
    assert f"--config.file=/etc/alertmanager/{CONFIG.name}" in services["alertmanager"]["command"]
