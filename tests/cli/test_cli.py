import json
import platform
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from configurations import KNOWN
from exporter_process import ended
from kept_logging import kept_logging

from exporter import __version__
from exporter.cli.catalogue import FAMILIES
from exporter.cli.main import main
from exporter.config import schema
from exporter.rules.thresholds import Thresholds

LOGS = {"--log.level", "--log.format"}
RELOAD = {"--config.auto-reload", "--config.auto-reload-interval", "--web.enable-lifecycle"}
WEB = {"--web.listen-address", "--web.telemetry-path"}
WORLD = {"--speed", "--seed"}
SHARD = {"--shard", "--total-shards"}
HELP = {"-h", "--help"}
THRESHOLDS = {f"--{one.name.replace('_', '-')}" for one in fields(Thresholds)}


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("flag", ["--version"])
def test_the_version_is_said(flag: str) -> None:
    assert invoke(flag).output == f"usage-exporter, version {__version__} (Python {platform.python_version()})\n"


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        (
            "run",
            {"--vendors.plugins", "--config.file", "--storage.path", "--web.config.file"} | SHARD | WEB | LOGS | RELOAD,
        ),
        ("check", {"--vendors.plugins", "--config.file", "--plan", "--probe", "--web.config.file"} | SHARD | LOGS),
        ("hash-password", set()),
        ("dashboards", set()),
        ("example", set()),
        (
            "status",
            {"--vendors.plugins", "--config.file", "--http.config.file", "--json", "--all", "--vendor", "--account"}
            | SHARD
            | LOGS,
        ),
        ("once", {"--vendors.plugins", "--config.file"} | SHARD | LOGS),
        ("demo", {"--interval"} | WEB | WORLD | LOGS),
        ("sandbox", {"--web.listen-address", "--fault", "--vendor-file", "--replies"} | WORLD | LOGS),
        ("schema", {"--vendors.plugins", "--markdown", "--config.file"}),
        ("metrics", {"--markdown"}),
        ("rules", {"--job", "--runbook-url", "--grafana-url", "--keep-labels", "--account-labels"} | THRESHOLDS),
        ("healthcheck", set()),
        ("vendor", set()),
        ("completion", set()),
    ],
)
@pytest.mark.parametrize("help_flag", sorted(HELP))
def test_each_command_lists_its_flags_and_says_what_each_means(command: str, flags: set[str], help_flag: str) -> None:
    result = invoke(command, help_flag)

    assert result.exit_code == 0
    assert set(re.findall(r"(?<!\S)--?[a-z][a-z0-9.-]*", result.output)) == flags | HELP
    for option in main.commands[command].params:
        assert getattr(option, "help", None) or option.param_type_name == "argument", option.name


def test_the_commands_are_listed_with_whole_sentences_and_the_exit_codes() -> None:
    output = invoke("-h").output

    listed = re.findall(r"^  ([\w-]+) +(\S.*)$", output.split("Commands:")[1].split("Exit codes")[0], re.MULTILINE)
    assert [name for name, _ in listed] == sorted(main.commands)
    assert all(meaning.endswith(".") and not meaning.endswith("..") for _, meaning in listed)
    assert "Exit codes: 0 success, 1 an account failed, 2 the configuration" in output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["unheard-of"], "No such command 'unheard-of'."),
        (["run", "--unheard-of"], "No such option '--unheard-of'."),
        (["run", "--web.listen-address", "10924"], "write host:port, such as 127.0.0.1:10924"),
        (["--config.file=x"], "--config.file belongs to a command; did you mean usage-exporter run --config.file=...?"),
        (["--nonsense"], "No such option '--nonsense'"),
        (["run", "--web.telemetry-path", "metrics"], "write a path such as /metrics, not / and none"),
        (["run", "--web.telemetry-path", "/"], "write a path such as /metrics, not / and none"),
        (["run", "--web.telemetry-path", "/-/ready"], "write a path such as /metrics, not / and none"),
        (["run", "--web.telemetry-path", "/api/v1"], "write a path such as /metrics, not / and none"),
        (["run", "--web.telemetry-path", "/a?b"], "write a path such as /metrics, not / and none"),
        (["demo", "--interval", "5"], "write a duration with its unit, such as 30s, 5m, 1h or 1h30m"),
        (["demo", "--interval", "0s"], "must be from 1s to 365d"),
        (["demo", "--speed", "0"], "0.0 is not in the range"),
        (["sandbox", "--fault", "netnut:status=503"], "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        (["sandbox", "--fault", "netnut:*:stat=503"], "unknown fault 'stat'; write one of: refuse, hang, drip, "),
        (["run", "--shard=1"], "--shard is 1 and --total-shards is 1: shards are counted from 0"),
        (["once", "--shard=3", "--total-shards=3"], "so --shard must be below --total-shards."),
        (["check", "--shard=-1", "--total-shards=3"], "Invalid value for '--shard': -1 is not in the range x>=0."),
        (["check", "--total-shards=0"], "Invalid value for '--total-shards': 0 is not in the range x>=1."),
        (["run", "--shard=usage-exporter-2"], "'usage-exporter-2' is not a valid integer range."),
        (["check", "--log.level", "trace"], "'trace' is not one of 'debug', 'info', 'warn', 'warning', 'error'"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], problem: str) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert problem in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["run", "check", "once"])
