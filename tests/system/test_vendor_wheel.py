"""The guide's vendor as a wheel, built and installed beside the exporter: commands know it where it is allowed."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from exporter_process import ANY_PORT, running
from kept_logging import kept_logging
from polled_accounts import SECRET
from programs import eventually
from scripted_vendor import Answer, Request, Scripted, ScriptedVendor, answer, scripted
from soak_work import post
from vendor_wheels import block, install, write_project

from exporter.cli.main import main

pytestmark = pytest.mark.slow

ALLOWED = "--vendors.plugins=acme"
QUESTIONS = 86
USED = 'acme_gb_used{account="main",project="web"} 12.5'
QUOTA = 'usage_quota_limit{account="main",vendor="acme",quota="traffic",subject="web",unit="GB"} 100'
ORIGIN = 'usage_exporter_vendor_info{origin="wheel",vendor="acme",version="1.2.0"} 1'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The guide's files, and the folder that the wheel of them is installed into."""
    folder = tmp_path_factory.mktemp("wheel")
    project = write_project(folder / "project")
    install(project, folder / "site")
    return project, folder / "site"


@pytest.fixture(autouse=True)
def site(built: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the wheel be installed, for this process and those that it starts."""
    monkeypatch.syspath_prepend(built[1])
    monkeypatch.setenv("PYTHONPATH", str(built[1]))
    monkeypatch.setenv("ACME_API_KEY", SECRET)
    with kept_logging():
        yield built[1]


@pytest.fixture
def acme() -> Iterator[ScriptedVendor]:
    """Acme, which answers for every month as the guide has it."""
    first, second = json.loads(block("json"))["replies"].values()

    def usage(request: Request) -> Answer:
        return answer(second if request.target.endswith("&page_token=p2") else first)

    with scripted({}) as server:
        server.script = EveryMonth(usage)
        yield server


class EveryMonth(dict[str, list[Scripted]]):
    """A script that has one answer to whatever is asked."""

    def __init__(self, one: Scripted) -> None:
        super().__init__()
        self._one = one

    def get(self, _key: str, _default: object = None) -> list[Scripted]:
        """Return it."""
        return [self._one]


def configured(folder: Path, url: str, more: str = "") -> Path:
    (folder / "config.yaml").write_text(
        f'accounts:\n  - {{vendor: acme, name: main, api_key: "${{ACME_API_KEY}}", base_url: "{url}"}}\n{more}'
    )
    return folder


def said(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, f"--config.file={folder / 'config.yaml'}"])


def test_the_guides_own_tests_say_what_the_page_should_be_and_then_pass(built: tuple[Path, Path]) -> None:
    tests = built[0] / "tests"
    (mark,) = runpy.run_path(str(tests / "test_acme.py"))["test_acme"].pytestmark
    questions = {str(one): one for one in mark.args[1]}

    with pytest.raises(AssertionError, match=r"expected.prom should be:") as caught:
        questions["its answers become expected.prom"]()
    page = str(caught.value).partition(":\n")[2].partition("\nand is:\n")[0]
    (tests / "expected.prom").write_text(page)
    for question in questions.values():
        question()

    assert len(questions) == QUESTIONS
    assert 'acme_gb_used{account="check",project="ci"} 0.0\n' in page
    assert page.count("acme_gb_limit") == 2


def test_a_command_knows_it_where_it_is_allowed(acme: ScriptedVendor, tmp_path: Path) -> None:
    configured(tmp_path, acme.url)

    refused = said(tmp_path, "check")
    probed = said(tmp_path, "check", ALLOWED, "--probe")
    once = said(tmp_path, "once", ALLOWED)
    status = said(tmp_path, "status", ALLOWED)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.removeprefix(str(tmp_path)) == (
        "/config.yaml:2: accounts[0].vendor: is from the distribution usage-exporter-acme 1.2.0, whose code may not"
        " run; if you trust it, start with --vendors.plugins=acme\n"
    )
    assert (probed.exit_code, "acme/main: 19 series" in probed.stdout) == (0, True), probed.output
    assert (once.exit_code, status.exit_code, "traffic" in status.stdout) == (0, 0, True)
    assert {USED, QUOTA, ORIGIN} <= {line.removesuffix(".0") for line in once.stdout.splitlines()}
    assert once.stdout.count("# TYPE acme_gb_used gauge") == 1
    assert {one.headers["x-api-key"] for one in acme.requests} == {SECRET}


def test_its_settings_are_in_the_schema(tmp_path: Path) -> None:
    configured(tmp_path, "https://api.acme.example")

    schema = json.loads(said(tmp_path, "schema", ALLOWED).stdout)

    assert schema["$defs"]["Acme"]["properties"]["api_key"]["description"] == "API key that may only read."
    assert "Acme" not in said(tmp_path, "schema").stdout


def test_one_of_three_shards_polls_it(acme: ScriptedVendor, tmp_path: Path) -> None:
    configured(tmp_path, acme.url)

    shards = [said(tmp_path, "check", ALLOWED, f"--shard={number}", "--total-shards=3").stdout for number in range(3)]

    assert sorted(one.rstrip()[-1] for one in shards) == ["0", "0", "1"]


def test_a_running_exporter_keeps_its_reading_over_a_restart_and_its_configuration_over_a_bad_one(
    acme: ScriptedVendor, tmp_path: Path
) -> None:
    arguments = ("--config.file=config.yaml", ALLOWED, ANY_PORT, "--storage.path=state", "--web.enable-lifecycle")
    configured(tmp_path, acme.url)
    with running(tmp_path, "run", *arguments) as one:
        eventually(lambda: USED in one.get("/metrics")[1])
        configured(tmp_path, acme.url, '  - {vendor: acme2, name: other, api_key: "${ACME_API_KEY}"}\n')
        assert post(f"{one.url}/-/reload") == 500
        assert "config.yaml:3: accounts[1].vendor: is not known; did you mean acme?" in one.err.read_text()
        assert USED in one.get("/metrics")[1]
        assert one.stop() == 0
    asked = len(acme.requests)
    configured(tmp_path, acme.url)
    acme.script = {}
    with running(tmp_path, "run", *arguments) as one:
        eventually(lambda: len(acme.requests) > asked)
        page = one.get("/metrics")[1]
        assert USED in page
        assert ORIGIN in page
        assert SECRET not in one.err.read_text()
        assert one.stop() == 0
