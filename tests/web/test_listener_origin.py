"""What a page of another site can have an operator's browser send, and what of it is refused."""

import socket
from pathlib import Path

import pytest
from exporter_process import ANY_PORT, Running, running
from programs import eventually

from exporter.cli import demo
from exporter.web.origin import refusal

CROSS_SITE = "refused: another site's page sent this request\n"
FOREIGN_HOST = (
    "refused: this address serves this machine only, and the Host header names another;"
    " make the proxy send Host: localhost\n"
)


@pytest.mark.parametrize(
    ("method", "headers", "text"),
    [
        ("POST", {}, ""),
        ("POST", {"sec-fetch-site": "same-origin"}, ""),
        ("POST", {"sec-fetch-site": "none"}, ""),
        ("POST", {"sec-fetch-site": "cross-site"}, CROSS_SITE),
        ("POST", {"sec-fetch-site": "same-site"}, CROSS_SITE),
        ("DELETE", {"sec-fetch-site": "cross-site"}, CROSS_SITE),
        ("GET", {"sec-fetch-site": "cross-site"}, ""),
        ("POST", {"sec-fetch-site": "same-origin", "origin": "https://behind.example"}, ""),
        ("POST", {"origin": "http://localhost:1"}, ""),
        ("POST", {"origin": "https://LOCALHOST:1"}, ""),
        ("POST", {"origin": "http://localhost:2"}, CROSS_SITE),
        ("POST", {"origin": "http://evil.example"}, CROSS_SITE),
        ("POST", {"origin": "null"}, CROSS_SITE),
        ("GET", {"origin": "http://evil.example"}, ""),
    ],
)
def test_a_request_that_changes_something_comes_from_our_own_pages(
    method: str, headers: dict[str, str], text: str
) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in {"host": "localhost:1", **headers}.items()]

    assert refusal(method, encoded, local_only=True) == text
    assert refusal(method, encoded, local_only=False) == text


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST:10924", True),
        ("localhost.:10924", True),
        ("exporter.localhost", True),
        ("127.0.0.1:10924", True),
        ("[::1]:10924", True),
        ("[::1]", True),
        ("192.0.2.1", True),
        ("usage-exporter:10924", True),
        ("", True),
        ("evil.example", False),
        ("evil.example:10924", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evillocalhost.example.", False),
        ("0x7f.1", False),
        ("[evil.example]", False),
    ],
)
def test_where_only_this_machine_can_reach_it_a_name_of_a_site_is_refused(host: str, local: bool) -> None:
    headers = [(b"host", host.encode())]

    assert refusal("GET", headers, local_only=True) == ("" if local else FOREIGN_HOST)
    assert not refusal("GET", headers, local_only=False)


def test_a_request_without_a_host_is_none_of_a_browsers() -> None:
    assert not refusal("GET", [], local_only=True)


def status(server: Running, request: str) -> str:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as one:
        one.sendall(request.replace("\n", "\r\n").encode() + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        return one.recv(12).decode()


@pytest.mark.slow
def test_a_running_exporter_refuses_what_another_site_sends(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(demo.configuration("http://127.0.0.1:1", "1h"))
    arguments = ("--config.file=config.yaml", "--web.enable-lifecycle", ANY_PORT)
    with running(tmp_path, "run", *arguments, env=demo.environment()) as server:
        answers = [
            status(server, "POST /-/reload HTTP/1.1\nHost: localhost\nOrigin: http://evil.example\n"),
            status(server, "GET /metrics HTTP/1.1\nHost: evil.example\n"),
            status(server, "GET http://evil.example/metrics HTTP/1.1\nHost: localhost\n"),
            status(server, "POST /-/reload HTTP/1.1\nHost: localhost\n"),
        ]

    assert answers == ["HTTP/1.1 403"] * 3 + ["HTTP/1.1 200"]


@pytest.mark.slow
def test_a_running_sandbox_takes_no_faults_from_another_site(tmp_path: Path) -> None:
    with running(tmp_path, "sandbox", ANY_PORT) as server:
        answers = [
            status(server, f"{method} /-/faults HTTP/1.1\nHost: localhost\nSec-Fetch-Site: {site}\n")
            for method in ("POST", "DELETE")
            for site in ("cross-site", "none")
        ]

    assert answers == ["HTTP/1.1 403", "HTTP/1.1 201", "HTTP/1.1 403", "HTTP/1.1 204"]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "warned"), [("run", True), ("sandbox", True), ("demo", False)])
def test_what_other_machines_reach_says_so_unless_it_is_made_for_that(
    command: str, warned: bool, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(demo.configuration("http://127.0.0.1:1", "1h"))
    arguments = ("--config.file=config.yaml",) if command == "run" else ()
    with running(tmp_path, command, "--web.listen-address=0.0.0.0:0", *arguments, env=demo.environment()) as server:
        eventually(lambda: server.get("/")[0] == 200)
        logged = server.err.read_text()

    assert ("pages are reachable from other machines" in logged) == warned
    assert command != "demo" or "level=warning" not in logged