def test_a_wrong_configuration_is_exit_code_2_and_a_line_for_each_problem(command: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("accounts: [{vendor: netnut, name: a}, {vendor: nobody}]")

    result = invoke(command, "--config.file", str(file))

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f"{file}:1 (netnut/a): no credentials: give email and password, or token (or a secret's _file)",
        f"{file}:1: accounts[1].vendor: write one of {KNOWN}",
        f"{file}: 2 problems found",
    ]


def test_a_configuration_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    result = ended("run", cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "config.yaml cannot be read: No such file or directory\n"
        "to start from an example with every setting: usage-exporter example > config.yaml\n"
    )


@pytest.mark.parametrize("command", ["run", "demo", "sandbox"])
def test_a_port_that_is_taken_is_exit_code_3_and_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")
    (tmp_path / "config.yaml").write_text("accounts: [{vendor: netnut, name: a, token: '${TOKEN}'}]")
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        result = invoke(command, "--web.listen-address", address)

    assert (result.exit_code, result.stdout) == (3, "")
    hint = "choose another with --web.listen-address=HOST:PORT"
    assert result.stderr == f"cannot listen on {address}: Address already in use; {hint}\n"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP 503"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "it does not speak HTTP, or that is not a URL"),
        (b"", "Remote end closed connection without response"),
    ],
)
def test_what_does_not_answer_well_is_not_healthy(answer: bytes, problem: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        speaking = threading.Thread(target=_answer_once, args=(server, answer))
        speaking.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/-/healthy"
        result = invoke("healthcheck", url)
        speaking.join()

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"not healthy: {url}: {problem}\n"


def _answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def test_nothing_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/-/healthy"

    assert invoke("healthcheck", url).stderr == f"not healthy: {url}: Connection refused\n"
    assert invoke("healthcheck", "10924").stderr == "not healthy: 10924: it does not speak HTTP, or that is not a URL\n"


@pytest.mark.parametrize("arguments", [["metrics"], ["metrics", "--markdown"]])
def test_the_catalogue_holds_every_family_and_its_meaning(arguments: list[str]) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 0
    for family in FAMILIES:
        assert re.search(rf"^[|` ]*{family.name}\b.*$", result.output, re.MULTILINE), family.name
        assert family.summary in result.output


def test_the_schema_is_printed_as_json_and_the_settings_as_markdown() -> None:
    assert json.loads(invoke("schema").output) == schema()
    assert invoke("schema", "--markdown").output.startswith("# Configuration\n")


def test_the_module_and_the_command_are_the_same_program(tmp_path: Path) -> None:
    assert ended("--version", cwd=tmp_path).stdout == invoke("--version").output


def test_rules_are_printed_as_they_are_shipped() -> None:
    shipped = Path(__file__).parents[2] / "prometheus" / "rules"
    groups = [
        group
        for name in ("usage-recording.yml", "usage-alerts.yml")
        for group in yaml.safe_load((shipped / name).read_text())["groups"]
    ]

    assert yaml.safe_load(invoke("rules").output) == {"groups": groups}


def test_rules_take_thresholds_of_the_operators_own() -> None:
    printed = invoke("rules", "--quota-warning=0.7", "--quota-warning-for=20m", "--job=billing").output

    (warning,) = [
        rule
        for group in yaml.safe_load(printed)["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "UsageQuotaHigh" and rule["labels"]["severity"] == "warning"
    ]
    assert "usage:quota_warning:ratio" in warning["expr"]
    assert re.search(r"usage:quota_high:ratio >= 0\.7 unless", printed)
    assert warning["for"] == "20m"
    assert "usage-exporter" not in re.sub(r"(runbook_url: |# ).*", "", printed)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--quota-warning=0.99", "quota_warning must not be above quota_critical"),
        ("--quota-warning=0", "quota_warning must be a number above 0"),
        ("--quota-warning=80%", "'80%' is not a valid float"),
        ("--quota-warning-for=15", "write a duration with its unit"),
        ("--grafana-url=grafana", "grafana_url must be a URL"),
        ("--job=", "job must be the name of a scrape job"),
    ],
)
def test_rules_refuse_what_makes_no_rules(argument: str, said: str) -> None:
    result = invoke("rules", argument)

    assert result.exit_code == 2
    assert said in result.output
