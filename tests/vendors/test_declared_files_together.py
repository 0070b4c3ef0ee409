"""What does not fit together in a file that declares a vendor, among several of them, and in their accounts."""

import json
from pathlib import Path

import pytest
from configurations import KNOWN
from vendor_files import GOOD, problems

from exporter import config
from exporter.problems import ConfigError
from exporter.vendors.declared.files import read_vendor

SUM = GOOD.replace("        labels: {id: id}", "        sum: true\n        labels: {id: name}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SUM, "20: requests[0].metrics[0].labels.id: a label of a sum must be in key"),
        (
            SUM.replace("    key: id\n    next: {cursor: next, parameter: page}\n", ""),
            "17: requests[0].metrics[0].sum: needs a key, or a row that comes twice would count twice",
        ),
        (
            GOOD.replace("    rows: data", "    for_each: settings.projects\n    rows: data"),
            '20: requests[0].metrics[0].labels: one label must be "{item}": each item has series of its own',
        ),
        (
            GOOD.replace("    rows: data", "    for_each: settings.team\n    rows: data"),
            "12: requests[0].for_each: team is not a setting of kind identifiers",
        ),
        (
            GOOD + "quotas: [{name: q, subject: s, used: acme_use, limit: acme_limit}]\n",
            "20: quotas[0].used: is not a metric of this file; did you mean acme_used?",
        ),
        (
            GOOD + 'quotas: [{name: q, subject: "{team}", used: acme_used}]\n',
            "20: quotas[0].subject: {team} is not a label of acme_used",
        ),
        (
            GOOD + 'quotas: [{name: "{id", subject: s, used: acme_used}]\n',
            "20: quotas[0].name: an unmatched brace",
        ),
        (
            GOOD + 'quotas: [{name: q, subject: s, used: acme_used, unit: "{team}"}]\n',
            "20: quotas[0].unit: {team} is not a label of acme_used",
        ),
        (
            GOOD + "quotas: [{name: q, subject: s, used: acme_used, end: acme_used}]\n",
            "20: quotas[0].end: is not a time: the kind of acme_used must be one of time, end, unix_time",
        ),
        (
            GOOD + "periods: [{end: acme_used}]\n",
            "20: periods[0].end: is not a time: the kind of acme_used must be one of time, end, unix_time",
        ),
        (
            GOOD.replace("  - get", "  - name: one\n    get")
            + GOOD[GOOD.index("  - get") :].replace("  - get", "  - name: one\n    get").replace("acme_used", "acme_b"),
            "21: requests[1].name: is also the name of an earlier request",
        ),
        (
            GOOD + GOOD[GOOD.index("  - get") :].replace("/usage", "/more"),
            "26: requests[1].metrics[0].name: is the name of requests[0].metrics[0]",
        ),
    ],
)
def test_what_does_not_fit_together_is_said(text: str, said: str, tmp_path: Path) -> None:
    found = problems(text, tmp_path)

    assert any(one.startswith(said) for one in found), found


LITERAL = (
    "accounts[1].api_key: write ${NAME} of an environment variable, or use the ..._file setting; secrets are"
    " not allowed here"
)


def load(tmp_path: Path, *files: str, patterns: object = ("*.vendor.yaml",), accounts: object = None) -> list[str]:
    for number, text in enumerate(files):
        (tmp_path / f"{number}.vendor.yaml").write_text(text)
    given = accounts or [{"vendor": "acme", "name": "a", "api_key": "${KEY}", "team": "t"}]
    try:
        config.parse(json.dumps({"vendor_files": patterns, "accounts": given}).encode(), tmp_path)
    except ConfigError as error:
        return [str(one).replace(str(tmp_path), "") for one in error.problems]
    return []


@pytest.mark.parametrize(
    ("files", "patterns", "said"),
    [
        ([GOOD], ["*.vendor.yaml"], []),
        ([GOOD], ["*.vendor.yaml", "0.vendor.yaml"], []),
        ([GOOD, GOOD], ["*.vendor.yaml"], ["/1.vendor.yaml: the vendor acme is declared twice"]),
        (
            [GOOD.replace("acme", "netnut")],
            ["*.vendor.yaml"],
            ["/0.vendor.yaml: the vendor netnut is built in"],
        ),
        ([], ["missing.yaml"], ["vendor_files[0]: no such file"]),
        ([], "x.yaml", ["vendor_files: write a list of files or patterns, such as vendors/*.yaml"]),
        ([], [7], ["vendor_files: write a list of files or patterns, such as vendors/*.yaml"]),
    ],
)
def test_what_files_have_in_common_is_said(
    files: list[str], patterns: object, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "an-invented-secret")
    assert load(tmp_path, *files, patterns=patterns) == said


def test_a_metric_of_another_vendor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "an-invented-secret")
    other = GOOD.replace("vendor: acme", "vendor: ac").replace("acme_used", "ac_me_used")
    longer = GOOD.replace("vendor: acme", "vendor: ac_me").replace("acme_used", "ac_me_used")

    assert load(tmp_path, GOOD, other, longer) == [
        "/2.vendor.yaml: ac_me_used is a metric of the vendor ac too",
    ]


def test_accounts_are_checked_as_those_of_a_vendor_that_is_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "an-invented-secret")
    accounts = [
        {"vendor": "acme", "name": "a", "api_kee": "${KEY}", "team": "t"},
        {"vendor": "acme", "name": "b", "api_key": "plain-text", "team": "a/.."},
        {"vendor": "acne", "name": "c"},
        {"vendor": "acme", "name": "d", "api_key": "${KEY}", "team": "t", "base_url": "http://api.acme.example"},
    ]

    assert load(tmp_path, GOOD, accounts=accounts) == [
        "accounts[0].api_kee: unknown key; did you mean api_key?",
        LITERAL,
        f"accounts[2].vendor: write one of {KNOWN}, acme; did you mean acme?",
        "accounts[3].base_url: write https, or allow_insecure_http: true to send credentials unencrypted",
    ]


def test_the_same_file_is_the_same_vendor_and_another_help_another_with_the_same_families(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(GOOD)
    first = read_vendor(file)[1]
    again = read_vendor(file)[1]
    file.write_text(GOOD + "limits: {assumed: 60/1m}\n")
    other = read_vendor(file)[1]

    assert again is first
    assert other is not first
    assert other.reported == first.reported


def test_a_digest_changes_with_a_vendor_file(tmp_path: Path) -> None:
    configuration = tmp_path / "config.yaml"
    configuration.write_text("vendor_files: ['*.vendor.yaml']\naccounts: []\n")
    seen = [config.digest(configuration)]
    for text in (GOOD, GOOD + "\n"):
        (tmp_path / "0.vendor.yaml").write_text(text)
        seen.append(config.digest(configuration))

    assert len(set(seen)) == 3
    assert "" not in seen
