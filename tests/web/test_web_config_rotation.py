"""Certificates, users and settings change while the exporter runs."""

import os
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import trustme
from patience import DEADLINE_SECONDS
from web_certificates import (
    MUTUAL,
    OTHER_HASH,
    OTHER_PASSWORD,
    PASSWORD,
    SECTIONS,
    TLS,
    USER,
    Place,
    Protected,
    basic,
    place,
    protected,
    refreshed,
)
from web_clients import scrape

from exporter.web import protection as protection_module

pytestmark = pytest.mark.anyio


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path)


def new_authority(here: Place) -> trustme.CA:
    """Have the server's certificate issued anew, by an authority that nobody knew."""
    authority = trustme.CA()
    here.issue("server", authority=authority)
    return authority


async def test_a_new_certificate_is_used_in_new_handshakes_and_old_connections_go_on(here: Place) -> None:
    async with protected(here.write(**SECTIONS)) as server, server.client(here.trust()) as old:
        await old.get("/")
        authority = new_authority(here)
        assert await scrape(server, here.trust()) == 200
        assert await refreshed(server) == (1, 0)
        assert await scrape(server, here.trust()) == 0
        assert await scrape(server, here.trust(authority=authority)) == 200
        assert (await old.get("/metrics", headers=basic(USER, PASSWORD))).status_code == 200


async def test_users_change_from_one_request_to_the_next_on_the_same_connection(here: Place) -> None:
    async with protected(here.write(**SECTIONS)) as server, server.client(here.trust()) as http:

        async def status(password: str) -> int:
            return (await http.get("/", headers=basic(USER, password))).status_code

        assert [await status(PASSWORD), await status(OTHER_PASSWORD)] == [200, 401]
        here.write(**{**SECTIONS, "basic_auth_users": {USER: OTHER_HASH}})
        assert await refreshed(server) == (1, 0)
        assert [await status(PASSWORD), await status(OTHER_PASSWORD)] == [401, 200]
        here.write(**{**SECTIONS, "basic_auth_users": {"somebody": OTHER_HASH}})
        assert await refreshed(server) == (1, 0)
        assert [await status(PASSWORD), await status(OTHER_PASSWORD)] == [401, 401]


async def test_clients_that_are_let_in_change_with_their_authority(here: Place, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = place(tmp_path / "other")
    here.issue("first")
    other.issue("second")
    other.authority.cert_pem.write_to_path(str(tmp_path / "other" / "ca.crt"))
    first = here.trust("first")
    second = here.trust()
    second.load_cert_chain(other.folder / "second.crt", other.folder / "second.key")
    async with protected(here.write(tls_server_config=MUTUAL)) as server:
        assert [await scrape(server, first), await scrape(server, second)] == [200, 0]
        shutil.copy(other.folder / "ca.crt", here.folder / "ca.crt")
        assert await refreshed(server) == (1, 0)
        assert [await scrape(server, first), await scrape(server, second)] == [0, 200]


async def test_headers_and_versions_change_too(here: Place) -> None:
    async with protected(here.write(tls_server_config=TLS)) as server:
        here.write(
            tls_server_config={**TLS, "min_version": "TLS13"},
            http_server_config={"headers": {"X-Frame-Options": "sameorigin"}},
        )
        await refreshed(server)
        old = here.trust()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await scrape(server, old) == 0
        async with server.client(here.trust()) as http:
            answer = await http.get("/")

    assert answer.headers.get_list("x-frame-options") == ["sameorigin"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_files_that_did_not_change_are_not_read_again(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async with protected(here.write(**SECTIONS)) as server:
        monkeypatch.setattr(protection_module, "load", lambda _: 1 // 0)
        assert await refreshed(server) == (1, 0)


def written_over(here: Place, other: Path) -> None:
    for name in ("server.crt", "server.key"):
        (here.folder / name).write_bytes((other / name).read_bytes())


def renamed(here: Place, other: Path) -> None:
    for name in ("server.crt", "server.key"):
        os.replace(other / name, here.folder / name)  # noqa: PTH105 - what tools call


def link_moved(here: Place, other: Path) -> None:
    (here.folder / "new-link").symlink_to(other)
    (here.folder / "new-link").replace(here.folder / "current")


@pytest.mark.parametrize("rotate", [written_over, renamed, link_moved])
async def test_a_certificate_is_rotated_as_tools_do_it(
    rotate: Callable[[Place, Path], None], here: Place, tmp_path: Path
) -> None:
    """A link that moves is how Kubernetes changes the files of a mounted secret."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    other = place(tmp_path / "second")
    (here.folder / "current").symlink_to("first")
    names = TLS
    if rotate is link_moved:
        for name in ("server.crt", "server.key"):
            shutil.move(here.folder / name, here.folder / "first" / name)
        names = {key: f"current/{value}" for key, value in TLS.items()}
    async with protected(here.write(tls_server_config=names)) as server:
        assert await scrape(server, here.trust()) == 200
        rotate(here, other.folder)
        assert await refreshed(server) == (1, 0)
        assert await scrape(server, other.trust()) == 200


async def test_a_link_that_is_moved_back_to_the_files_that_were_good_is_good_again(here: Place) -> None:
    good, bad, link = here.folder / "good", here.folder / "bad", here.folder / "current"
    for folder in (good, bad):
        folder.mkdir()
        for name in ("server.crt", "server.key"):
            shutil.copy(here.folder / name, folder / name)
    (bad / "server.key").write_text("junk")
    link.symlink_to(good)
    async with protected(here.write(tls_server_config={k: f"current/{v}" for k, v in TLS.items()})) as server:
        seen = []
        for folder in (bad, good):
            link.unlink()
            link.symlink_to(folder)
            seen.append(await refreshed(server))

    assert seen == [(0, 1), (1, 1)]


@asynccontextmanager
async def watched(server: Protected) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.protection.reload_when_changed, server.loading)
        yield
        tasks.cancel_scope.cancel()


async def test_the_files_are_looked_at_all_the_time(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection_module, "LOOK_SECONDS", 0.01)
    async with protected(here.write(**SECTIONS)) as server, watched(server):
        authority = new_authority(here)
        with anyio.fail_after(DEADLINE_SECONDS):
            while await scrape(server, here.trust(authority=authority)) != 200:  # noqa: ASYNC110 - a file has no event
                await anyio.sleep(0.01)
