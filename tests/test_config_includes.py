"""A configuration of many accounts: settings that they share, and files that it is spread over."""

from pathlib import Path

import pytest

from exporter.config import as_yaml, digest, load, schema
from exporter.problems import ConfigError
from exporter.vendors import VENDORS

LOGIN = "token: '${TOKEN}'"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".yaml").write_text(text)
    return folder / "config.yaml"


def problems(file: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(file)
    return [line.replace(f"{file.parent}/", "") for line in str(raised.value).splitlines()]


DEFAULTS = """
defaults:
  all: {interval: 10m, timeout: 20s, tls: {insecure_skip_verify: true}}
  netnut: {interval: 15m, plan_status: all}
accounts:
  - {vendor: netnut, name: a, token: "${TOKEN}"}
  - {vendor: netnut, name: b, token: "${TOKEN}", interval: 1m, tls: {}}
  - {vendor: ionos, name: a, token: "${TOKEN}"}
"""


def test_an_account_has_what_it_says_then_its_vendors_defaults_then_those_of_all(tmp_path: Path) -> None:
    a, b, ionos = load(write(tmp_path, config=DEFAULTS)).accounts

    assert [one.interval for one in (a, b, ionos)] == [900, 60, 600]
    assert [one.timeout for one in (a, b, ionos)] == [20, 20, 20]
    assert [one.tls.insecure_skip_verify for one in (a, b, ionos)] == [True, False, True]
    assert [getattr(one, "plan_status", None) for one in (a, b, ionos)] == ["all", "all", None]


def test_the_configuration_that_is_shown_has_the_defaults_filled_in(tmp_path: Path) -> None:
    config = load(write(tmp_path, config=DEFAULTS))

    assert load(write(tmp_path, config=as_yaml(config))).accounts == config.accounts


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        ("5", "config.yaml:1: defaults: write a mapping with all and names of vendors"),
        ("{netnutt: {}}", "config.yaml:1: defaults.netnutt: unknown key; did you mean netnut?"),
        ("{all: 5}", "config.yaml:1: defaults.all: write a mapping of settings"),
        ("{all: {intervall: 5m}}", "config.yaml:1: defaults.all.intervall: unknown key; did you mean interval?"),
        ("{all: {name: x}}", "config.yaml:1: defaults.all.name: is each account's own; write it there"),
        ("{all: {plan_status: all}}", "config.yaml:1: defaults.all.plan_status: unknown key"),
        ("{netnut: {vendor: x}}", "config.yaml:1: defaults.netnut.vendor: is each account's own; write it there"),
        ("{all: {interval: 5}}",
         "config.yaml:1: defaults.all.interval: write a duration with its unit, such as 30s, 5m, 1h or 1h30m"),
        ("{all: {tls: {ca_fil: x}}}", "config.yaml:1: defaults.all.tls.ca_fil: unknown key; did you mean ca_file?"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_defaults_is_said_once_and_where_it_stands(defaults: str, said: str, tmp_path: Path) -> None:
    accounts = "".join(f"  - {{vendor: netnut, name: {name}, {LOGIN}}}\n" for name in "abc")

    assert problems(write(tmp_path, config=f"defaults: {defaults}\naccounts:\n{accounts}")) == [said]


INCLUDING = f"include: [config.d/*.yaml]\naccounts:\n  - {{vendor: netnut, name: a, {LOGIN}}}\n"


def test_accounts_of_other_files_follow_in_the_order_of_the_files_names(tmp_path: Path) -> None:
    two = "accounts:\n  - {vendor: netnut, name: c, token_file: secret}\n"
    one = f"accounts: [{{vendor: ionos, name: b, {LOGIN}}}]"
    file = write(tmp_path, config=INCLUDING, config_d="", **{"config.d__20": two, "config.d__10": one})
    (tmp_path / "config.d" / "secret").write_text("a-token-of-tests")

    assert ["/".join(one.key) for one in load(file).accounts] == ["netnut/a", "ionos/b", "netnut/c"]


def test_a_configuration_may_have_no_account_of_its_own(tmp_path: Path) -> None:
    one = f"accounts: [{{vendor: ionos, name: b, {LOGIN}}}]"
    file = write(
        tmp_path, config="include: [config.d/*.yaml]\ndefaults: {all: {interval: 2h}}\n", **{"config.d__10": one}
    )

    (account,) = load(file).accounts
    assert account.interval == 7200


def test_a_mistake_in_another_file_is_said_with_that_file_and_its_line(tmp_path: Path) -> None:
    bad = f"accounts:\n  - vendor: netnut\n    name: a\n    {LOGIN}\n    zzz: 1\n"
    file = write(
        tmp_path,
        config=INCLUDING + "  - {vendor: x}\n",
        **{
            "config.d__10": bad,
            "config.d__20": "a: b: c\n",
            "config.d__30": "accounts: 5\n",
            "config.d__40": "accounts: []\nx: 1",
        },
    )

    assert problems(file) == [
        f"config.yaml:4: accounts[1].vendor: write one of {', '.join(VENDORS)}",
        "config.d/20.yaml:1: a second colon; put the whole value in quotes",
        "config.d/30.yaml: write a mapping with the key accounts, a list",
        "config.d/40.yaml:2: x: unknown key",
        "config.d/10.yaml:5 (netnut/a): zzz: unknown key",
        "config.d/10.yaml:3 (netnut/a): name: is the name of accounts[0] too; unique per vendor",
    ]


@pytest.mark.parametrize("patterns", ["5", "[5]", "['']"])
def test_what_is_included_is_a_list_of_files(patterns: str, tmp_path: Path) -> None:
    file = write(tmp_path, config=INCLUDING.replace("[config.d/*.yaml]", patterns))

    assert problems(file) == ["config.yaml:1: include: write a list of files or patterns, such as config.d/*.yaml"]


def test_a_change_in_any_of_the_files_is_a_change(tmp_path: Path) -> None:
    file = write(tmp_path, config=INCLUDING)
    seen = {digest(file)}
    for text in ("accounts: []\n", f"accounts: [{{vendor: ionos, name: b, {LOGIN}}}]"):
        write(tmp_path, **{"config.d__10": text})
        seen.add(digest(file))

    assert len(seen) == 3


def test_editors_know_both() -> None:
    assert {"defaults", "include"} <= schema()["properties"].keys()


def named(*accounts: str) -> str:
    return "accounts:\n" + "".join(f"  - {{vendor: netnut, {one}, {LOGIN}}}\n" for one in accounts)


NOT_FORMER = "write the account's former name, which no account has now"


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        (["name: a, was: a"], f"config.yaml:2 (netnut/a): was: is the name of this account; {NOT_FORMER}"),
        (["name: a, was: b", "name: b"], f"config.yaml:2 (netnut/a): was: is the name of accounts[1]; {NOT_FORMER}"),
        (
            ["name: a, was: c", "name: b, was: c"],
            (
                "config.yaml:3 (netnut/b): was: is the former name of accounts[0] too; only one account can continue"
                " under it"
            ),
        ),
        (
            ["name: a, was: '-'"],
            "config.yaml:2 (netnut/a): was: write up to 63 letters, digits and ._@- , the first a letter or digit",
        ),
    ],
)
def test_a_former_name_is_nobodys_now_and_one_accounts_only(accounts: list[str], said: str, tmp_path: Path) -> None:
    assert problems(write(tmp_path, config=named(*accounts))) == [said]


