"""The tests of the rules, made ready for an engine: `promtool test rules` of any generation, or vmalert-tool's `unittest`.

The files in `prometheus/tests` are promtool's own and run there as they are, but slowly: an evaluation costs the same with
and without data, and nearly all of it goes to rules that a test does not look at. So each test gets the rules that it
depends on and no other.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_RECORD: Final = re.compile(r"\busage:\w+:\w+")
_ALERTS: Final = re.compile(r"\b(?:ALERTS|usage:quota_alerts:held)\b(?:\{([^}]*)\})?")
_ALERTNAME: Final = re.compile(r'\balertname=(~?)"([^"]*)"')

Document = dict[str, Any]


def test_cases(file: Path) -> list[Document]:
    """Each test of a file as a document of its own, with its groups of rules in place of `rule_files`."""
    document = yaml.safe_load(file.read_text())
    groups = [
        group
        for name in document["rule_files"]
        for group in yaml.safe_load((file.parent / name).read_text())["groups"]
    ]
    return [{**document, "tests": [test], "rule_files": _needed(groups, test)} for test in document["tests"]]


def for_vmalert(document: Document) -> Document:
    """A document as vmalert-tool takes it.

    It writes what rules record only at the end of their group, so rules that read others must be in a later group.
    """
    groups = [level for group in document["rule_files"] for level in _levels(group)]
    return {**document, "rule_files": groups, "tests": [_test_for_vmalert(test, groups) for test in document["tests"]]}


def _test_for_vmalert(test: Document, groups: list[Document]) -> Document:
    group_of = {_name(rule): group["name"] for group in groups for rule in group["rules"]}
    expectations = {
        "alert_rule_test": [{**one, "groupname": group_of[one["alertname"]]} for one in test.get("alert_rule_test", [])],
        "metricsql_expr_test": test.get("promql_expr_test", []),
    }
    return {**{key: value for key, value in test.items() if key != "promql_expr_test"}, **expectations}


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
    rules = {_name(rule): [] for group in groups for rule in group["rules"]}
    for group in groups:
        for rule in group["rules"]:
            rules[_name(rule)].append(rule)
    alerts = [name for name, same in rules.items() if "alert" in same[0]]
    waiting = {name for expectation in _expectations(test) for name in _read_by(expectation, alerts)}
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting |= {record for rule in rules[name] for record in _records(rule)} - needed
    kept = ({**group, "rules": [rule for rule in group["rules"] if _name(rule) in needed]} for group in groups)
    return [group for group in kept if group["rules"]]


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
    """The names of the rules whose series an expression reads."""
    yield from _RECORD.findall(expression)
    for found in _ALERTS.finditer(expression):
        is_pattern, name = (_ALERTNAME.search(found[1] or "") or re.fullmatch("()()", "")).groups()
        pattern = name if is_pattern else re.escape(name)
        yield from (alert for alert in alerts if not name or re.fullmatch(pattern, alert))
