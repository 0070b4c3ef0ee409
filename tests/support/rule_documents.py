"""The rules as data for tests, and the labels of every metric that they may name."""

from typing import Any

from quick_yaml import read

from exporter.cli.catalogue import FAMILIES, labels
from exporter.rules.document import rules
from exporter.rules.options import Options
from exporter.rules.pace import DAY_RECORDS, PACE_RECORDS
from exporter.rules.recording import RECORDS

SCRAPED = {"job", "instance"}
QUOTA = {"job", "vendor", "account", "quota", "subject", "unit"}
ACCOUNT = {"job", "vendor", "account"}
SHARD = {*SCRAPED, "shard", "total"}
# The labels of the series that the rules record, by the level that their names begin with.
LEVELS = {
    "usage:shards_": {"job"},
    "usage:exporter_shard": SHARD,
    "usage:exporter_": {*SCRAPED, *ACCOUNT},
    "usage:poll_": ACCOUNT,
    "usage:account_": ACCOUNT,
    "usage:": QUOTA,
}
RECORDED = [record.name for record in (*RECORDS, *DAY_RECORDS, *PACE_RECORDS)]
LABELS = {
    **{family.name: {*labels(family), *SCRAPED} for family in FAMILIES},
    **{
        record.name: next(LEVELS[level] for level in LEVELS if record.name.startswith(level))
        for record in (*RECORDS, *DAY_RECORDS, *PACE_RECORDS)
    },
    "up": SCRAPED,
    "process_start_time_seconds": SCRAPED,
}


def documents(options: Options | None = None) -> list[dict[str, Any]]:
    """Every rule, as Prometheus reads it."""
    return [rule for group in rule_groups(options or Options()) for rule in group["rules"]]


def rule_groups(options: Options) -> list[dict[str, Any]]:
    """The rules in their groups, as Prometheus reads them."""
    return list(read(rules(options))["groups"])


def name_of(rule: dict[str, Any]) -> str:
    return f"{rule.get('record') or rule['alert']} {rule.get('labels', {}).get('severity', '')}".strip()


RULES = {name_of(rule): rule for rule in documents()}
