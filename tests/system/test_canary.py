import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from canaries import (
    ALL_FORMS,
    BEHAVIOURS,
    GIVEN_OUT,
    SECRETS,
    USER,
    configuration,
    forms,
    heard,
    indiscreet_vendors,
    seen,
)
from click.testing import CliRunner
from exporter_process import ANY_PORT, ended, running
from kept_logging import kept_logging
from programs import eventually

from exporter.app.run import Outcome, poll_once
from exporter.cli.main import main
from exporter.config import Config, load
from exporter.log import FORMATS, LogFormat, configure
from exporter.metrics import Sample
from exporter.vendors.ionos.account import Ionos
from exporter.vendors.poll import Poll

pytestmark = pytest.mark.slow

IN_FILES = {name for name in SECRETS if name.endswith("_FILE")}
ENVIRONMENT = {name: secret for name, secret in SECRETS.items() if name not in IN_FILES}


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a configuration of every secret, and its file."""

    folder: Path
    file: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("canaries")
    for name in IN_FILES:
        (folder / name).write_text(f"{SECRETS[name]}\n")
    with indiscreet_vendors() as url:
        (folder / "config.yaml").write_text(configuration(url))
        yield Place(folder, folder / "config.yaml")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in ENVIRONMENT.items():
        monkeypatch.setenv(name, secret)


@pytest.mark.parametrize("form", ALL_FORMS)
def test_the_search_finds_a_secret_in_every_form(form: str) -> None:
    assert seen(f'level=error msg="the vendor said {form}, and no more"') >= {ALL_FORMS[form]}


def test_there_are_at_least_twelve_secrets_and_none_is_found_where_none_is() -> None:
    assert len({*SECRETS.values(), *GIVEN_OUT.values()}) >= 12
    assert min(map(len, ALL_FORMS)) > 15
    assert seen(f"{USER} canary- config.yaml /metrics") == set()


def test_a_check_gives_nothing_away(place: Place) -> None:
    done = ended("check", f"--config.file={place.file}", "--log.level=debug")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"accounts: {len(load(place.file).accounts)}" in done.stdout
    assert seen(done.stdout) == set()


def test_a_probe_of_vendors_that_tell_everything_gives_nothing_away(place: Place) -> None:
    done = ended("check", "--probe", f"--config.file={place.file}", "--log.level=debug", "--log.format=json")

    assert done.returncode == 1
    assert seen(done.stdout + done.stderr) == set()
    assert all(json.loads(line) for line in done.stderr.splitlines())
    for behaviour in BEHAVIOURS:
        assert f"netnut/{behaviour}-token: " in done.stdout
    assert heard == {*SECRETS, "token", "access_token"}


PAGES = (
    "/metrics", "/", "/api/v1/status", "/configuration", "/accounts/netnut/redirects-token", "/-/healthy", "/-/ready",
    "/nowhere",
)  # fmt: skip


def test_a_running_exporter_gives_nothing_away(place: Place) -> None:
    with running(place.folder, "run", ANY_PORT, "--log.level=debug") as exporter:
        eventually(lambda: exporter.get("/-/ready")[0] == 200)
        pages = [exporter.get(path)[1] for path in PAGES]
        assert 'account="redirects"' in pages[0]
        assert all("redirects" in page for page in pages[1:5])
        assert ended("status", exporter.url, "--log.level=debug").stdout.partition("\n\n")[2].startswith("VENDOR")
        command_line = Path(f"/proc/{exporter.process.pid}/cmdline").read_text()
        code = exporter.stop()

    written = exporter.out.read_text() + exporter.err.read_text()
    assert code == 0
    assert all(f"reason={reason}" in written for reason in ("auth", "redirect", "protocol", "decode", "api", "schema"))
    assert seen("\n".join([*pages, written, command_line])) == set()


NAMES = "Example company 1", "Rendered documents", "Monthly invoices", "Shop"
PERSON = "Example company 4"
"""What the sandbox's list says of somebody who is no company."""


