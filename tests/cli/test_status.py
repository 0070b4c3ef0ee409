"""`usage-exporter status`, of an exporter that runs behind TLS and a password, and of a configuration."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from exporter_process import ANY_PORT, Running, ended, running
from kept_logging import kept_logging
from programs import eventually
from web_certificates import HASH, PASSWORD, TLS, USER, Place, place

from exporter.cli import demo
from exporter.cli.main import main
from exporter.cli.status_table import render
from exporter.status.advice import ADVICE
from exporter.status.document import AccountStatus, ConfigStatus, QuotaStatus, Status
from exporter.vendors import VENDORS

SECRETS = demo.environment()
NOW = 1_000_000.0


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def status(*accounts: AccountStatus, **settings: object) -> Status:
    return Status.model_validate({"version": "1", "now": NOW, "accounts": accounts, **settings})


UP = AccountStatus(
    vendor="netnut",
    account="main",
    state="up",
    read_at=NOW - 12,
    next_poll_at=NOW + 288,
    requests_per_day=1288,
    quotas=(
        QuotaStatus(quota="traffic", subject="410692/Residential", unit="GB", used=1042.5, limit=1000,
                    period_end=NOW + 892_800, urgency="used_up", outlook="used_up"),
        QuotaStatus(quota="traffic", subject="420692/Residential", unit="GB", used=83.1, limit=500,
                    period_end=NOW + 892_800, urgency="well", outlook="end_of_period"),
    ),
)  # fmt: skip
DOWN = AccountStatus(
    vendor="ionos", account="main", state="failing", reason="auth", error="GET https://x: HTTP 401",
    failing_since=NOW - 10_800, read_at=NOW - 3600, next_poll_at=NOW + 2520,
)  # fmt: skip


def test_the_table_has_a_line_for_each_quota() -> None:
    lines = render(status(DOWN, UP), color=False).splitlines()

    assert [" ".join(line.split()) for line in lines] == [
        "2 accounts, 1 failing; 2 quotas: 1 used up",
        "",
        "VENDOR ACCOUNT STATE AGE NEXT CALLS/DAY QUOTA SUBJECT USED LIMIT USED% RESETS LASTS UNTIL",
        "ionos main auth, 3h 1h 42m",
        "netnut main up 12s 4m 48s 1,288 traffic 410692/Residential 1,042 GB 1,000 104% 10d 8h used up",
        "netnut main up traffic 420692/Residential 83.1 GB 500 16% 10d 8h end of period",
        "",
        f"ionos/main: GET https://x: HTTP 401; no figures are shown. {ADVICE['auth']}",
    ]


def many() -> Status:
    """Three accounts with eight quotas each, of which two are urgent; the last account fails."""
    urgent = {("a", 5): "critical", ("b", 3): "warning"}
    accounts = [
        AccountStatus(
            vendor="v", account=name, state="failing" if name == "c" else "up",
            quotas=tuple(
                QuotaStatus.model_validate(
                    {"quota": f"q{number}", "used": number, "limit": 10, "urgency": urgent.get((name, number), "well")}
                )
                for number in range(8)
            ),
        )
        for name in "abc"
    ]  # fmt: skip
    return status(*accounts)


def quotas_of(text: str) -> list[str]:
    return [f"{row[1]} {row[-4]}" for row in map(str.split, text.splitlines()) if row[:1] == ["v"]]


def test_of_many_quotas_the_urgent_are_shown_and_each_accounts_first() -> None:
    text = render(many(), show_all=False, color=False)

    assert quotas_of(text) == ["c q7", "a q5", "b q3"]
    assert "21 more quotas below warning: --all shows them" in text
    assert len(quotas_of(render(many(), color=False))) == 24


def test_few_are_not_folded() -> None:
    assert "more quota" not in render(status(DOWN, UP), show_all=False, color=False)


def test_a_subject_has_its_name_in_brackets() -> None:
    quotas = (
        QuotaStatus(quota="cores", subject="31909628", subject_name="Shop", used=1),
        QuotaStatus(quota="cores", subject="32100457", used=1),
    )
    lines = render(status(UP.model_copy(update={"quotas": quotas})), width=200, color=False).splitlines()

    assert [" ".join(line.partition("cores")[2].split()) for line in lines[3:5]] == ["31909628 (Shop) 1", "32100457 1"]


def test_the_table_keeps_within_the_terminal() -> None:
    lines = render(status(UP), width=80, color=False).splitlines()

    assert max(map(len, lines)) <= 80
    assert "104" in "".join(lines)


def test_nothing_that_is_shown_moves_the_cursor() -> None:
    hostile = AccountStatus(
        vendor="\x1b[2J[red]", account="\r", state="failing", error="\x1b]0;x\x07",
        quotas=(QuotaStatus(quota="\x1b[H", subject="\x9b1m", subject_name="\x1b[2J", used=1),),
    )  # fmt: skip
    problem = ConfigStatus(accepted=False, problems=("\x1b[2J",))
    text = render(status(hostile, configuration=problem), color=False)

    assert "[red]" in text
    assert not set(text) & set("\x1b\x07\x9b\r")


@pytest.fixture(scope="module")
def config(sandbox: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("status") / "config.yaml"
    text = demo.configuration(sandbox.url, "1m", ("acme",))
    path.write_text(text.replace("${ACME_PROLIFI_API_KEY}", "${WRONG_KEY}"))
    return path


@pytest.mark.slow
def test_a_configuration_is_polled_once(config: Path) -> None:
    result = ended("status", f"--config.file={config}", env={**SECRETS, "WRONG_KEY": "pk_wrong"})

    assert (result.returncode, result.stderr) == (1, "")
    first, _, head, *rows = result.stdout.splitlines()
    assert head.split()[:3] == ["VENDOR", "ACCOUNT", "STATE"]
    assert rows[0].split()[:3] == ["prolifi", "acme", "auth,"]
    assert any(row.startswith("netnut") and "410692/Residential" in row for row in rows)
    assert first.startswith(f"{len(VENDORS)} accounts, 1 failing; ")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def url(config: Path, here: Place) -> Iterator[str]:
    """An exporter behind TLS and a password."""
    here.write(tls_server_config=TLS, basic_auth_users={USER: HASH})
    arguments = (f"--config.file={config}", ANY_PORT, f"--web.config.file={here.file}")
    with running(here.folder, "run", *arguments, env={**SECRETS, "WRONG_KEY": "pk_wrong"}, is_open=False) as one:
        yield one.url.replace("http://", "https://")


def ask(url: str, here: Place, *arguments: str, **login: str) -> Result:
    sections = {"basic_auth": login} if login else {}
    file = here.folder / "client.yml"
    file.write_text(yaml.safe_dump({**sections, "tls_config": {"ca_file": "ca.crt"}}))
    return CliRunner().invoke(main, ["status", url, f"--http.config.file={file}", *arguments])


@pytest.mark.slow
def test_a_running_exporter_answers_over_tls_with_a_password(url: str, here: Place) -> None:
    (here.folder / "password").write_text(f"{PASSWORD}\n")
    results: list[Result] = []

    def is_complete() -> bool:
        results.append(ask(url, here, "--json", username=USER, password_file="password"))
        return all(account["state"] != "waiting" for account in json.loads(results[-1].stdout)["accounts"])

    eventually(is_complete)
    document = json.loads(results[-1].stdout)

    assert results[-1].exit_code == 1
    assert [account["reason"] for account in document["accounts"] if account["state"] == "failing"] == ["auth"]
    assert document["accounts"][0]["vendor"] == "prolifi"
    login = {"username": USER, "password": PASSWORD}
    assert f"{len(VENDORS)} accounts, 1 failing" in ask(url, here, **login).stdout
    chosen = ask(url, here, "--json", "--vendor=netnut", "--account=acme", **login)
    assert (chosen.exit_code, [one["vendor"] for one in json.loads(chosen.stdout)["accounts"]]) == (0, ["netnut"])
    nobody = ask(url, here, "--account=acmee", **login)
    assert (nobody.exit_code, nobody.stdout) == (2, "")
    assert "no such account; known accounts: ionos/acme, netnut/acme" in nobody.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("login", "said"),
    [
        ({}, "it asks for a password: give one with --http.config.file"),
        ({"username": USER, "password": "wrong"}, "it asks for a password: give one with --http.config.file"),
    ],
)
def test_who_has_no_password_sees_nothing(url: str, here: Place, login: dict[str, str], said: str) -> None:
    result = ask(url, here, **login)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"no status: {url}/api/v1/status: {said}\n"


@pytest.mark.slow
def test_a_certificate_that_is_not_trusted_is_said(url: str) -> None:
    result = CliRunner().invoke(main, ["status", url])

    assert result.exit_code == 1
    assert "unable to get local issuer certificate" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["http://127.0.0.1:1"], 1, "no status: http://127.0.0.1:1/api/v1/status: Connection refused; is an exporter"),
        (["ftp://127.0.0.1"], 1, "write a URL such as http://127.0.0.1:10924"),
        (["http://127.0.0.1:1", "--config.file=x"], 2, "give a URL or --config.file, not both"),
        (["--http.config.file=/none"], 2, "/none: cannot be read: No such file or directory"),
        (["--config.file=/none"], 2, "/none cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_shown_is_said(arguments: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(main, ["status", *arguments])

    assert result.exit_code == code
    assert said in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a", "write a mapping with basic_auth or tls_config"),
        ("basic_auth: 3", "basic_auth: write a mapping"),
        ("basic_auth: {username: a}", "basic_auth: give username, and password or password_file"),
        ("basic_auth: {username: a, password: b, password_file: c}", "basic_auth: give username, and password or"),
        ("basic_auth: {user: a}", "basic_auth.user: unknown key"),
        ("bearer: x", "bearer: unknown key"),
        ("tls_config: {insecure_skip_verify: 'yes'}", "tls_config.insecure_skip_verify: write true or false"),
        ("tls_config: {ca_file: none.pem}", "tls_config: a file in it cannot be read, or is not PEM"),
        ("basic_auth: {username: a, password_file: none}", "basic_auth.password_file: the file"),
    ],
)
def test_a_mistake_in_the_clients_file_is_said(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "client.yml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["status", f"--http.config.file={file}"])

    assert result.exit_code == 2
    assert f"{file}: {said}" in result.stderr
