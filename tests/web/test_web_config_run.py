"""An exporter that runs with a web configuration file, as its operator, Prometheus and a container meet it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from exporter_process import ANY_PORT, ended
from patience import DEADLINE_SECONDS
from programs import eventually, fetch, running
from servers import prometheus
from web_certificates import HASH, MUTUAL, OTHER_HASH, OTHER_PASSWORD, PASSWORD, TLS, USER, Place, place

pytestmark = pytest.mark.slow

CONFIG = "accounts: [{vendor: netnut, name: a, base_url: 'http://127.0.0.1:1', token_file: token}]"
SIGNED = (USER, PASSWORD)


@dataclass(frozen=True, slots=True)
class Exporter:
    """One that runs, and what it has written so far."""

    here: Place
    log: Path
    scheme: str
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """Where it listens, as it says in its log."""
        found = re.search(r"listening=(\S+)", self.log.read_text())
        assert found, self.log.read_text()
        return found[1]

    def url(self, path: str = "") -> str:
        """Return where a page is."""
        return f"{self.scheme}://{self.address}{path}"

    def ask(self, path: str, *, client: str = "", method: str = "GET", signed: tuple[str, str] | None = SIGNED) -> Any:
        """Ask for a page, with a certificate where one is named."""
        headers = None if signed is None else {"Authorization": httpx.BasicAuth(*map(str.encode, signed))._auth_header}  # noqa: SLF001
        return httpx.request(
            method, self.url(path), headers=headers, verify=self.here.trust(client), timeout=DEADLINE_SECONDS
        )


@contextmanager
def exporter(here: Place, sections: Mapping[str, Any], *arguments: str) -> Iterator[Exporter]:
    """Run an exporter that a web configuration of these sections protects."""
    here.write(**sections)
    (here.folder / "token").write_text("canary-16-of-a-vendor")
    (here.folder / "config.yaml").write_text(CONFIG)
    log = here.folder / "exporter.log"
    command = (sys.executable, "-m", "exporter", "run", f"--config.file={here.folder / 'config.yaml'}", ANY_PORT)
    protecting = f"--web.config.file={here.file}"
    with running(*command, protecting, "--log.level=debug", *arguments, log=log) as process:
        eventually(lambda: "listening" in log.read_text() or process.poll() is not None)
        yield Exporter(here, log, "https" if "tls_server_config" in sections else "http", process)


def place_for_scraper(folder: Path) -> Place:
    folder.mkdir(exist_ok=True)
    one = place(folder)
    one.issue("scraper", "scraper.example.com")
    return one


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place_for_scraper(tmp_path)


def healthcheck(url: str) -> tuple[int, str]:
    done = ended("healthcheck", url)
    return done.returncode, done.stderr


def scrape_job(name: str, exporter: Exporter, password: str, *, with_certificate: bool) -> dict[str, Any]:
    folder = exporter.here.folder
    certificate = {"cert_file": str(folder / "scraper.crt"), "key_file": str(folder / "scraper.key")}
    return {
        "job_name": name,
        "scheme": exporter.scheme,
        "static_configs": [{"targets": [exporter.address]}],
        "basic_auth": {"username": USER, "password": password},
        "tls_config": {"ca_file": str(folder / "ca.crt"), **(certificate if with_certificate else {})},
    }


def scrape_results(url: str, count: int) -> dict[str, tuple[str, str]]:
    """The health of each job's scrapes in Prometheus, and the last error, once each has been scraped."""

    def ask() -> dict[str, tuple[str, str]]:
        targets = json.loads(fetch(f"{url}/api/v1/targets"))["data"]["activeTargets"]
        results = {one["scrapePool"]: (one["health"], one["lastError"]) for one in targets}
        return results if len(results) == count and "unknown" not in dict(results.values()) else {}

    return eventually(ask)


def test_a_real_prometheus_scrapes_over_tls_with_its_credentials(generation: str, tmp_path: Path) -> None:
    expected = {
        "password": ("up", ""),
        "wrong-password": ("down", "server returned HTTP status 401 Unauthorized"),
        "certificate": ("up", ""),
        "no-certificate": ("down", "remote error: tls: "),
    }
    users = {USER: HASH}
    with (
        exporter(place_for_scraper(tmp_path / "tls"), {"tls_server_config": TLS, "basic_auth_users": users}) as tls,
        exporter(
            place_for_scraper(tmp_path / "mutual"), {"tls_server_config": MUTUAL, "basic_auth_users": users}
        ) as mutual,
    ):
        jobs = [
            scrape_job("password", tls, PASSWORD, with_certificate=False),
            scrape_job("wrong-password", tls, OTHER_PASSWORD, with_certificate=False),
            scrape_job("certificate", mutual, PASSWORD, with_certificate=True),
            scrape_job("no-certificate", mutual, PASSWORD, with_certificate=False),
        ]
        with prometheus(generation, tmp_path, {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}) as url:
            results = scrape_results(url, len(jobs))
            query = urlencode({"query": 'usage_exporter_account_up{account="a"}'})
            shown = eventually(lambda: json.loads(fetch(f"{url}/api/v1/query?{query}"))["data"]["result"])

    assert {job: health for job, (health, _) in results.items()} == {
        job: health for job, (health, _) in expected.items()
    }
    assert {job for job, (_, error) in expected.items() if error not in results[job][1]} == set()
    assert {one["metric"]["job"] for one in shown} <= {"password", "certificate"}