def test_a_name_stands_on_the_pages_and_never_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path, "demo", ANY_PORT, "--interval=1s", "--log.level=debug") as exporter:
        metrics = eventually(lambda: page if all(one in (page := exporter.get("/metrics")[1]) for one in NAMES) else "")
        pages = [exporter.get(path)[1] for path in ("/api/v1/status", "/accounts/prolifi/acme")]
        exporter.stop()

    written = exporter.out.read_text() + exporter.err.read_text()
    assert all(NAMES[0] in page for page in pages)
    assert PERSON not in "".join([metrics, *pages])
    assert "level=debug" in written
    assert [name for name in (*NAMES, PERSON) if name in written] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["-h"],
        ["run", "-h"],
        ["schema"],
        ["schema", "--markdown"],
        ["metrics"],
        ["metrics", "--markdown"],
    ],
)
def test_what_only_describes_gives_nothing_away(arguments: list[str], place: Place) -> None:
    done = ended(*arguments, cwd=place.folder)

    assert done.returncode == 0
    assert done.stdout
    assert seen(done.stdout + done.stderr) == set()


@pytest.mark.parametrize("secret", SECRETS.values())
@pytest.mark.parametrize(
    "text",
    [
        "accounts: [{vendor: netnut, name: a, token: SECRET}]",
        "accounts: [{vendor: netnut, name: a, email: a, password: '${X}', token: SECRET}]",
        "accounts: [{vendor: netnut, name: SECRET}]",
        "accounts: [{vendor: SECRET, name: a}]",
        "accounts: [{vendor: netnut, name: a, intervall: SECRET, interval: SECRET, timeout: SECRET}]",
        "accounts: [{vendor: netnut, name: a, base_url: SECRET, proxy_url: SECRET, rate_limit: SECRET}]",
        "accounts: [{vendor: netnut, name: a, plan_status: SECRET, reseller: SECRET, max_series: SECRET}]",
        "accounts: [{vendor: ionos, name: a, tls: SECRET, contracts: [SECRET], datacenters: [SECRET]}]",
        "accounts: [{vendor: prolifi, name: a, customers: [SECRET], window: SECRET, include: SECRET}]",
        "accounts: [{vendor: planship, name: a, customers: SECRET, products: [SECRET], buckets: SECRET}]",
        "accounts: SECRET",
        "SECRET",
        "accounts: [{vendor: netnut, name: a, token: SECRET",
        "accounts: SECRET: SECRET",
        "accounts: [SECRET SECRET] SECRET",
        "accounts: !!SECRET",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(text: str, secret: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text.replace("SECRET", json.dumps(secret)))

    result = CliRunner().invoke(main, ["check", "--config.file", str(tmp_path / "config.yaml")])

    assert result.exit_code == 2
    assert result.stderr
    assert seen(result.output) == set()


@pytest.mark.parametrize("secret", ["canary-05.ionos-token~", "canary-03.netnut+token/=="])
def test_a_secret_in_the_userinfo_of_a_url_is_not_repeated(secret: str, tmp_path: Path) -> None:
    url = f"https://user:{secret}@example.com"
    (tmp_path / "config.yaml").write_text(
        f"accounts: [{{vendor: netnut, name: a, base_url: '{url}', proxy_url: '{url}?{secret}#{secret}'}}]"
    )

    result = CliRunner().invoke(main, ["check", "--config.file", str(tmp_path / "config.yaml")])

    assert result.exit_code == 2
    assert seen(result.output) == set()


class Broken(Ionos):
    """An account whose code has a bug that tells all."""

    async def read(self, poll: Poll) -> Iterable[Sample]:
        told = {name: form for name, secret in SECRETS.items() for form in forms(secret)}
        local = [*ALL_FORMS]
        try:
            await poll.fetch("/a bug", read=str)
        finally:
            raise RuntimeError(f"{SECRETS['IONOS_PASSWORD']} {len(told)} {len(local)} {self.auth!r}")


@pytest.mark.parametrize("form", FORMATS)
def test_a_bug_of_ours_gives_nothing_away(form: LogFormat, place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    configure("debug", form)
    accounts = load(place.file).accounts
    (one,) = [account for account in accounts if account.key == ("ionos", "server_failed")]
    broken = Broken.model_construct(**dict(one))
    outcomes: list[Outcome] = []

    page = anyio.run(poll_once, Config.model_construct(accounts=(broken,)), outcomes.append).page

    written = "".join(capfd.readouterr())
    assert "bug in the exporter" in written
    assert "RuntimeError" in written
    assert "<secret>" in written
    assert b'reason="internal"' in page
    assert seen(written + page.decode() + repr(outcomes) + str(outcomes[0].snapshot.error)) == set()


def test_no_account_shows_its_secrets_whoever_prints_it(place: Place) -> None:
    config = load(place.file)
    shown: list[Any] = [config, *config.accounts, *(account.auth for account in config.accounts)]

    assert seen("\n".join(f"{thing!r} {thing!s}" for thing in shown)) == set()
    assert "EnvironmentSecret" in repr(config)
