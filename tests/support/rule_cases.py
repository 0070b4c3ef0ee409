"""The tests in `prometheus/tests`, prepared for `promtool test rules` and for `vmalert-tool unittest`.

The files are in promtool's format, and it can run them as they are. But the cost of an evaluation is nearly all in
parsing and running the rules, even without data. So a test that runs alone gets only the rules that it depends on,
and tests of the same steps can run together: over the same time, each with a job of its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from quick_yaml import read

_RECORD: Final = re.compile(r"\busage:\w+:\w+")
_ALERTS: Final = re.compile(r"\b(?:ALERTS|usage:quota_alerts:held)\b(?:\{([^}]*)\})?")
_ALERTNAME: Final = re.compile(r'\balertname=(~?)"([^"]*)"')
_SELECTOR: Final = re.compile(r"(?<!\")\b(ALERTS|usage_\w+|usage:\w+:\w+)\b(?:\{(?!\})|(?:\{\})?)|\{(?=__name__)")
_DURATION: Final = re.compile(r"(\d+)([dhms])")
_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_JOB: Final = "usage-exporter"

Document = dict[str, Any]


def rule_cases(file: Path) -> list[Document]:
    """Each test of a file as a document of its own, with its groups of rules in place of `rule_files`."""
    document = read(file.read_text())
    rules = [read((file.parent / name).read_text()) for name in document["rule_files"]]
    groups = [group for one in rules for group in one["groups"]]
    return [
        {**document, "tests": [test], "rule_files": needed(groups, test), "all_rules": groups}
        for test in document["tests"]
    ]


def needed(groups: list[Document], test: Document) -> list[Document]:
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
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= {record for rule in rules[name] for record in _records(rule)} - found
    parts = [{**group, "rules": [rule for rule in group["rules"] if _name(rule) in found]} for group in groups]
    return [part for part in parts if part["rules"]]


def together(cases: list[Document]) -> list[Document]:
    """Cases joined where they have the same steps: each gets a job of its own, and every rule keeps jobs apart.

    The job has the name of the case, so what a tool says of an expectation tells the case.
    Alerts are looked at as series, so without their texts, which would be most of the cost: each evaluation fills in
    those of every alert that fires. A case that shares its steps with no other stays as it is.
    """
    joined: dict[tuple[str, str], list[Document]] = {}
    for case in cases:
        (test,) = case["tests"]
        joined.setdefault((test["interval"], case["evaluation_interval"]), []).append(case)
    return [_joined(same) if len(same) > 1 else same[0] for same in joined.values()]


def for_vmalert(case: Document) -> Document:
    """A case as vmalert-tool takes it.

    It writes what rules record only at the end of their group, so rules that read others must be in a later group.
    Each time it writes, it clears eight megabytes, so there are as few groups as may be.
    """
    groups = _levels(case["rule_files"])
    return {**case, "rule_files": groups, "tests": [_test_for_vmalert(test, groups) for test in case["tests"]]}


def _joined(cases: list[Document]) -> Document:
    step = cases[0]["evaluation_interval"]
    by_job = {f"{_JOB}/{test['name']}": test for case in cases for test in case["tests"]}
    tests = [_in_job(test, job, step) for job, test in by_job.items()]
    test = {
        "name": f"{len(cases)} with a value each {tests[0]['interval']} and an evaluation each {step}",
        "interval": tests[0]["interval"],
        "input_series": [series for one in tests for series in one["input_series"]],
        "promql_expr_test": [expected for one in tests for expected in one["promql_expr_test"]],
    }
    groups = [
        {**group, "rules": [_of_jobs(rule, list(by_job)) for rule in group["rules"]]} for group in cases[0]["all_rules"]
    ]
    return {**cases[0], "rule_files": groups, "tests": [test]}


def _of_jobs(rule: Document, jobs: list[str]) -> Document:
    """A rule of several jobs, without texts; `absent()` knows only a job that is named."""
    ours, expression = f'job="{_JOB}"', rule["expr"]
    if "absent(" in expression:
        expression = " or ".join(expression.replace(ours, f'job="{job}"') for job in jobs)
    without_texts = {key: value for key, value in rule.items() if key != "annotations"}
    return {**without_texts, "expr": expression.replace(ours, f'job=~"{_JOB}/.+"')}


def _in_job(test: Document, job: str, step: str) -> Document:
    """A test with a job of its own, which looks at alerts as series and at nothing of other jobs."""
    looked_at = [_as_series(one, step) for one in test.get("alert_rule_test", [])] + test.get("promql_expr_test", [])
    expected = [{**one, "expr": _SELECTOR.sub(_limited, one["expr"])} for one in looked_at]
    whole = json.dumps({"input_series": test["input_series"], "promql_expr_test": expected})
    return {
        "interval": test["interval"],
        **json.loads(whole.replace('job=\\"', f'job=\\"{job}').replace(job + _JOB, job)),
    }


def _limited(selector: re.Match[str]) -> str:
    """A selector of the series of a job that is still to be named."""
    found = selector[0].removesuffix("{}")
    return f'{found}job="",' if found.endswith("{") else f'{found}{{job=""}}'


def _as_series(look: Document, step: str) -> Document:
    """What is expected of an alert, as an expression: at the last evaluation, for its series is seen no longer."""
    name = look["alertname"]
    labels = [
        ", ".join(
            f"{key}={json.dumps(value, ensure_ascii=False)}"
            for key, value in alert["exp_labels"].items()
            if key != "job"
        )
        for alert in look["exp_alerts"]
    ]
    state = f'alertname="{name}", alertstate="firing", job=""'
    return {
        "eval_time": f"{_seconds(look['eval_time']) // _seconds(step) * _seconds(step)}s",
        "expr": f'max without (alertgroup) (ALERTS{{alertname="{name}", alertstate="firing"}})',
        "exp_samples": [{"labels": f"{{{state}, {one}}}", "value": 1} for one in labels],
    }


def _seconds(duration: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(duration))


def _test_for_vmalert(test: Document, groups: list[Document]) -> Document:
    group_of = {_name(rule): group["name"] for group in groups for rule in group["rules"]}
    alerts = [{**one, "groupname": group_of[one["alertname"]]} for one in test.get("alert_rule_test", [])]
    expressions = test.get("promql_expr_test", [])
    others = {key: value for key, value in test.items() if key != "promql_expr_test"}
    return {**others, "alert_rule_test": alerts, "metricsql_expr_test": expressions}


def _levels(groups: list[Document]) -> list[Document]:
    """The rules in as few groups as may be, none of which records what another rule of it reads.

    A rule that reads what one after it records reads what that recorded before, so the two may share a group.
    """
    rules = [rule for group in groups for rule in group["rules"]]
    level_of: dict[str, int] = {}
    least: dict[str, int] = {}
    for rule in rules:
        name, records = _name(rule), _records(rule)
        after = max((level_of[record] + 1 for record in records if record in level_of), default=0)
        level = level_of[name] = max(after, level_of.get(name, 0), least.get(name, 0))
        least |= {record: max(level, least.get(record, 0)) for record in records - level_of.keys()}
    return [
        {"name": f"level-{level}", "rules": [rule for rule in rules if level_of[_name(rule)] == level]}
        for level in sorted(set(level_of.values()))
    ]


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
