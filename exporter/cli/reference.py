"""Generates docs/configuration.md, the configuration reference, from the models that read a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill, indent
from typing import Any, Final

from exporter.config import schema
from exporter.vendors import VENDORS, Account

_INTRODUCTION: Final = """\
# Configuration

The exporter reads one YAML file, `config.yaml` unless `--config.file` names another. Its key `accounts` is a list of
accounts, each of which is one set of credentials at one vendor; `vendor_files` names files that
[declare other vendors](declared-vendors.md). `usage-exporter check` reports every problem of a file at once, each with
its place; `check --probe` also polls every account once.
[config.example.yaml](../config.example.yaml) shows every setting with its default.

Unknown and duplicate keys are errors. Values are read as they look: `5` is a number,
`true` is a flag, and `0123`, `yes` and `12:30` are text. Anchors, aliases and tags are refused. This page is the output
of `usage-exporter schema --markdown`; `usage-exporter schema` prints the JSON Schema that editors use.

## Many accounts

Put settings that accounts share under `defaults`: those for `all` accounts, and those for a vendor under its name. An
account's own setting takes precedence, then its vendor's default, then that for all. Values are not merged: an account
with its own `tls` ignores the default's. Names, base URLs and quotas cannot be defaults for all.

```yaml
defaults:
  all: {timeout: 20s, proxy_url: "http://proxy.example.com:3128"}
  VENDOR: {interval: 15m}
include: [config.d/*.yaml]        # more accounts: each file has the one key accounts
accounts:
  - vendor: VENDOR
    name: main
EXAMPLE```

An account's `labels`, such as `{team: payments}`, are added to every series of the account: the vendor's, those of its
quotas, and the exporter's own with the label `account`. A name that one of these already has is refused. To have the
labels on alerts, pass their names to the rules too: `usage-exporter rules --account-labels=team`. Changing a label
starts new series in Prometheus, so choose labels that seldom change; counters continue under the new ones.

