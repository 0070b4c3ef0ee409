"""Files that declare a vendor wrongly, or mean harm: every problem at once, each with its line and what is right."""

from pathlib import Path

import pytest
from vendor_files import GOOD, problems


def test_a_good_file_has_no_problem(tmp_path: Path) -> None:
    assert problems(GOOD, tmp_path) == []


CASES: dict[str, tuple[str, str, str]] = {
    "an unknown key": ("    rows: data", "    row: data", "12: requests[0].row: unknown key; did you mean rows?"),
    "a kind": ("{kind: identifier,", "{kind: identifer,", "6: settings.team.kind: write text, user_name, identifier"),
    "another host": ("/teams/{team}/usage", "https://evil.example/x", "10: requests[0].get: write a path below"),
    "another host by slashes": ("/teams/{team}/usage", "//evil.example/x", "10: requests[0].get: write a path below"),
    "a path that climbs": ("/teams/{team}/usage", "/../x", "10: requests[0].get: write a path below base_url"),
    "a query in the path": ("/teams/{team}/usage", "/x?key=1", "10: requests[0].get: write a path below base_url"),
    "a secret in the path": (
        "/{team}/",
        "/{api_key}/",
        "10: requests[0].get: api_key is a secret, which only auth may put into a request",
    ),
    "a secret in the query": (
        '"{month_start}"',
        '"{api_key}"',
        "11: requests[0].parameters.since: api_key is a secret, which only auth may put into a request",
    ),
    "a secret for a label": (
        "labels: {id: id}",
        'labels: {id: id, key: "{api_key}"}',
        "19: requests[0].metrics[0].labels.key: api_key is a secret",
    ),
    "no such name": ("{team}/", "{tem}/", "10: requests[0].get: {tem} is not a setting or date; did you mean team?"),
    "a list in a path": ("{team}/", "{projects}/", "10: requests[0].get: projects is a list; write for_each: settings"),
    "a stray brace": ("{team}/", "{team/", "10: requests[0].get: an unmatched brace"),
    "no https": ("https://api", "http://api", "3: base_url: write https: credentials could be read in transit"),
    "a password in the URL": (
        "https://api",
        "https://u:p@api",
        "3: base_url: must not contain a user name or password",
    ),
    "a reserved label": (
        "labels: {id: id}",
        "labels: {account: id}",
        "19: requests[0].metrics[0].labels.account: is a",
    ),
    "a label of Prometheus": (
        "labels: {id: id}",
        "labels: {__name__: id}",
        "19: requests[0].metrics[0].labels.__name__: is a label that the exporter or Prometheus sets",
    ),
    "another's metric": ("acme_used", "usage_exporter_polls", "16: requests[0].metrics[0].name: must begin with acme_"),
    "a counter's name": ("acme_used", "acme_used_total", "16: requests[0].metrics[0].name: must not end in _total"),
    "a vendor of metrics that are taken": ("vendor: acme", "vendor: usage", "1: vendor: is a prefix of other metrics"),
    "pages without end": (
        "parameter: page}",
        "parameter: page, most_pages: 1000000}",
        "14: requests[0].next.most_pages: write a number of at most 10000",
    ),
    "pages without a key": ("    key: id\n", "", "13: requests[0].next: pagination needs rows, and a key that"),
    "two ways to page": (
        "{cursor: next,",
        "{cursor: next, link: x,",
        "14: requests[0].next: write one of link, link_header, cursor",
    ),
    "a cursor for nowhere": (", parameter: page}", "}", "14: requests[0].next: write parameter or field beside cursor"),
    "a row outside of all": ("value: used", "value: ^^^used", "18: requests[0].metrics[0].value: leads out of the"),
    "a header that means something else": (
        "{bearer: api_key}",
        "{header: {name: Host, secret: api_key}}",
        "8: auth.header.name: is a header with another meaning",
    ),
    "a header that is two": (
        "{bearer: api_key}",
        '{header: {name: "X: y", secret: api_key}}',
        "8: auth.header.name: write a header's name of letters, digits and -",
    ),
    "a header without a secret": (
        "{bearer: api_key}",
        "{header: {name: X-Api-Key, secret: team}}",
        "8: auth.header.secret: the setting team must be of kind secret",
    ),
    "no such setting": (
        "{bearer: api_key}",
        "{bearer: api_kee}",
        "8: auth.bearer: is not a setting; did you mean api_key?",
    ),
    "a setting that is no secret": (
        "{bearer: api_key}",
        "{bearer: team}",
        "8: auth.bearer: the setting team must be of",
    ),
    "two ways to sign in": (
        "{bearer: api_key}",
        "{bearer: api_key, raw: api_key}",
        "8: auth: write one of basic, bearer, raw",
    ),
    "a setting that all have": ("  team:", "  interval:", "6: settings.interval: is a name that every account has"),
    "a twin's name": ("  team:", "  team_file:", "6: settings.team_file: must not end in _file"),
    "an anchor": (
        "auth: {bearer: api_key}",
        "auth: &a {bearer: api_key}",
        " line 8, column 7: anchors are not supported",
    ),
    "a key twice": ("title: Acme", "title: Acme\ntitle: Other", " line 3, column 1: the key 'title' occurs twice here"),
    "a help of two lines": ("What was used.", '"a\\nb"', "17: requests[0].metrics[0].help: write text of up to 500"),
    "no metrics": (GOOD[GOOD.index("    metrics:") :], "", "9: requests: write metrics for at least one of them"),
    "no mapping": (GOOD, "- a", "1: write a mapping with vendor, title, base_url, auth and requests"),
    "a name that the class has": ("  team:", "  plain_settings:", "6: settings.plain_settings: is a name that every"),
    "a default of another kind": (
        "description: The team.}",
        "description: The team., default: ..}",
        "6: settings.team.default: write an identifier: up to 256 characters",
    ),
    "braces in the host": ("api.acme", "{team}.acme", "3: base_url: braces are not allowed here"),
    "a page without a name": (
        "{cursor: next, parameter: page}",
        "{page: ''}",
        "14: requests[0].next.page: write text of",
    ),
    "a parameter for two": (
        "parameter: page}",
        "parameter: since}",
        "14: requests[0].next.parameter: is also one of parameters",
    ),
    "an offset for two": (
        "{cursor: next, parameter: page}",
        "{offset: since}",
        "14: requests[0].next.offset: is also one of",
    ),
    "more labels than any has": (
        "labels: {id: id}",
        f"labels: {{{', '.join(f'l{number}: id' for number in range(31))}}}",
        "19: requests[0].metrics[0].labels: write at most 30",
    ),
    "a sign-in that is refused by success": (
        "{bearer: api_key}",
        "{login: {post: /x, body: {k: api_key}, token: t, lifetime: 1h, rejected_statuses: [200]}}",
        "8: auth.login.rejected_statuses[0]: write a number of at least 400",
    ),
    "a secret among what is fixed": (
        "{bearer: api_key}",
        "{login: {post: /x, body: {k: api_key}, fixed: {a: '{api_key}'}, token: t, lifetime: 1h}}",
        "8: auth.login.fixed.a: braces are not allowed here",
    ),
    "requests without number": (GOOD[GOOD.index("  - get") :], "  - {get: /x}\n" * 51, "9: requests: write at most 50"),
    "an item of nothing": ("{team}/", "{item}/", "10: requests[0].get: {item} is not a setting or date"),
}


@pytest.mark.parametrize(("old", "new", "said"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in GOOD

    found = problems(GOOD.replace(old, new, 1), tmp_path)

    assert any(one.startswith(said) for one in found), found


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("rows:", "row:").replace("https:", "http:").replace("kind: secret", "kind: secrets")

    assert [one.partition(": ")[0] for one in problems(text, tmp_path)] == ["3", "5", "12"]


def test_a_file_of_more_than_a_megabyte_is_not_read(tmp_path: Path) -> None:
    assert problems(GOOD + "#" * 1024 * 1024, tmp_path) == [" larger than 1048576 bytes"]
