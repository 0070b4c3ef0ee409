"""The runbooks: an entry for each alert; queries, commands, log lines and numbers in them are those that there are."""

import json
import re
import shlex
from collections.abc import Iterator

import promql_parser
import pytest
import yaml
from alerting import CONFIG, PROMETHEUS, Alertmanager, alertmanager, alerts, labels_of
from programs import fetch
from servers import run_tool

from exporter.cli import catalogue
from exporter.cli.catalogue import FAMILIES
from exporter.errors import REASONS
from exporter.rules.document import ALERTS
from exporter.rules.thresholds import Thresholds

ROOT = PROMETHEUS.parent
TEXT = (ROOT / "docs" / "runbooks.md").read_text()
INTRODUCTION, *SECTIONS = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
ENTRIES = {section.partition("\n")[0]: section for section in SECTIONS}
RULES = {
    name: [
        rule for group in yaml.safe_load((PROMETHEUS / "rules" / name).read_text())["groups"] for rule in group["rules"]
    ]
    for name in ("usage-alerts.yml", "usage-recording.yml")
}
SOURCE = "".join(path.read_text() for path in (ROOT / "exporter").rglob("*.py"))
WORDS = {
    "1m": "a minute",
    "5m": "5 minutes",
    "6m": "6 minutes",
    "9m": "9 minutes",
    "10m": "ten minutes",
    "12m": "12 minutes",
    "15m": "15 minutes",
    "30m": "30 minutes",
    "1h": "an hour",
    "2h": "two hours",
}

THRESHOLDS = Thresholds()

SCRAPED = {"job", "instance"}
OF_ACCOUNT = {"job", "vendor", "account"}
OF_QUOTA = OF_ACCOUNT | {"quota", "subject", "unit"}


def blocks(text: str, language: str) -> list[str]:
    """The lines of a language's blocks."""
    return [line for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


def known() -> Iterator[tuple[str, set[str]]]:
    """Every metric that a query may name, and its labels."""
    yield "up", SCRAPED
    yield "process_start_time_seconds", SCRAPED
    yield "process_resident_memory_bytes", SCRAPED
    for family in FAMILIES:
        labels = {*catalogue.labels(family), *SCRAPED}
        yield from (
            [(family.name, labels)] if family.kind != "histogram" else [(f"{family.name}_bucket", labels | {"le"})]
        )
    for rule in RULES["usage-recording.yml"]:
        of_account = rule["record"].startswith(("usage:poll_", "usage:account_", "usage:data_"))
        yield rule["record"], OF_ACCOUNT if of_account else OF_QUOTA


KNOWN = dict(known())


def unknown(query: str) -> list[str]:
    """The metrics and labels of a query that there are not."""
    found: list[str] = []
    labels: set[str] = set()
    grouped: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            mine = KNOWN.get(node.name or "", set())
            labels.update(mine)
            found.extend([node.name or "no name"] if not mine else [])
            found.extend(one.name for one in node.matchers.matchers if one.name not in mine)
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            grouped.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(query), visit)
    assert found or labels, "no metric in it"
    return found + sorted(grouped - labels)


def test_every_alert_has_an_entry_and_every_entry_is_an_alert() -> None:
    assert list(ENTRIES) == list(dict.fromkeys(alert.name for alert in ALERTS))
    assert {name for name, _ in alerts()} == ENTRIES.keys()