`was: old-name` is the former name of a renamed account; its counters and stored reading are kept:
[how to rename an account](upgrading.md#rename-an-account).

A pattern under `include` may match no file yet. Paths in an included file are relative to that file's folder. A reload
reads all files again, and `--config.auto-reload` detects files that are added, changed or removed.

## Secrets

The file never contains a secret itself. There are two ways to give one:

- `password: ${NAME}` takes it from the environment variable `NAME`.
- `password_file: path` takes it from a file, without one trailing newline. A relative path starts at the
  configuration's folder.

Files are read each time the secret is used, so a rotated secret needs no restart. If a file is briefly missing or
empty, the last good value stays in use.

## Durations and rates

A duration is one or more numbers with units, the largest first: `30s`, `5m`, `1h30m`, `7d`. The units are `ms`, `s`,
`m`, `h`, `d`, `w` and `y`, and are required. Durations are from `1s` to `365d`.

A rate is a number of requests, a slash and a duration: `60/1m`, `1000/1h`. Accounts with the same credentials share
the rate of the first of them.

"""

_KINDS: Final[Mapping[str, str]] = {
    "string": "text",
    "boolean": "`true` or `false`",
    "integer": "number",
    "number": "number",
    "object": "mapping",
}
_ABOUT_QUOTAS: Final = (
    "Limits that a vendor reports are quotas without any setting: {native}."
    " An account's `quotas` define others, on any metric of its vendor:"
)
_QUOTAS: Final = """\
## Quotas

{about}

```yaml
{example}```

All have the same metrics, `usage_quota_used`, `usage_quota_limit` and others, with the labels `quota`, `subject` and
`unit`. Series that differ in the label `unit` or `currency` are not added up: match one value, or list the label in
`by`. `period` states when the vendor's figure resets, for the counter and the forecasts; it does not cause a reset.
Where the vendor reports a figure's own period (the dates of a plan, the month of a bill), the counter follows
that, whatever `period` says.
Months, quarters and years follow the calendar: from the 31st means from the last day of a shorter month.

With several labels in `by`, `subject` has their values separated by slashes; a slash in a value is written `%2F`,
and a percent sign `%25`. A quota is withheld if one of its series cannot be read; the log, `check --probe` and
`usage_exporter_quotas_withheld` say why. The same goes for a quota that no series matches.

A subject is an id. With `names: true` on the account, `usage_quota_subject_info` has the vendor's display name in the
label `name`; `status`, the pages, alerts and dashboards show it beside the id. Each vendor's page lists what has names;
names of people are never read. A subject with no name, two names, or its id as a name has no such series. A
name may change at any time: identity, counters and alerts use the id.

"""

_INHERITED: Final = frozenset(Account.model_fields) - {"vendor", "name"}

Node = Mapping[str, Any]
"""A node of the JSON Schema."""


def configuration_markdown() -> str:
    """Return the text of docs/configuration.md."""
    definitions = schema()["$defs"]
    first, model = next(iter(VENDORS.items()))
    introduction = _INTRODUCTION.replace("VENDOR", first).replace("EXAMPLE", indent(model.example, " " * 4))
    vendors = [_section(vendor, definitions[model.__name__], definitions) for vendor, model in VENDORS.items()]
    return "\n".join(
        [introduction + vendors[0], *vendors[1:], _quotas() + _table(_rows("", definitions["ConfiguredQuota"], {}))]
    )


def _quotas() -> str:
    native = [model.native_quotas_of for model in VENDORS.values() if model.native_quotas_of]
    shown = next((vendor, model.quota_example) for vendor, model in VENDORS.items() if model.quota_example)
    about = fill(_ABOUT_QUOTAS.format(native=_alternatives(native, "and")), 120, break_on_hyphens=False)
    return _QUOTAS.format(about=about, example=_example(*shown))


def _example(vendor: str, settings: str) -> str:
    return f"accounts:\n  - vendor: {vendor}\n    name: main\n{indent(settings, ' ' * 4)}"


def _section(vendor: str, settings: Node, definitions: Node) -> str:
    about = settings["properties"]["vendor"]["description"]
    rows = sorted(_rows("", settings, definitions), key=lambda row: row[0].split(".")[0] in _INHERITED)
    return f"## {vendor}\n\n{about}\n\n```yaml\n{_example(vendor, VENDORS[vendor].example)}```\n\n{_table(rows)}"


def _table(rows: Iterable[tuple[str, str, str, str]]) -> str:
    lines = "".join(f"| `{key}` | {kind} | {default} | {meaning} |\n" for key, kind, default, meaning in rows)
    return f"| setting | value | default | meaning |\n| --- | --- | --- | --- |\n{lines}"


def _rows(prefix: str, settings: Node, definitions: Node) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each setting and nested setting, except a quota's settings, which have their own table."""
    for key, node in settings["properties"].items():
        path = f"{prefix}{key}"
        default = "required" if key in settings.get("required", ()) else _value(node.get("default"))
        yield path, _kind(node), default, node["description"].replace("|", "\\|")
        items = node.get("items", {})
        for part, below in ((node, f"{path}."), (items, f"{path}[].")):
            if "$ref" in part and key != "quotas":
                yield from _rows(below, definitions[part["$ref"].rpartition("/")[2]], definitions)


def _kind(node: Node) -> str:
    """Return a description of a setting's type, in words."""
    if "title" in node:
        return f"{node['title']}"
    if "anyOf" in node:
        return " or ".join(_kind(one) for one in node["anyOf"] if one.get("type") != "null")
    if "enum" in node or "const" in node:
        return _alternatives(f"`{value}`" for value in node.get("enum", [node.get("const")]))
    if node.get("type") == "array":
        return f"list of {_kind(node['items'])}s" + (", at least one" if node.get("minItems") else "")
    return _KINDS[node.get("type", "object")] + _bounds(node)


def _bounds(node: Node) -> str:
    above, least, most = node.get("exclusiveMinimum"), node.get("minimum"), node.get("maximum")
    return (
        (f" above {above:g}" if above is not None else "")
        + (f" from {least}" if least is not None else "")
        + (f" to {most}" if most is not None else "")
    )


def _alternatives(words: Iterable[str], joint: str = "or") -> str:
    *first, last = words
    return f"{', '.join(first)} {joint} {last}" if first else last


def _value(default: object) -> str:
    """Return a default as a user would write it. Return `-` if the default is empty, or if it is a nested section."""
    if default in (None, "") or isinstance(default, dict):
        return "-"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"
