import re
from pathlib import Path

import pytest
from configurations import account

from exporter import strict_yaml
from exporter.cli.reference import configuration_markdown
from exporter.config import parse
from exporter.vendors import VENDORS

COMMITTED = Path(__file__).parents[2] / "docs" / "configuration.md"


def section(vendor: str) -> str:
    return configuration_markdown().split(f"\n## {vendor}\n")[1].split("\n## ")[0]


def test_the_committed_page_is_what_the_program_prints() -> None:
    assert COMMITTED.read_text() == configuration_markdown()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_has_a_row_for_each_of_its_settings(vendor: str) -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| .+ \| .+ \| .+\. \|$", section(vendor), re.MULTILINE)

    assert sorted(rows) == sorted(VENDORS[vendor].model_fields)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_has_an_example_that_works(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```yaml\n(.+?)```", section(vendor), re.DOTALL)
    for variable in re.findall(r"\$\{(\w+)\}", example):
        monkeypatch.setenv(variable, "a-secret-of-tests")

    (one,) = parse(example.encode(), Path()).accounts

    assert one.key == (vendor, "main")


@pytest.mark.parametrize(
    ("vendor", "row"),
    [
        ("netnut", "| `interval` | duration | `5m` | Time between polls. |"),
        ("ionos", "| `interval` | duration | `1h` | Time between polls. |"),
        ("netnut", "| `token` | secret, as ${NAME} | - |"),
        ("netnut", "| `plan_status` | `active`, `inactive`, `standby` or `all` | `active` |"),
        ("netnut", "| `max_series` | number from 1 | `10000` |"),
        ("netnut", "| `tls.insecure_skip_verify` | `true` or `false` | `false` |"),
        ("ionos", "| `contracts` | list of contract numbers | `[]` |"),
        ("prolifi", "| `window` | `all` or `month` or number from 1 to 3650 | `all` |"),
        ("planship", "| `customers` | list of identifiers, at least one | required |"),
        ("planship", "| `products[].levers` | list of identifiers | `[]` |"),
    ],
)
def test_a_row_says_how_a_setting_is_written(vendor: str, row: str) -> None:
    assert f"\n{row}" in section(vendor)


def test_the_values_that_the_introduction_speaks_of_are_read_as_it_says() -> None:
    assert strict_yaml.load(b"[5, true, 0123, yes, 12:30]") == [5, True, "0123", "yes", "12:30"]


@pytest.mark.parametrize(
    "duration", re.findall(r"`([0-9][0-9a-z]*)`", configuration_markdown().split("## Durations")[1].split("## ")[0])
)
def test_the_durations_of_the_introduction_are_durations(duration: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")

    assert parse(account("netnut", f"interval: {duration}").encode(), Path()).accounts
