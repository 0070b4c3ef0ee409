"""Every metric and label that a rule names exists, and every alert says what it should."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
from rule_documents import ACCOUNT, LABELS, QUOTA, RULES, SCRAPED

from exporter.rules.document import ALERTS
from exporter.rules.options import Options
from exporter.rules.pace import DAY_RECORDS, PACE_RECORDS
from exporter.rules.recording import RECORDS

TEMPLATE_QUERY = re.compile(r"printf `([^`]*)`")


def expressions(rule: dict[str, Any]) -> Iterator[str]:
    """The expression of a rule, and those that its annotations ask for."""
    yield rule["expr"]
    for text in rule.get("annotations", {}).values():
        yield from (query.replace("%q", '"x"') for query in TEMPLATE_QUERY.findall(text))


def parts_of(expression: str) -> list[promql_parser.Expr]:
    parts: list[promql_parser.Expr] = []

    def enter(part: promql_parser.Expr) -> bool:
        parts.append(part)
        return True

    promql_parser.walk(promql_parser.parse(expression), enter)
    return parts


def matched_labels(selector: Any) -> set[str]:
    return {matcher.name for matcher in selector.matchers.matchers}


def had(part: Any) -> set[str]:
    """The labels that the series of an expression may have; fails where one is asked for that is not there."""
    match part:
        case promql_parser.VectorSelector(name=str(name)):
            assert matched_labels(part) <= LABELS[name]
            found = LABELS[name]
        case promql_parser.MatrixSelector():
            found = had(part.vector_selector)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            found = had(part.expr)
        case promql_parser.AggregateExpr():
            found = grouped(part)
        case promql_parser.Call():
            found = returned(part)
        case promql_parser.BinaryExpr():
            found = joined(part)
        case promql_parser.NumberLiteral():
            found = set()
        case _:
            pytest.fail(f"not looked at: {part}")
    return found


def grouped(part: Any) -> set[str]:
    inside = had(part.expr)
    assert part.modifier.type == promql_parser.AggModifierType.By
    assert set(part.modifier.labels) <= inside
    match str(part.op):
        case "topk":
            return inside
        case "count_values":
            return {*part.modifier.labels, part.param.val}
        case _:
            return set(part.modifier.labels)


def returned(part: Any) -> set[str]:
    match part.func.name:
        case "absent":
            return matched_labels(part.args[0])
        case "label_replace":
            return had(part.args[0]) | {part.args[1].val}
        case _:
            return set().union(*(had(argument) for argument in part.args))


def joined(part: Any) -> set[str]:
    left, right = had(part.lhs), had(part.rhs)
    if not left or not right:  # a number
        return left | right
    matching = part.modifier.matching if part.modifier else None
    if str(part.op) == "or":
        assert matching is None or set(matching.labels) <= left & right
        return left | right
    if matching is None:
        assert left == right, f"{part}: {sorted(left ^ right)} are on one side only, so nothing ever matches"
    else:
        assert set(matching.labels) <= left & right, f"{part}: matches on labels that are not there"
    brought = set(part.modifier.group_labels or ()) if part.modifier else set()
    assert brought <= right - left, f"{part}: {sorted(brought)} cannot be brought"
    return left | brought


@pytest.mark.parametrize("name", RULES)
def test_a_rule_names_only_metrics_and_labels_that_exist(name: str) -> None:
    for expression in expressions(RULES[name]):
        for part in parts_of(expression):
            if isinstance(part, promql_parser.VectorSelector):
                assert part.name in LABELS
        had(promql_parser.parse(expression))


@pytest.mark.parametrize("record", [*RECORDS, *DAY_RECORDS, *PACE_RECORDS], ids=lambda record: record.name)
def test_a_recorded_series_has_the_labels_of_its_level(record: Any) -> None:
    assert had(promql_parser.parse(RULES[record.name]["expr"])) == LABELS[record.name]


SCOPES = {
    "quota": [QUOTA],
    "account": [ACCOUNT, ACCOUNT | {"quota"}],
    "exporter": [SCRAPED, SCRAPED - {"instance"}],  # one exporter, or all of a job
}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_an_alert_has_the_labels_of_its_scope_and_says_no_others(alert: Any) -> None:
    rule = RULES[f"{alert.name} {alert.severity}"]
    found = had(promql_parser.parse(rule["expr"]))

    assert found in SCOPES[alert.scope]
    assert set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))) <= found


# --- What an operator changes -----------------------------------------------------------------------------


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_an_alert_says_what_to_read_and_where_to_look(alert: Any) -> None:
    annotations = RULES[f"{alert.name} {alert.severity}"]["annotations"]

    assert list(annotations) == ["summary", "description", "runbook_url", "dashboard_url"]
    assert annotations["runbook_url"] == f"{Options().runbook_url}#{alert.name.lower()}"
    board = "vu-quota?var-vendor=" if alert.scope == "quota" else "vu-exporter"
    assert annotations["dashboard_url"].startswith(f"{Options().grafana_url}/d/{board}")
