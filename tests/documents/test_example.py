import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from exporter import strict_yaml
from exporter.config import load, schema
from exporter.vendors import VENDORS
from exporter.vendors.planship.account import ProductSetting
from exporter.vendors.quotas import ConfiguredQuota
from exporter.vendors.settings.types import TLS

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
TEXT = EXAMPLE.read_text()
ENTRIES: dict[str, Any] = {entry["vendor"]: entry for entry in strict_yaml.load(TEXT.encode())["accounts"]}  # type: ignore[index]  # a mapping, or the tests below fail
NEEDED = {"customers", "products", "slug", "metering_ids"}
"""What stands in the example because something has to, besides what signs in."""
SHOWN = {("ionos", "quotas")}
"""What is optional and shown with a value, because its default shows nothing."""


def block(vendor: str) -> str:
    """Return an account's lines, comments included."""
    return next(part for part in TEXT.split("  - vendor: ")[1:] if part.startswith(vendor))


def sign_in_settings(vendor: str) -> set[str]:
    names = {name for way in VENDORS[vendor].sign_ins for name in way}
    return names | {f"{name}_file" for name in names if f"{name}_file" in VENDORS[vendor].model_fields}


def test_the_example_is_a_configuration_once_its_secrets_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in re.findall(r"^ +[a-z_]+: \$\{([A-Z_]+)\}", TEXT, re.MULTILINE):
        monkeypatch.setenv(variable, f"the-{variable}-of-tests")

    assert [account.vendor for account in load(EXAMPLE).accounts] == list(ENTRIES)


def test_the_commented_secrets_work_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in re.findall(r"\$\{([A-Z_]+)\}", TEXT):
        monkeypatch.setenv(variable, f"the-{variable}-of-tests")
    (tmp_path / "secrets").mkdir()
    for path in re.findall(r"_file: (secrets/\S+)", TEXT):
        (tmp_path / path).write_text("a-secret-of-tests\n")
    swapped = re.sub(r"^    (\w+): \$\{\w+\}.*\n    # (\1_file: .*)$", r"    \2", TEXT, flags=re.MULTILINE)
    (tmp_path / "config.yaml").write_text(swapped)

    accounts = load(tmp_path / "config.yaml").accounts

    given = [name for account in accounts for name in sorted(account.model_fields_set) if name.endswith("_file")]
    assert [name for name in given if name != "proxy_password_file"] == [
        "password_file",
        "token_file",
        "api_key_file",
        "client_secret_file",
    ]


@pytest.mark.parametrize("vendor", ENTRIES)
def test_every_setting_stands_in_the_example(vendor: str) -> None:
    for name in VENDORS[vendor].model_fields:
        allowed = "(# )?" if name in sign_in_settings(vendor) else ""
        assert re.search(rf"^(    {allowed}|){name}: ?", f"vendor: {block(vendor)}", re.MULTILINE), name
    assert ENTRIES[vendor]["tls"].keys() == TLS.model_fields.keys()
    for product in ENTRIES[vendor].get("products", ()):
        assert product.keys() == ProductSetting.model_fields.keys()
    for quota in ENTRIES[vendor]["quotas"]:
        assert quota.keys() == ConfiguredQuota.model_fields.keys()


@pytest.mark.parametrize("vendor", ENTRIES)
def test_what_the_example_says_of_optional_settings_is_their_default(vendor: str) -> None:
    defaults = schema()["$defs"][VENDORS[vendor].__name__]["properties"]
    entry = ENTRIES[vendor]
    left_out = sign_in_settings(vendor) | NEEDED | {name for owner, name in SHOWN if owner == vendor}
    optional = [name for name in entry if "default" in defaults[name] and name not in left_out]

    assert {name: entry[name] for name in optional} == {name: defaults[name]["default"] for name in optional}
    assert {"interval", "base_url", "stale_after", "tls"} <= set(optional)


def test_what_is_needed_stands_first() -> None:
    for vendor in ENTRIES:
        needed, _, optional = block(vendor).partition("    # The rest is optional.\n")
        required = {name for name, field in VENDORS[vendor].model_fields.items() if field.is_required()}
        for name in required - {"vendor"}:
            assert re.search(rf"^    {name}:", needed, re.MULTILINE), name
        assert "${" not in optional


def test_the_schema_accepts_the_example_and_its_first_line_leads_to_it() -> None:
    Draft202012Validator(schema()).validate(strict_yaml.load(TEXT.encode()))

    first, *_ = TEXT.splitlines()
    assert first == "# yaml-language-server: $schema=config.schema.json"
    assert "usage-exporter schema > config.schema.json" in TEXT
