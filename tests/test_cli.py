import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from exporter_process import ANY_PORT, Running, ended, running, wait_until
from prometheus_client.parser import text_string_to_metric_families

from exporter import __version__, demo
from exporter.cli import main
from exporter.config import schema
from exporter.metrics import FAMILIES, VENDOR_FAMILIES
from exporter.vendors import VENDORS

LOGS = {"--log.level", "--log.format"}
WEB = {"--web.listen-address", "--web.telemetry-path"}
WORLD = {"--speed", "--seed"}
HELP = {"-h", "--help"}
HEADLINES = {"netnut_gb_used", "ionos_meter_quantity", "prolifi_event_count", "planship_lever_usage"}


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def family_names(page: str) -> set[str]:
    return {family.name for family in text_string_to_metric_families(page)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sandbox"), "sandbox", "--web.listen-address=127.0.0.1:0") as one:
        yield one


@pytest.fixture
def config(sandbox: Running, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(demo.configuration(sandbox.url, "1s", ("acme",)))
    return path


@pytest.fixture
def spoilt(config: Path) -> Path:
    """A configuration of which two accounts fail: one key is wrong, one server is not there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = config.read_text()
    text = re.sub(r"base_url: .*/ionos/billing", f"base_url: http://127.0.0.1:{port}", text)
    config.write_text(text.replace("${ACME_PROLIFI_API_KEY}", "${WRONG_KEY}"))
    return config


SECRETS = {**demo.environment(), "WRONG_KEY": "pk_this_is_not_the_key"}


@pytest.mark.parametrize("flag", ["--version"])
def test_the_version_is_said(flag: str) -> None:
    assert invoke(flag).output == f"usage-exporter, version {__version__}\n"


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("run", {"--config.file"} | WEB | LOGS),
        ("check", {"--config.file", "--probe"} | LOGS),
        ("once", {"--config.file"} | LOGS),
        ("demo", {"--interval"} | WEB | WORLD | LOGS),
        ("sandbox", {"--web.listen-address"} | WORLD | LOGS),
        ("schema", {"--markdown"}),
        ("metrics", {"--markdown"}),
        ("healthcheck", set()),
    ],
)
@pytest.mark.parametrize("help_flag", sorted(HELP))
def test_each_command_lists_its_flags_and_says_what_each_means(command: str, flags: set[str], help_flag: str) -> None:
    result = invoke(command, help_flag)

    assert result.exit_code == 0
    assert set(re.findall(r"(?<!\S)--?[a-z][a-z.-]*", result.output)) == flags | HELP
    for option in main.commands[command].params:
        assert getattr(option, "help", None) or option.param_type_name == "argument", option.name


def test_the_commands_are_listed_with_whole_sentences_and_the_exit_codes() -> None:
    output = invoke("-h").output

    listed = re.findall(r"^  (\w+) +(\S.*)$", output.split("Commands:")[1].split("Exit codes")[0], re.MULTILINE)
    assert [name for name, _ in listed] == sorted(main.commands)
    assert all(meaning.endswith(".") and not meaning.endswith("..") for _, meaning in listed)
    assert "Exit codes: 0 all is well, 1 an account failed, 2 the configuration" in output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["unheard-of"], "No such command 'unheard-of'."),
        (["run", "--unheard-of"], "No such option '--unheard-of'."),
        (["run", "--web.listen-address", "10924"], "write host:port, such as 127.0.0.1:10924"),
        (["run", "--web.telemetry-path", "metrics"], "write a path such as /metrics, not / and not below /-/"),
        (["run", "--web.telemetry-path", "/"], "write a path such as /metrics, not / and not below /-/"),
        (["run", "--web.telemetry-path", "/-/ready"], "write a path such as /metrics, not / and not below /-/"),
        (["run", "--web.telemetry-path", "/a?b"], "write a path such as /metrics, not / and not below /-/"),
        (["demo", "--interval", "5"], "write a duration with its unit, such as 30s, 5m, 1h or 1h30m"),
        (["demo", "--interval", "0s"], "must be from 1s to 365d"),
        (["demo", "--speed", "0"], "0.0 is not in the range"),
        (["check", "--log.level", "trace"], "'trace' is not one of 'debug', 'info', 'warn', 'error'"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], problem: str) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert problem in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["run", "check", "once"])
def test_a_wrong_configuration_is_exit_code_2_and_a_line_for_each_problem(command: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("accounts: [{vendor: netnut, name: a}, {vendor: nobody}]")

    result = invoke(command, "--config.file", str(tmp_path / "config.yaml"))

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "accounts[0]: no credentials: give email and password, or token (or a secret's _file)",
        "accounts[1].vendor: write one of netnut, ionos, prolifi, planship",
    ]


def test_a_configuration_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    result = ended("run", cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "config.yaml cannot be read: No such file or directory\n"


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
    assert result.stderr == f"cannot listen on {address}: Address already in use\n"


def test_a_good_configuration_is_exit_code_0(config: Path) -> None:
    result = CliRunner().invoke(main, ["check", "--config.file", str(config)], env=SECRETS)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{config}: no problem found, accounts: 4\n"


def test_a_probe_says_of_each_account_how_many_series_came_and_how_fast(config: Path) -> None:
    result = ended("check", "--probe", f"--config.file={config}", env=SECRETS)

    assert (result.returncode, result.stderr) == (0, "")
    first, *said = result.stdout.splitlines()
    assert first.endswith("no problem found, accounts: 4")
    assert sorted(re.sub(r"\d+ series in \d+\.\d\d s", "N", line) for line in said) == sorted(
        f"{vendor}/acme: N" for vendor in VENDORS
    )


def test_a_probe_says_in_words_why_an_account_failed(spoilt: Path) -> None:
    result = ended("check", "--probe", f"--config.file={spoilt}", env=SECRETS)

    assert (result.returncode, result.stderr) == (1, "")
    failed = {re.sub(r"\d+\.\d\d s", "N", line) for line in result.stdout.splitlines() if "failed" in line}
    assert failed == {
        "ionos/acme: failed after N: no connection: Connection refused (connect)",
        "prolifi/acme: failed after N: HTTP 401 (auth)",
    }
    assert re.search(r"^netnut/acme: \d+ series in ", result.stdout, re.MULTILINE)


def test_one_poll_is_printed_as_a_page(config: Path) -> None:
    result = ended("once", f"--config.file={config}", env=SECRETS)

    assert (result.returncode, result.stderr) == (0, "")
    assert family_names(result.stdout) >= HEADLINES | {"usage_exporter_account_up"}


def test_one_poll_that_fails_is_a_page_all_the_same_and_exit_code_1(spoilt: Path) -> None:
    result = ended("once", f"--config.file={spoilt}", env=SECRETS)

    assert result.returncode == 1
    assert sorted(re.findall(r"vendor=(\w+) .*reason=(\w+)", result.stderr)) == [
        ("ionos", "connect"),
        ("prolifi", "auth"),
    ]
    names = family_names(result.stdout)
    assert {"netnut_gb_used", "planship_lever_usage"} <= names
    assert not {"ionos_meter_quantity", "prolifi_event_count"} & names


def test_the_sandbox_lists_what_it_serves_and_stops_well(tmp_path: Path) -> None:
    with running(tmp_path, "sandbox", "--web.listen-address=127.0.0.1:0", "--seed=7") as sandbox:
        assert "/netnut/v1" in sandbox.get("/")[1]
        code, seconds = sandbox.stop()

    assert (code, seconds < 5) == (0, True)
    assert "the sandbox is up" in sandbox.err.read_text()


def test_the_demo_becomes_ready_serves_every_family_and_stops_well(tmp_path: Path) -> None:
    with running(tmp_path, "demo", ANY_PORT, "--interval=1s", "--log.format=json") as exporter:
        wait_until(lambda: exporter.get("/-/ready") == (200, "ready\n"), "ready")
        wait_until(
            lambda: family_names(exporter.get("/metrics")[1]) >= {family.name for family in VENDOR_FAMILIES},
            "every family is on the page",
        )
        assert exporter.get("/-/healthy") == (200, "healthy\n")
        landing = exporter.get("/")[1]
        assert all(f"<td>{vendor}</td><td>{name}</td>" in landing for vendor in VENDORS for name in ("acme", "globex"))
        assert {family.name for family in VENDOR_FAMILIES} >= HEADLINES

        healthy = invoke("healthcheck", f"{exporter.url}/-/healthy")
        assert (healthy.exit_code, healthy.output) == (0, "")
        lost = invoke("healthcheck", f"{exporter.url}/nowhere")
        assert (lost.exit_code, lost.stderr) == (1, "not healthy: HTTP 404\n")

        code, seconds = exporter.stop()

    assert (code, seconds < 5) == (0, True)
    assert exporter.out.read_text().startswith("# The configuration of this demo:\naccounts:\n")
    lines = [json.loads(line) for line in exporter.err.read_text().splitlines()]
    assert [lines[0]["msg"], lines[-1]["msg"]] == ["started", "stopping"]
    assert "error" not in {line["level"] for line in lines}


def test_a_log_that_nobody_reads_any_more_stops_nothing(spoilt: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = [sys.executable, "-m", "exporter", "run", f"--config.file={spoilt}", f"--web.listen-address={address}"]
    with subprocess.Popen(arguments, stderr=write_end, env={**os.environ, **SECRETS}) as process:
        os.close(write_end)
        try:
            url = f"http://{address}/-/ready"
            wait_until(lambda: invoke("healthcheck", url).exit_code == 0, "ready")
        finally:
            process.terminate()

        assert process.wait(5) == 0


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP 503"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no HTTP, or no URL"),
        (b"", "Remote end closed connection without response"),
    ],
)
def test_what_does_not_answer_well_is_not_healthy(answer: bytes, problem: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        speaking = threading.Thread(target=_answer_once, args=(server, answer))
        speaking.start()
        result = invoke("healthcheck", f"http://127.0.0.1:{server.getsockname()[1]}/-/healthy")
        speaking.join()

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"not healthy: {problem}\n"


def _answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def test_nothing_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/-/healthy"

    assert invoke("healthcheck", url).stderr == "not healthy: Connection refused\n"
    assert invoke("healthcheck", "10924").stderr == "not healthy: no HTTP, or no URL\n"


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
