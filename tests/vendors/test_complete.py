"""A vendor that is built in has all that it needs; each thing that is missing is said in a sentence."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from polled_accounts import account_at, polled
from recorded_replies import recorded_script, recorded_settings
from scripted_vendor import scripted

from exporter.cli.quality_table import FACTS, facts_of, quality_of
from exporter.metrics import Family
from exporter.sandbox import SIMULATIONS
from exporter.store.reading import Reading
from exporter.vendors import VENDORS
from exporter.vendors.class_checks import family_faults
from exporter.vendors.quality import QUESTIONS, Done
from exporter.vendors.settings.types import description_of

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text().partition("## Adding a vendor")[2].partition("\n## ")[0]
FILES = {
    ("exporter/vendors/NAME.py", "exporter/vendors/NAME/account.py"): "what is published, answered and asked",
    ("exporter/sandbox/NAME.py", "exporter/sandbox/NAME/api.py"): "the vendor simulated",
    ("tests/vendors/NAME/replies.json",): "recorded replies, with everything personal replaced",
    ("tests/vendors/NAME/expected.prom",): "the page that these must give",
    ("docs/vendors/NAME.md",): "where credentials come from, and what is covered",
}
"""What a vendor needs: one of these files each."""
LISTS = {
    "exporter/vendors/registry.py": "VENDORS",
    "exporter/sandbox/vendors.py": "SIMULATIONS",
}
DOCUMENTS = ("CHANGELOG.md", "docs/configuration.md", "docs/metrics.md")
EXTRAS = (
    "tests/vendors/test_vendors_NAME.py",
    "tests/vendors/NAME/account.yaml",
    "tests/vendors/NAME/fields.json",
    "tests/sandbox/test_sandbox_NAME.py",
    "tests/contracts/NAME.yaml",
    "tests/independent/NAME_worlds.py",
    "tests/independent/reader_NAME.py",
    "grafana/source/NAME.py",
    "config.example.yaml",
    "README.md",
)
"""What a vendor may have besides."""
MARKS = "<!-- quality -->"


def missing(name: str) -> Iterator[str]:
    """Say each thing that a vendor lacks."""
    for patterns, meaning in FILES.items():
        if not any((ROOT / pattern.replace("NAME", name)).exists() for pattern in patterns):
            yield f"write {patterns[0].replace('NAME', name)}: {meaning}"
    for file, variable in LISTS.items():
        if name not in {"VENDORS": VENDORS, "SIMULATIONS": SIMULATIONS}[variable]:
            yield f"add it to {variable} in {file}"
    if name in VENDORS:
        yield from missing_of_class(name)
    page = ROOT / "docs" / "vendors" / f"{name}.md"
    if page.exists() and MARKS not in page.read_text():
        yield f"write {MARKS} and <!-- /quality --> into docs/vendors/{name}.md, and run make docs"
    yield from unfinished(name)


def missing_of_class(name: str) -> Iterator[str]:
    """Say each thing that a vendor's class lacks."""
    vendor = VENDORS[name]
    yield from unsaid(name)
    if not vendor.example:
        yield "give its class an example: the settings of a small configuration"
    if not vendor.reported:
        yield "give its class its families, as reported"
    else:
        yield from family_faults(name, vendor)
    for setting in vendor.model_fields:
        if not description_of(vendor, setting) and setting != "vendor":
            yield f"describe its setting {setting}"


def unsaid(name: str) -> Iterator[str]:
    """Say each thing that a vendor does not tell people."""
    vendor = VENDORS[name]
    for fact in FACTS:
        if fact not in facts_of(vendor):
            yield f"say {fact}: in the docstring of {vendor.__module__.replace('.', '/')}.py"
    for question in QUESTIONS.keys() - quality_of(name).keys():
        yield f"answer {question} in the quality of its class: {QUESTIONS[question]}"
    title = description_of(vendor, "vendor").partition(",")[0]
    news = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if title and title in line]
    if not title:
        yield "describe its setting vendor: its title, a comma, and what it sells"
    elif not news or any("TODO" in line for line in news):
        yield f"finish CHANGELOG.md: TODO what is read of {title}"


def unfinished(name: str) -> Iterator[str]:
    """Say each sentence that scripts/new-vendor left to be written."""
    folders = [ROOT / folder / name for folder in ("exporter/vendors", "exporter/sandbox", "tests/vendors")]
    files = [file for folder in folders for file in (folder.with_suffix(".py"), *folder.glob("*")) if file.is_file()]
    for file in [*files, ROOT / "docs" / "vendors" / f"{name}.md"]:
        for number, line in enumerate(file.read_text().splitlines() if file.exists() else (), 1):
            if found := re.search(r"\bTODO\b.*", line):
                yield f"finish {file.relative_to(ROOT)}:{number}: {found[0]}"


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_is_complete(name: str) -> None:
    said = list(missing(name))

    assert not said, "\n".join(["", *said])


def test_of_a_vendor_that_is_not_there_everything_is_missing() -> None:
    assert list(missing("acme")) == [
        "write exporter/vendors/acme.py: what is published, answered and asked",
        "write exporter/sandbox/acme.py: the vendor simulated",
        "write tests/vendors/acme/replies.json: recorded replies, with everything personal replaced",
        "write tests/vendors/acme/expected.prom: the page that these must give",
        "write docs/vendors/acme.md: where credentials come from, and what is covered",
        "add it to VENDORS in exporter/vendors/registry.py",
        "add it to SIMULATIONS in exporter/sandbox/vendors.py",
    ]


def test_a_class_that_says_nothing_is_told_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    name, vendor = next(iter(VENDORS.items()))
    for attribute, nothing in (("example", ""), ("reported", ()), ("quality", {}), ("native_quotas", ())):
        monkeypatch.setattr(vendor, attribute, nothing)
    monkeypatch.setattr(f"{vendor.__module__}.__doc__", "A vendor.")

    said = list(missing_of_class(name))

    assert "give its class an example: the settings of a small configuration" in said
    assert "give its class its families, as reported" in said
    assert "say Period: in the docstring of exporter/vendors/netnut/account.py" in said
    answered = {line.split()[1] for line in said if line.startswith("answer ")}
    assert answered == QUESTIONS.keys() - {"sign_in", "drift", "history"}


def test_a_class_whose_families_cannot_be_shown_is_told_each_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    name, vendor = next(iter(VENDORS.items()))
    families = (Family("traffic_gb", "Traffic."), Family(f"{name}_gb", "Traffic.", ("account",)))
    monkeypatch.setattr(vendor, "reported", families)
    monkeypatch.setattr(vendor, "native_quotas", ())
    monkeypatch.setattr(vendor, "plan_periods", ())

    said = list(missing_of_class(name))

    assert f"'traffic_gb' must begin with {name}_" in said
    assert f"'{name}_gb': is a label that the exporter or Prometheus sets; write another" in said


@pytest.mark.parametrize("file", [*(pattern for some in FILES for pattern in some), *LISTS, *DOCUMENTS, *EXTRAS])
def test_the_guide_names_each_file(file: str) -> None:
    assert f"`{file}`" in GUIDE


def test_the_guide_needs_ten_files() -> None:
    assert len(FILES) + len(LISTS) + len(DOCUMENTS) == 10


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_says_up_to_when_its_figures_reach_where_its_quality_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(recorded_script(name)) as server:
        outcome = polled(account_at(server.url, monkeypatch, recorded_settings(name)))

    assert isinstance(outcome, Reading)
    assert (outcome.as_of is not None) == isinstance(VENDORS[name].quality["as_of"], Done)
