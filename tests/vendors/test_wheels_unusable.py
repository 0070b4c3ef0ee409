"""Vendors in wheels that cannot be used: what is said of each, at the accounts that need it."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from polled_accounts import SECRET
from vendor_wheels import BY, FINE, installed, packages_folder, problems_of, written

from exporter import config


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from packages_folder(tmp_path / "site", monkeypatch)


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


def test_every_account_of_it_has_the_problem_and_the_others_none(site: Path, tmp_path: Path) -> None:
    installed(site, "raise KeyError('an-invented-secret')")
    file = written(tmp_path, "acme", "ionos", "acme", defaults={"acme": {"interval": "5m"}})

    found = problems_of(file, "acme")

    assert [one.partition(": ")[0] for one in found] == ["4 (acme/main0)", "14 (acme/main2)", "20"]
