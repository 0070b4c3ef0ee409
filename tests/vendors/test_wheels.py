"""Vendors in wheels: which are loaded, and which are not, by their names."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from vendor_wheels import BY, FINE, installed, packages_folder, pretend_installed, problems_of, written

from exporter import config
from exporter.problems import ConfigError
from exporter.vendors import VENDORS, Account
from exporter.vendors.origin import Origin


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from packages_folder(tmp_path / "site", monkeypatch)


def test_a_vendor_that_is_allowed_is_one_as_any(site: Path, tmp_path: Path) -> None:
    installed(site, FINE)

    (account,) = config.load(written(tmp_path, "acme", defaults={"acme": {"interval": "7m"}}), ["acme"]).accounts

    assert isinstance(account, Account)
    assert (account.key, account.interval) == (("acme", "main0"), 420.0)
    assert account.origin == Origin("wheel", "1.2.0", "acme-usage")


def test_of_the_same_text_the_same_accounts_are_made_again(site: Path, tmp_path: Path) -> None:
    installed(site, FINE)
    file = written(tmp_path, "acme")

    assert config.load(file, ["acme"]).accounts == config.load(file, ["acme"]).accounts


def test_code_is_not_loaded_where_no_account_needs_it(site: Path, tmp_path: Path) -> None:
    module = installed(site, FINE)

    assert config.load(written(tmp_path, "ionos"), ["acme"]).accounts
    assert module not in sys.modules


def test_code_is_not_loaded_where_it_is_not_allowed(site: Path, tmp_path: Path) -> None:
    module = installed(site, FINE)

    assert "start with --vendors.plugins=acme" in problems_of(written(tmp_path, "acme"))[0]
    assert module not in sys.modules


def test_what_a_wheel_prints_stands_on_no_page(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed(site, "print('hello')\n" + dedent(FINE))

    assert config.load(written(tmp_path, "acme"), ["acme"]).accounts
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("name", "plugins", "said"),
    [
        (
            "netnut",
            ["netnut"],
            f"vendor: is also provided by {BY}, but it is built in; remove it from --vendors.plugins",
        ),
        (
            "acme",
            [],
            f"vendor: is from {BY}, whose code may not run; if you trust it, start with --vendors.plugins=acme",
        ),
        ("other", ["other"], "vendor: --vendors.plugins has other, but no installed distribution provides it"),
        ("acne", ["acme"], "vendor: is not known; did you mean acme?"),
    ],
)
def test_names_that_are_taken_unknown_or_not_allowed(
    name: str, plugins: list[str], said: str, site: Path, tmp_path: Path
) -> None:
    installed(site, FINE, name="netnut" if name == "netnut" else "acme")

    (problem,) = problems_of(written(tmp_path, name), *plugins)

    assert said in problem


def test_one_that_takes_a_name_of_the_exporters_changes_nothing_where_it_is_not_allowed(
    site: Path, tmp_path: Path
) -> None:
    installed(site, FINE, name="ionos")
    file = tmp_path / "config.yaml"
    file.write_text('accounts: [{vendor: ionos, name: main, token: "${VENDOR_SECRET}"}]')

    (account,) = config.load(file, ["acme"]).accounts

    assert account.origin.kind == "builtin"


def test_two_of_one_name_are_both_named(site: Path, tmp_path: Path) -> None:
    installed(site, FINE)
    pretend_installed(site, "better-acme", "3", acme="better:Acme")

    (problem,) = problems_of(written(tmp_path, "acme"), "acme")

    assert f"is from {BY} and the distribution better-acme 3; uninstall all but one" in problem


def test_one_that_a_file_declares_too(site: Path, tmp_path: Path) -> None:
    installed(site, FINE)
    (tmp_path / "acme.yaml").write_text(
        "vendor: acme\ntitle: Acme\nbase_url: https://api.acme.example\n"
        "settings: {api_key: {kind: secret, description: Key.}}\nauth: {bearer: api_key}\n"
        "requests: [{get: /usage, metrics: [{name: acme_used, help: Used., value: used}]}]\n"
    )
    file = written(tmp_path, "acme", vendor_files=["acme.yaml"])

    (problem,) = problems_of(file, "acme")

    assert f"is also provided by {BY}, but vendor_files declares it; remove it from --vendors.plugins" in problem
    assert [one.origin.kind for one in config.load(file).accounts] == ["file"]


def test_the_schema_has_those_that_are_allowed(site: Path, tmp_path: Path) -> None:
    installed(site, FINE)
    file = written(tmp_path, "ionos")

    vendors = config.load_vendors(file, ["acme"])

    shown = json.dumps(config.schema(vendors))
    assert '"const": "acme"' in shown
    assert '"description": "File of the key."' in shown
    with pytest.raises(ConfigError, match=r"acne: --vendors\.plugins has acne, but no installed distribution"):
        config.load_vendors(file, ["acne"])


def test_two_vendors_whose_classes_have_one_name_are_two_in_the_schema(site: Path, tmp_path: Path) -> None:
    installed(site, FINE.replace("Acme", "NetNut"), target="NetNut")

    schema = config.schema(config.load_vendors(written(tmp_path, "ionos"), ["acme"]))

    mapping = schema["properties"]["accounts"]["items"]["discriminator"]["mapping"]
    assert len(set(mapping.values())) == len(mapping) == len(VENDORS) + 1