def test_a_former_name_may_be_one_of_another_vendor_and_is_no_default(tmp_path: Path) -> None:
    other = f"  - {{vendor: ionos, name: b, {LOGIN}}}\n"
    account, _ = load(write(tmp_path, config=named("name: a, was: b") + other)).accounts

    assert account.former is not None
    assert (account.key, account.former.key) == (("netnut", "a"), ("netnut", "b"))
    assert problems(write(tmp_path, config="defaults: {netnut: {was: b}}\n" + named("name: a"))) == [
        "config.yaml:1: defaults.netnut.was: is each account's own; write it there"
    ]


TAKEN = "is a label that series or alerts already have; write another"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("{quota: x}", f"labels.quota: {TAKEN}"),
        ("{le: x}", f"labels.le: {TAKEN}"),
        ("{reason: x}", f"labels.reason: {TAKEN}"),
        ("{plan_id: x}", "labels.plan_id: is a label of netnut_plan_info; write another"),
        ("{team: ''}", "labels.team: write up to 128 printable characters"),
        (r'{team: "a\nb"}', "labels.team: write up to 128 printable characters"),
        ("{team: 5}", "labels.team: write text, in quotes if it looks like a number, true, false or null"),
    ],
)
def test_a_label_of_your_own_is_none_that_series_have(labels: str, said: str, tmp_path: Path) -> None:
    (found,) = problems(write(tmp_path, config=named(f"name: a, labels: {labels}")))

    assert found.removeprefix("config.yaml:2 (netnut/a): ").split("netnut_")[0] == said.split("netnut_", maxsplit=1)[0]


def test_a_label_that_only_another_vendors_series_have_is_free(tmp_path: Path) -> None:
    ionos = f"accounts:\n  - {{vendor: ionos, name: a, {LOGIN}, labels: {{plan_id: x}}}}\n"

    (account,) = load(write(tmp_path, config=ionos)).accounts
    assert account.shared_labels == {"account": "a", "plan_id": "x"}
