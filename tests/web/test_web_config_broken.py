"""A change of the web configuration that cannot be used, or that takes a protection away, changes nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from web_certificates import MUTUAL, OTHER_PASSWORD, SECTIONS, TLS, Place, place, protected, refreshed
from web_clients import scrape

from exporter.web import protection as protection_module

pytestmark = pytest.mark.anyio


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path)


def junk_certificate(here: Place) -> None:
    (here.folder / "server.crt").write_text("junk")


def key_of_another(here: Place) -> None:
    here.issue("other")
    shutil.copy(here.folder / "other.key", here.folder / "server.key")


def no_key(here: Place) -> None:
    (here.folder / "server.key").unlink()


def half_a_file(here: Place) -> None:
    here.file.write_text(here.file.read_text()[:-30])


def file_without(section: str) -> Callable[[Place], None]:
    def cut(here: Place) -> None:
        here.write(**{name: value for name, value in SECTIONS.items() if name != section})

    return cut


BREAKS: list[tuple[Callable[[Place], object], str]] = [
    (junk_certificate, "tls_server_config.cert_file: the file HERE/server.crt holds no certificate in PEM"),
    (key_of_another, "tls_server_config.key_file: the file HERE/server.key holds the key of another certificate"),
    (no_key, "tls_server_config.key_file: the file HERE/server.key cannot be read (No such file or directory)"),
    (half_a_file, "basic_auth_users.prometheus: write the bcrypt hash of a password"),
    (lambda here: here.file.write_text(""), "write a mapping with at least one of"),
    (lambda here: here.file.unlink(), "cannot be read: No such file or directory"),
    (lambda here: here.write(**SECTIONS, x=1), "x: unknown key"),
    (file_without("tls_server_config"), "tls_server_config: is switched on or off by a restart only"),
    (file_without("basic_auth_users"), "basic_auth_users: is switched on or off by a restart only"),
]


@pytest.mark.parametrize(("break_it", "said"), BREAKS, ids=[one[1][:50] for one in BREAKS])
async def test_a_broken_change_keeps_the_old_counts_and_is_said_once(
    break_it: Callable[[Place], object], said: str, here: Place, tmp_path: Path
) -> None:
    file = here.write(**SECTIONS)
    kept = {path: path.read_bytes() for path in (file, here.folder / "server.crt", here.folder / "server.key")}
    async with protected(file) as server:
        with capture_logs() as logs:
            break_it(here)
            assert [await refreshed(server) for _ in range(3)] == [(0, 1)] * 3
            assert await scrape(server, here.trust()) == 200
            assert await scrape(server, here.trust(), OTHER_PASSWORD) == 401
        for path, content in kept.items():
            path.write_bytes(content)
        assert await refreshed(server) == (1, 1)
        assert await scrape(server, here.trust()) == 200

    (log,) = [log for log in logs if log["log_level"] == "error"]
    assert log["problem"].replace(str(tmp_path), "HERE").startswith(said)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({**TLS}, "tls_server_config.client_auth_type"),
        ({**MUTUAL, "client_auth_type": "VerifyClientCertIfGiven"}, "tls_server_config.client_auth_type"),
        (MUTUAL, "tls_server_config.client_allowed_sans"),
    ],
)
async def test_a_demand_for_a_certificate_does_not_end_in_a_running_exporter(
    later: dict[str, str], said: str, here: Place
) -> None:
    """A file that is read while it is being written may end after any line."""
    demanding = {**MUTUAL, "client_allowed_sans": ["x.example.com"]}
    demanding = demanding if later is MUTUAL else {**MUTUAL}
    async with protected(here.write(tls_server_config=demanding)) as server:
        here.write(tls_server_config=later)
        with capture_logs() as logs:
            assert await refreshed(server) == (0, 1)
        assert await scrape(server, here.trust()) == 0

    assert [log["problem"].partition(":")[0] for log in logs] == [said]


async def test_protections_are_not_added_to_a_running_exporter_either(here: Place) -> None:
    async with protected(here.write(http_server_config={"http2": False})) as server:
        here.write(**SECTIONS)
        assert await refreshed(server) == (0, 1)
        assert await scrape(server, None) == 200


async def test_another_mistake_is_counted_and_said_anew(here: Place) -> None:
    async with protected(here.write(**SECTIONS)) as server:
        here.file.write_text("")
        assert await refreshed(server) == (0, 1)
        here.file.unlink()
        assert await refreshed(server) == (0, 2)


async def test_a_bug_while_it_is_read_again_ends_nothing(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected(here.write(**SECTIONS)) as server:
        here.write(**SECTIONS)
        monkeypatch.setattr(protection_module, "load", lambda _: 1 // 0)
        assert await refreshed(server) == (0, 1)
        assert await scrape(server, here.trust()) == 200
