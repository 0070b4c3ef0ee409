"""A vendor that is built in has all that it needs; each thing that is missing is said in a sentence."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_vendors import DOCUMENTED

from exporter import strict_yaml
from exporter.sandbox import SIMULATIONS
from exporter.vendors import VENDORS
from exporter.vendors.settings import description_of

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
FILES = {
    "exporter/vendors/NAME/families.py": "what it publishes",
    "exporter/vendors/NAME/replies.py": "what it answers, as models",
    "exporter/vendors/NAME/account.py": "its settings, its sign-in, and what is asked",
    "exporter/sandbox/NAME/api.py": "the vendor simulated",
    "exporter/sandbox/NAME/accounts.py": "the sandbox's credentials and its account of the demo",
    "tests/vendors/NAME/account.yaml": "the account that its recorded replies are of",
    "tests/vendors/NAME/replies.json": "recorded replies, with everything personal replaced",
    "tests/vendors/NAME/expected.prom": "the page that these must give",
    "tests/vendors/NAME/fields.json": "what its contract leaves open",
    "tests/contracts/NAME.yaml": "each call in our own words",
    "tests/sandbox/test_sandbox_NAME.py": "that the sandbox does as the vendor documents",
    "tests/independent/NAME_worlds.py": "random worlds of the vendor",
    "tests/independent/reader_NAME.py": "what the page must show of them, by somebody else",
}
FACTS = ("Source:", "Period:", "Units:", "Login:", "Limits:")


def missing(name: str) -> Iterator[str]:
    """Say each thing that a vendor lacks."""
    for pattern, meaning in FILES.items():
        file = pattern.replace("NAME", name)
        if not (ROOT / file).exists():
            yield f"write {file}: {meaning}"
    if name not in VENDORS:
        yield "add its class to VENDORS in exporter/vendors/__init__.py"
    else:
        yield from missing_of_class(name)
    if name not in SIMULATIONS:
        yield "add its simulation to SIMULATIONS in exporter/sandbox/simulations.py"
    if name not in DOCUMENTED:
        yield "say what may be asked in DOCUMENTED of tests/vendors/test_vendors.py"
    accounts = strict_yaml.load((ROOT / "tests/contracts/accounts.yaml").read_bytes())
    if not isinstance(accounts, dict) or f"'vendor': '{name}'" not in str(accounts):
        yield "add an account that makes its calls to tests/contracts/accounts.yaml"
    for document in ("config.example.yaml", "README.md"):
        if f"vendor: {name}\n" not in (ROOT / document).read_text():
            yield f"show an account of it in {document}"
    contract = (ROOT / "tests/dashboards/test_metric_contract.py").read_text()
    if f"\n{name}_" not in contract:
        yield "list its metrics in tests/dashboards/test_metric_contract.py"


def missing_of_class(name: str) -> Iterator[str]:
    """Say each thing that a vendor's class lacks."""
    vendor = VENDORS[name]
    described = sys.modules[vendor.__module__].__doc__ or ""
    for fact in FACTS:
        if fact not in described:
            yield f"say {fact} in the docstring of exporter/vendors/{name}/account.py"
    if not vendor.example:
        yield "give its class an example: the settings of a small configuration"
    if not vendor.reported:
        yield "give its class its families"
    for family in vendor.reported:
        if not family.name.startswith(f"{name}_"):
            yield f"let the name of {family.name} begin with {name}_"
    for setting in vendor.model_fields:
        if not description_of(vendor, setting) and setting != "vendor":
            yield f"describe its setting {setting}"


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_is_complete(name: str) -> None:
    assert list(missing(name)) == []


def test_of_a_vendor_that_is_not_there_everything_is_missing() -> None:
    said = list(missing("acme"))

    assert len(said) == len(FILES) + 7
    assert "write tests/vendors/acme/fields.json: what its contract leaves open" in said
    assert "add its class to VENDORS in exporter/vendors/__init__.py" in said


@pytest.mark.parametrize("pattern", FILES)
def test_the_guide_names_each_file(pattern: str) -> None:
    folder, _, file = pattern.rpartition("/")

    assert f"`{pattern}`" in GUIDE or (f"`{folder}/`" in GUIDE and f"`{file}`" in GUIDE)