def test_certificates_and_users_rotate_in_a_running_exporter_and_a_broken_change_is_refused(here: Place) -> None:
    sections = {"tls_server_config": TLS, "basic_auth_users": {USER: HASH}}
    with exporter(here, sections) as one:
        assert one.ask("/metrics").status_code == 200
        here.write(**{**sections, "basic_auth_users": {USER: OTHER_HASH}})
        eventually(lambda: one.ask("/metrics", signed=(USER, OTHER_PASSWORD)).status_code == 200)
        assert one.ask("/metrics").status_code == 401

        (here.folder / "server.crt").write_text("junk")
        eventually(lambda: "web config reload failed; keeping previous web config" in one.log.read_text())
        assert one.log.read_text().count("password hash is weak") == 2  # at the start, and of the new one
        page = one.ask("/metrics", signed=(USER, OTHER_PASSWORD)).text
        assert "\nusage_exporter_web_config_last_reload_successful 0.0\n" in page
        assert "\nusage_exporter_web_config_reload_failures_total 1.0\n" in page
        one.process.terminate()
        assert one.process.wait(10) == 0


def test_nobody_has_the_configuration_read_again_without_the_password(here: Place) -> None:
    with exporter(here, {"basic_auth_users": {USER: HASH}}, "--web.enable-lifecycle") as one:
        assert one.ask("/-/reload", method="POST", signed=None).status_code == 401
        assert "read again" not in one.log.read_text()
        assert one.ask("/-/reload", method="POST").status_code == 200


def test_no_password_and_no_hash_is_written_or_shown(here: Place) -> None:
    sections = {"tls_server_config": TLS, "basic_auth_users": {USER: HASH}}
    with exporter(here, sections, "--web.enable-lifecycle") as one:
        pages = []
        for signed in (SIGNED, (USER, OTHER_PASSWORD), (HASH, HASH), None):
            for path in ("/metrics", "/", "/-/healthy", "/-/ready", "/nowhere"):
                answer = one.ask(path, signed=signed)
                pages.append(f"{answer.headers} {answer.text}")
        one.ask("/-/reload", method="POST")
        here.file.write_text(f"basic_auth_users: {{{USER}: {PASSWORD!r}, {HASH!r}: x}}")
        eventually(lambda: "refused" in one.log.read_text())
        log = one.log.read_text()
        command_line = Path(f"/proc/{one.process.pid}/cmdline").read_text()

    assert len(pages) == 20
    shown = "\n".join([*pages, log, command_line])
    for secret in (PASSWORD, PASSWORD.split()[0], OTHER_PASSWORD, HASH, HASH[7:]):
        assert secret not in shown
    assert (here.folder / "server.key").read_text().splitlines()[1] not in shown


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_wrong_file_is_exit_code_2_and_a_line_for_each_problem(command: str, here: Place) -> None:
    (here.folder / "token").write_text("canary-16-of-a-vendor")
    (here.folder / "config.yaml").write_text(CONFIG)
    file = here.write(tls_server_config={"cert_file": "nowhere"}, basic_auth_users={"alice": "secret"})

    done = ended(command, f"--config.file={here.folder / 'config.yaml'}", f"--web.config.file={file}")

    assert (done.returncode, done.stdout) == (2, "")
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [str(file)] * 3
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "tls_server_config.cert_file",
        "tls_server_config.key_file",
        "basic_auth_users.alice",
    ]


def test_a_good_file_passes_a_check(here: Place) -> None:
    (here.folder / "token").write_text("canary-16-of-a-vendor")
    (here.folder / "config.yaml").write_text(CONFIG)
    file = here.write(tls_server_config=MUTUAL, basic_auth_users={USER: HASH})

    done = ended("check", f"--config.file={here.folder / 'config.yaml'}", f"--web.config.file={file}")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("sections", "well"),
    [
        ({"basic_auth_users": {USER: HASH}}, True),
        ({"tls_server_config": TLS}, True),
        ({"tls_server_config": TLS, "basic_auth_users": {USER: HASH}}, True),
        ({"tls_server_config": MUTUAL}, True),
    ],
    ids=["password", "tls", "both", "client-certificate"],
)
def test_a_container_finds_it_healthy_whatever_protects_it(sections: dict[str, Any], well: bool, here: Place) -> None:
    with exporter(here, sections) as one:
        assert (healthcheck(one.url("/-/healthy"))[0] == 0) is well
        url = one.url("/-/healthy")

    assert healthcheck(url) == (1, f"not healthy: {url}: Connection refused\n")


def test_a_healthcheck_of_the_wrong_scheme_says_what_is_wrong(here: Place) -> None:
    with exporter(here, {"tls_server_config": TLS}) as one:
        url = one.url("/-/healthy").replace("https", "http")
        assert healthcheck(url) == (1, f"not healthy: {url}: HTTP 400\n")
