"""HTTP basic authentication: nobody gets further without the password."""

from base64 import b64encode
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from web_certificates import HASH, OTHER_HASH, OTHER_PASSWORD, PASSWORD, USER, USERS, Place, basic, protected
from web_clients import status

from exporter.web.passwords import Passwords, credentials

pytestmark = pytest.mark.anyio
LONG = "x" * 72


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("method", "path", "answered"),
    [
        ("GET", "/metrics", 200),
        ("HEAD", "/metrics", 200),
        ("GET", "/", 200),
        ("GET", "/-/healthy", 200),
        ("GET", "/-/ready", 200),
        ("POST", "/-/reload", 403),
        ("GET", "/-/reload", 405),
        ("GET", "/nowhere", 404),
        ("DELETE", "/metrics", 405),
    ],
)
async def test_no_page_is_there_without_the_password(method: str, path: str, answered: int, here: Place) -> None:
    async with protected(here.write(basic_auth_users=USERS)) as server, server.client() as http:
        without = await http.request(method, path)
        wrong = await http.request(method, path, headers=basic(USER, OTHER_PASSWORD))
        right = await http.request(method, path, headers=basic(USER, PASSWORD))

    assert right.status_code == answered
    assert without.headers["www-authenticate"] == 'Basic realm="usage-exporter", charset="UTF-8"'
    for refused in (without, wrong):
        assert refused.status_code == 401
        assert refused.text == ("" if method == "HEAD" else "sign in\n")
        assert set(refused.headers) == {"content-type", "content-length", "www-authenticate", "date"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (basic(USER, PASSWORD), 200),
        (basic("Bob Ö", OTHER_PASSWORD), 200),
        ({"Authorization": basic(USER, PASSWORD)["Authorization"].replace("Basic", "bAsIc ")}, 200),
        (basic(USER, OTHER_PASSWORD), 401),
        (basic("Bob Ö", PASSWORD), 401),
        (basic("Bob Ö".encode("latin-1"), OTHER_PASSWORD), 401),
        (basic("nobody", PASSWORD), 401),
        (basic(USER.upper(), PASSWORD), 401),
        (basic("", ""), 401),
        (basic(USER, ""), 401),
        (basic(USER, HASH), 401),
        (basic(USER, PASSWORD + "\0"), 401),
        (basic(USER, b"\xff\xfe\x00"), 401),
        (basic(USER, PASSWORD + "x" * 72), 401),
        (basic(USER, "x" * 10_000), 401),
        ({"Authorization": basic(USER, PASSWORD)["Authorization"].replace("Basic", "Bearer")}, 401),
        ({"Authorization": f"Basic {USER}:{PASSWORD}".encode("ascii", "replace").decode()}, 401),
        ({"Authorization": "Basic"}, 401),
        ({"Authorization": "Basic ===="}, 401),
        ({"Authorization": "Basic cHJvbWV0aGV1cw=="}, 401),
        ({"Proxy-Authorization": basic(USER, PASSWORD)["Authorization"]}, 401),
    ],
    ids=lambda one: str(one)[:60],
)
async def test_a_request_is_answered_by_its_credentials(headers: dict[str, str], expected: int, here: Place) -> None:
    async with protected(here.write(basic_auth_users=USERS)) as server:
        assert [await status(server, headers) for _ in range(2)] == [expected] * 2


async def test_two_credentials_at_once_are_none(here: Place) -> None:
    wrong, right = basic(USER, OTHER_PASSWORD)["Authorization"], basic(USER, PASSWORD)["Authorization"]
    async with protected(here.write(basic_auth_users=USERS)) as server, server.client() as http:
        for pair in ((right, wrong), (wrong, right), (right, right)):
            assert (await http.get("/", headers=[("Authorization", one) for one in pair])).status_code == 401


async def test_a_password_that_only_begins_like_the_one_of_72_bytes_is_refused(here: Place) -> None:
    users = {USER: bcrypt.hashpw(LONG.encode(), bcrypt.gensalt(4)).decode()}
    async with protected(here.write(basic_auth_users=users)) as server:
        assert await status(server, basic(USER, LONG)) == 200
        assert await status(server, basic(USER, LONG + "y")) == 401


async def test_the_hash_that_stands_for_nobody_lets_nobody_in(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda *_: True)
    async with protected(here.write(basic_auth_users=USERS)) as server:
        assert await status(server, basic(USER, "anything")) == 200
        assert await status(server, basic("nobody", "anything")) == 401


async def test_whose_password_was_right_is_not_mixed_up() -> None:
    users, door = {"a": HASH.encode(), "ab": OTHER_HASH.encode()}, Passwords()

    assert await door.admit(users, b"a", PASSWORD.encode())
    assert not await door.admit(users, b"ab", PASSWORD.encode())
    assert not await door.admit({"a": OTHER_HASH.encode()}, b"a", PASSWORD.encode())


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Basic YTpi", (b"a", b"b")),
        (b"basic  YTpi ", (b"a", b"b")),
        (b"Basic YTpiOmM=", (b"a", b"b:c")),
        (b"Basic Og==", (b"", b"")),
        (b"Basic YQ==", None),
        (b"Basic YTpi!", None),
        (b"Basic YTpi\xff", None),
        (b"Digest YTpi", None),
        (b"", None),
    ],
)
async def test_credentials_are_read_from_a_header(header: bytes, found: tuple[bytes, bytes] | None) -> None:
    assert credentials(header) == found


@given(st.binary())
def test_whatever_stands_in_the_header_is_read_or_is_none(header: bytes) -> None:
    for one in (header, b"Basic " + header, b"Basic " + b64encode(header)):
        found = credentials(one)
        assert found is None or b":" not in found[0]


async def test_a_cheap_hash_is_warned_of_by_the_name_of_its_user(here: Place) -> None:
    enough = HASH.replace("$04$", "$10$")
    async with protected(here.write(basic_auth_users={"a": HASH, "b": enough})) as server:
        with capture_logs() as logs:
            server.protection.warn_weak_hashes()

    assert [(log["user"], log["cost"]) for log in logs] == [("a", 4)]
