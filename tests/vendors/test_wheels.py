"""Vendors in wheels: which are loaded, and what is said of those that cannot be used."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from scripted_vendor import SECRET
from vendor_wheels import pretend_installed

from exporter import config
from exporter.problems import ConfigError
from exporter.vendors import VENDORS, Account
from exporter.vendors.origin import Origin

FINE = """\
    from typing import ClassVar, Literal
    from pydantic import Field
    from exporter.vendor_api import *

    USED = Family("acme_used", "What was used.", ("project",), vendor="Acme", source="GET /usage used")

    class Acme(Account):
        api: ClassVar = 1
        sign_ins: ClassVar = (("api_key",),)
        reported: ClassVar = (USED,)
        vendor: Literal["acme"] = Field(description="Acme.")
        base_url: Url = "https://api.acme.example"
        api_key: SecretFromEnvironment | None = Field(default=None, description="Key.")
        api_key_file: SecretFromFile | None = Field(default=None, description="File of the key.")

        @property
        def auth(self):
            return ApiKey(self.secret("api_key"))

        async def read(self, poll):
            return ()
    """
BY = "the distribution acme-usage 1.2.0"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are installed into."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def installed(site: Path, code: str, name: str = "acme", target: str = "Acme") -> str:
    """Install a module of its own name with this code, and return the name."""
    module = "acme_" + re.sub("[^a-z0-9]", "_", str(site).lower())
    (site / f"{module}.py").write_text(dedent(code))
    pretend_installed(site, "acme-usage", "1.2.0", **{name: f"{module}:{target}"})
    return module


def written(folder: Path, *vendors: str, **more: object) -> Path:
    accounts = [
        {"vendor": name, "name": f"main{number}", "token" if name == "ionos" else "api_key": "${VENDOR_SECRET}"}
        for number, name in enumerate(vendors)
    ]
    file = folder / "config.yaml"
    file.write_text(json.dumps({"accounts": accounts, **more}, indent=1))
    return file


def problems_of(file: Path, *plugins: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(file, plugins)
    return [str(one).removeprefix(f"{file}:") for one in caught.value.problems]


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


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("", ""), ""),
        (("api: ClassVar = 1", "api: ClassVar = 2"), "is made for API 2, and this exporter has API 1"),
        (("api: ClassVar = 1\n", "\n"), "does not say api: ClassVar = 1, and this exporter has API 1"),
        (("class Acme(Account)", "class Acme"), "is not an Account of exporter.vendor_api"),
        (("class Acme(Account)", "class Acne(Account)"), "cannot be loaded: AttributeError"),
        (("from typing", "raise KeyError('an-invented-secret')\nfrom typing"), "cannot be loaded: KeyError"),
        (("from typing", "raise SystemExit('an-invented-secret')\nfrom typing"), "cannot be loaded: SystemExit"),
        (("import *", "import Nothing"), "cannot be loaded: ImportError"),
        (('Literal["acme"]', 'Literal["acne"]'), 'vendor must be Literal["acme"], the name of its entry point'),
        (('"acme_used"', '"netnut_gb_used"'), "'netnut_gb_used' must begin with acme_"),
        (('"acme_used"', '"acme_used_total"'), "'acme_used_total': must not end in _total, _bucket, _created or _info"),
        (('("project",)', '("account",)'), "'acme_used': is a label that the exporter or Prometheus sets"),
        (("= (USED,)", "= ()"), "reported must be a tuple of its families"),
        (("= (USED,)", "= (USED, USED)"), "reported has a family twice"),
        (('(("api_key",),)', '(("kee",),)'), "sign_ins names 'kee', which is not a setting"),
        (("api_key_file:", "host:"), "the setting 'host' has the name of an attribute that every account has"),
        (("async def read", "async def reed"), "has no read"),
        ((' = "https://api.acme.example"', ""), "base_url has no default"),
        (("https://api", "http://api"), "base_url: write https: credentials could be read in transit"),
        (("https://api", "https://u:p@api"), "base_url: must not contain a user name or password"),
        (("from typing", "raise GeneratorExit('an-invented-secret')\nfrom typing"), "cannot be loaded: GeneratorExit"),
        (("api: ClassVar = 1", "api: ClassVar = True"), "does not say api: ClassVar = 1, and this exporter has API 1"),
        (('(("api_key",),)', "((),)"), "sign_ins must be a tuple of tuples of names of settings"),
        (('(("api_key",),)', '"api_key"'), "sign_ins must be a tuple of tuples of names of settings"),
        (('"acme_used"', "5"), "5: write up to 120 lowercase letters, digits and _, beginning with a letter"),
        (('"What was used."', "None"), "'acme_used': what it means, who reports it and where must be text in one line"),
        (('("project",)', '("project", "project")'), "'acme_used': labels must be a tuple of names, each once"),
        (('("project",)', '"project"'), "'acme_used': labels must be a tuple of names, each once"),
        (
            ("sign_ins: C", "native_quotas: ClassVar = None\n    sign_ins: C"),
            "native_quotas must be a tuple of NativeQuota",
        ),
        (
            ("sign_ins: C", "plan_periods: ClassVar = (1,)\n    sign_ins: C"),
            "plan_periods must be a tuple of PlanPeriod",
        ),
        (
            ("sign_ins: C", 'native_quotas: ClassVar = (NativeQuota("q", "{team}", USED),)\n    sign_ins: C'),
            "'acme_used': a quota's '{team}' must be text, in braces labels of the metric",
        ),
        (
            ("sign_ins: C", 'native_quotas: ClassVar = (NativeQuota("{", "s", USED),)\n    sign_ins: C'),
            "'acme_used': a quota's '{' must be text, in braces labels of the metric",
        ),
        (
            ("sign_ins: C", "assumed_rate: ClassVar = '60/1m'\n    sign_ins: C"),
            "assumed_rate must be a Rate above",
        ),
        (
            ("sign_ins: C", "assumed_rate: ClassVar = Rate(0, 0)\n    sign_ins: C"),
            "assumed_rate must be a Rate above",
        ),
        (
            ("def auth", "def key(self):\n        return 1\n\n    @property\n    def auth"),
            "key belongs to every account",
        ),
        (('return ApiKey(self.secret("api_key"))', "return None"), "its code fails with these settings: TypeError"),
        (('return ApiKey(self.secret("api_key"))', "raise SystemExit(1)"), "fails with these settings: SystemExit"),
        (("api_key: Secret", "api_key: object() | Secret"), "cannot be loaded: PydanticSchemaGenerationError"),
        (
            (
                "sign_ins: C",
                'native_quotas: ClassVar = (NativeQuota("q", "s", Family("acme_x", "X.")),)\n    sign_ins: C',
            ),
            "'acme_x' is not among those reported",
        ),
        (('self.secret("api_key")', "{}[SECRET]"), "its code fails with these settings: NameError"),
    ],
)
def test_one_that_cannot_be_used_is_a_problem_of_its_accounts(
    change: tuple[str, str], said: str, site: Path, tmp_path: Path
) -> None:
    installed(site, dedent(FINE).replace(*change))
    file = written(tmp_path, "acme")
    if not said:
        assert config.load(file, ["acme"]).accounts
        return

    (problem,) = problems_of(file, "acme")

    assert problem.startswith(f"4 (acme/main0): vendor: {BY}: ")
    assert said in problem
    assert SECRET not in problem


def test_what_a_wheel_prints_stands_on_no_page(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed(site, "print('hello')\n" + dedent(FINE))

    assert config.load(written(tmp_path, "acme"), ["acme"]).accounts
    assert capsys.readouterr() == ("", "hello\n")


def test_every_account_of_it_has_the_problem_and_the_others_none(site: Path, tmp_path: Path) -> None:
    installed(site, "raise KeyError('an-invented-secret')")
    file = written(tmp_path, "acme", "ionos", "acme", defaults={"acme": {"interval": "5m"}})

    found = problems_of(file, "acme")

    assert [one.partition(": ")[0] for one in found] == ["4 (acme/main0)", "14 (acme/main2)", "20"]


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
