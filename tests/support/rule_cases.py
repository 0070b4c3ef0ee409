"""The tests in `prometheus/tests`, prepared for `promtool test rules` and for `vmalert-tool unittest`.

The files are in promtool's format, and it can run them as they are. But the cost of an evaluation is nearly all in
parsing and running the rules, even without data, so here each test gets only the rules that it depends on.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_RECORD: Final = re.compile(r"\busage:\w+:\w+")
_ALERTS: Final = re.compile(r"\b(?:ALERTS|usage:quota_alerts:held)\b(?:\{([^}]*)\})?")
_ALERTNAME: Final = re.compile(r'\balertname=(~?)"([^"]*)"')

Document = dict[str, Any]


def rule_cases(file: Path) -> list[Document]:
    """Each test of a file as a document of its own, with its groups of rules in place of `rule_files`."""
    document = yaml.safe_load(file.read_text())
    read = [yaml.safe_load((file.parent / name).read_text()) for name in document["rule_files"]]
    groups = [group for one in read for group in one["groups"]]
    return [{**document, "tests": [test], "rule_files": _needed(groups, test)} for test in document["tests"]]


def for_vmalert(case: Document) -> Document:
    """A case as vmalert-tool takes it.

    It writes what rules record only at the end of their group, so rules that read others must be in a later group.
    """
    groups = [level for group in case["rule_files"] for level in _levels(group)]
    return {**case, "rule_files": groups, "tests": [_test_for_vmalert(test, groups) for test in case["tests"]]}


def write(cases: list[Document], folder: Path) -> list[Path]:
    """Write each case as a file for the engine, beside a file of its rules."""
    files = []
    for number, case in enumerate(cases):
        rules, file = folder / f"{number}-rules.yml", folder / f"{number}.yml"
        order = [group["name"] for group in case["rule_files"]]
        rules.write_text(json.dumps({"groups": case["rule_files"]}))
        file.write_text(json.dumps({**case, "rule_files": [rules.name], "group_eval_order": order}))
        files.append(file)
    return files


def _test_for_vmalert(test: Document, groups: list[Document]) -> Document:
    group_of = {_name(rule): group["name"] for group in groups for rule in group["rules"]}
    alerts = [{**one, "groupname": group_of[one["alertname"]]} for one in test.get("alert_rule_test", [])]
    expressions = test.get("promql_expr_test", [])
    others = {key: value for key, value in test.items() if key != "promql_expr_test"}
    return {**others, "alert_rule_test": alerts, "metricsql_expr_test": expressions}


def _levels(group: Document) -> Iterator[Document]:
    """A group's rules in groups of their own, none of which records what another rule of it reads."""
    level_of: dict[str, int] = {}
    for rule in group["rules"]:
        after = max((level_of[name] + 1 for name in _records(rule) if name in level_of), default=0)
        level_of[_name(rule)] = max(after, level_of.get(_name(rule), 0))
    for level in sorted(set(level_of.values())):
        rules = [rule for rule in group["rules"] if level_of[_name(rule)] == level]
        yield {**group, "name": f"{group['name']}-{level}", "rules": rules}


def _needed(groups: list[Document], test: Document) -> list[Document]:
    """The rules that the expectations of a test depend on, in their groups and order.

    `ALERTS` as a rule reads it brings in no further alert: what is held of one alert depends on that alert alone.
    """
    rules: dict[str, list[Document]] = {}
    for group in groups:
        for rule in group["rules"]:
            rules.setdefault(_name(rule), []).append(rule)
    alerts = [name for name, same in rules.items() if "alert" in same[0]]
    waiting = {name for expression in _expectations(test) for name in _read_by(expression, alerts)}
    if any("__name__" in expression for expression in _expectations(test)):
        waiting |= rules.keys()
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting |= {record for rule in rules[name] for record in _records(rule)} - needed
    parts = [{**group, "rules": [rule for rule in group["rules"] if _name(rule) in needed]} for group in groups]
    return [part for part in parts if part["rules"]]


def _name(rule: Mapping[str, str]) -> str:
    return rule.get("record") or rule["alert"]


def _records(rule: Document) -> set[str]:
    """The recorded series that a rule reads, in its expression or in its texts."""
    return set(_RECORD.findall("\n".join([rule["expr"], *rule.get("annotations", {}).values()])))


def _expectations(test: Document) -> Iterator[str]:
    """What a test looks at, as expressions."""
    yield from (f'ALERTS{{alertname="{one["alertname"]}"}}' for one in test.get("alert_rule_test", []))
    yield from (one["expr"] for one in test.get("promql_expr_test", []))


def _read_by(expression: str, alerts: list[str]) -> Iterator[str]:
    """The names of the rules whose series an expression reads; a negative matcher of alerts leaves none out."""
    yield from _RECORD.findall(expression)
    for selector in _ALERTS.finditer(expression):
        matcher = _ALERTNAME.search(selector[1] or "")
        pattern = ".*" if matcher is None else matcher[2] if matcher[1] else re.escape(matcher[2])
        yield from (alert for alert in alerts if re.fullmatch(pattern, alert))
