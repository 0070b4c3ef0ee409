"""What the Prometheus operator is given: a ServiceMonitor, and the rules as the program writes them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from kubernetes_manifests import BASE, OPERATOR, one, rendered
from servers import run_tool

from exporter.cli.catalogue import FAMILIES, labels
from exporter.rules.document import rules
from exporter.rules.options import Options

pytestmark = pytest.mark.live

SCRAPED = {"namespace", "service", "pod", "container", "endpoint", "job", "instance"}
"""The labels that the operator gives each series."""


def thing(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": {name.rstrip("_"): schema for name, schema in properties.items()},
    }


def rows(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": schema}


TEXT = {"type": "string", "minLength": 1}
DURATION = {"type": "string", "pattern": r"^(\d+(ms|[smhdwy]))+$"}
MAPPING = {"type": "object", "additionalProperties": TEXT}
RELABELING = thing("sourceLabels", "targetLabel", sourceLabels=rows(TEXT), targetLabel=TEXT)
ENDPOINT = thing("port", port=TEXT, interval=DURATION, honorLabels={"type": "boolean"}, relabelings=rows(RELABELING))
TEXTS = {"expr": TEXT, "labels": MAPPING, "annotations": MAPPING}
RULE = {
    "oneOf": [
        thing("record", "expr", record=TEXT, **TEXTS),
        thing("alert", "expr", alert=TEXT, for_=DURATION, keep_firing_for=DURATION, **TEXTS),
    ]
}
GROUP = thing("name", "rules", name=TEXT, interval=DURATION, rules=rows(RULE))
SPECIFICATIONS = {
    "ServiceMonitor": thing(
        "selector", "endpoints", selector=thing("matchLabels", matchLabels=MAPPING), endpoints=rows(ENDPOINT)
    ),
    "PrometheusRule": thing("groups", groups=rows(GROUP)),
}
"""What the operator's resources look like, as far as ours go and in our words: no package has its schemas."""


@pytest.mark.parametrize("kind", SPECIFICATIONS)
def test_the_operators_resources_have_their_shape(kind: str) -> None:
    manifest = one(rendered(OPERATOR), kind)

    assert manifest["apiVersion"] == "monitoring.coreos.com/v1"
    Draft202012Validator(SPECIFICATIONS[kind]).validate(manifest["spec"])


def test_the_monitor_chooses_the_service_and_its_port() -> None:
    monitor, service = one(rendered(OPERATOR), "ServiceMonitor")["spec"], one(rendered(BASE), "Service")
    (endpoint,) = monitor["endpoints"]

    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert [one_["targetLabel"] for one_ in endpoint["relabelings"]] == ["instance"]


def test_the_rules_are_those_that_the_program_writes_for_the_services_job() -> None:
    job = one(rendered(BASE), "Service")["metadata"]["name"]

    assert one(rendered(OPERATOR), "PrometheusRule")["spec"] == yaml.safe_load(rules(Options(job=job)))


def test_promtool_finds_no_fault_with_the_rules(generation: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(one(rendered(OPERATOR), "PrometheusRule")["spec"]))

    done = run_tool("promtool", generation, "check", "rules", "--lint=all", "--lint-fatal", path)

    assert done.returncode == 0, done.stderr


def test_the_operators_labels_are_none_of_the_exporters() -> None:
    used = {label for family in FAMILIES for label in labels(family)}

    assert not used & SCRAPED