@pytest.mark.parametrize(
    "rule", RULES["usage-alerts.yml"], ids=lambda rule: f"{rule['alert']}/{rule['labels']['severity']}"
)
def test_an_alert_leads_to_its_entry_which_says_how_long_it_takes(rule: dict[str, dict[str, str]]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    (entry,) = [text for name, text in ENTRIES.items() if name.lower() == anchor]

    assert page.endswith("/docs/runbooks.md")
    assert entry.startswith(f"{rule['alert']}\n")
    for wait in ("for", "keep_firing_for"):
        assert wait not in rule or WORDS[str(rule[wait])] in " ".join(entry.split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("UsageQuotaHigh", f"At least {100 * THRESHOLDS.quota_warning:g} % of a quota"),
        ("UsageQuotaHigh", f"at least {100 * THRESHOLDS.quota_critical:g} % for a minute"),
        ("UsageQuotaWillRunOut", f"a limit below {THRESHOLDS.forecast_limit:g} have"),
        ("UsageQuotaBurnFast", f"{100 * THRESHOLDS.burn_warning_share:g} % of the limit or more"),
        ("UsageSpike", f"more than {100 * THRESHOLDS.spike_share:g} % of the limit"),
    ],
)
def test_an_entry_says_the_numbers_of_the_rules(name: str, said: str) -> None:
    assert said in " ".join(ENTRIES[name].split())


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_has_its_four_parts_in_order_with_a_query_and_a_silence_of_its_own(name: str) -> None:
    entry = ENTRIES[name]
    silences = [line for line in blocks(entry, "console") if " silence add " in line]

    assert re.findall(r"^\*\*(.+?)\.\*\* \S", entry, re.MULTILINE) == [
        "What it means",
        "How to look",
        "What to do",
        "When to silence",
    ]
    assert blocks(entry, "promql")
    assert [f"alertname={name}" in line for line in silences] == [True]


@pytest.mark.parametrize("query", blocks(TEXT, "promql"))
def test_a_query_parses_and_names_what_there_is(query: str) -> None:
    assert not unknown(query)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("usage_quota_usd", ["usage_quota_usd"]),
        ('rate(usage_exporter_polls_total{acount="main"}[1h])', ["acount"]),
        ('usage:poll_age:seconds{quota="traffic"}', ["quota"]),
        ("sum by (reasons) (usage_exporter_poll_failures_total)", ["reasons"]),
        ("up + on (job) max_over_time(usage:quota_usd:ratio[1d:1h])", ["usage:quota_usd:ratio"]),
    ],
)
def test_what_there_is_not_would_be_found_in_a_query(query: str, wrong: list[str]) -> None:
    assert unknown(query) == wrong


@pytest.mark.parametrize("line", blocks(TEXT, "logfmt"))
def test_a_line_of_the_log_is_one_that_the_exporter_writes(line: str) -> None:
    fields = dict(word.partition("=")[::2] for word in shlex.split(line))

    assert all(piece in SOURCE for piece in re.split("[,;] ", fields.pop("msg")))
    assert fields.get("reason", REASONS[0]) in REASONS
    assert all(f"{name}=" in SOURCE for name in fields.keys() - {"level"})


def test_the_table_of_reasons_has_each_once() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", ENTRIES["UsagePollErrors"], re.MULTILINE)

    assert sorted(reason for row in rows for reason in re.findall(r"\w+", row)) == sorted(REASONS)


@pytest.fixture(scope="module")
def running(generation: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    with alertmanager(generation, CONFIG, tmp_path_factory.mktemp("alertmanager")) as one:
        yield one


@pytest.mark.parametrize("line", [line for line in blocks(TEXT, "console") if "amtool" in line])
def test_a_command_for_amtool_works_and_silences_labels_that_the_alert_has(
    generation: str, running: Alertmanager, line: str
) -> None:
    command = shlex.split(line.removeprefix("$ "))
    assert command.pop() == "--alertmanager.url=http://127.0.0.1:9093"

    done = run_tool("amtool", generation, *command[1:], f"--alertmanager.url={running.url}")
    assert done.returncode == 0, done.stderr
    if "silence" in command:
        silence = json.loads(fetch(f"{running.url}/api/v2/silence/{done.stdout.strip()}"))
        labels = {matcher["name"]: matcher["value"] for matcher in silence["matchers"]}
        (had,) = {frozenset(labels_of(alert)) for alert in alerts() if alert[0] == labels["alertname"]}
        assert labels.keys() <= had
        assert labels.keys() & {"account", "job"}
        assert silence["comment"]


def test_every_command_of_a_console_is_one_that_is_expected() -> None:
    programs = {line.split()[1] for line in blocks(TEXT, "console")}

    assert programs == {"amtool", "usage-exporter", "promtool", "curl", "systemctl", "journalctl"}
