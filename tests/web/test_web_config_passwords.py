"""HTTP basic authentication: nobody gets further without the password, and nobody learns from how long that took."""

import threading
import time
from base64 import b64encode
from pathlib import Path

import anyio
import anyio.to_thread
import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from web_certificates import HASH, OTHER_HASH, OTHER_PASSWORD, PASSWORD, USER, Place, Protected, basic, protected

from exporter.web import passwords
from exporter.web.passwords import Passwords, credentials

pytestmark = pytest.mark.anyio
USERS = {USER: HASH, "Bob Ö": OTHER_HASH}
LONG = "x" * 72


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return Place(tmp_path)


class Computed(list[tuple[bytes, bytes]]):
    """Each password and hash that was computed with for a request, and how many were at once."""

    at_once = 0
    most_at_once = 0


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Computed:
    done, check = Computed(), bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        if not password:  # as a hash is read
            return check(password, hashed)
        done.append((password, hashed))
        done.at_once += 1
        done.most_at_once = max(done.at_once, done.most_at_once)
        time.sleep(0.01)
        done.at_once -= 1
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    return done


async def status(server: Protected, headers: dict[str, str], path: str = "/") -> int:
    async with server.client() as http:
        return (await http.get(path, headers=headers)).status_code


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


async def test_what_was_computed_is_remembered_right_or_wrong(here: Place, computed: Computed) -> None:
    async with protected(here.write(basic_auth_users=USERS)) as server:
        for headers in (basic(USER, PASSWORD), basic(USER, "wrong"), basic("nobody", PASSWORD)):
            first = await status(server, headers)
            again = len(computed)
            assert {await status(server, headers) for _ in range(3)} == {first}
            assert len(computed) == again

    assert len(computed) == 3


async def test_somebody_who_is_not_there_costs_what_somebody_who_is_does(here: Place, computed: Computed) -> None:
    users = {USER: HASH, "costly": HASH.replace("$04$", "$06$")}
    async with protected(here.write(basic_auth_users=users)) as server:
        assert await status(server, basic("nobody", PASSWORD)) == 401

    ((password, hashed),) = computed
    assert password == PASSWORD.encode()
    assert hashed.startswith(b"$2b$06$")
    assert hashed.decode() not in users.values()


async def test_the_hash_that_stands_for_nobody_lets_nobody_in(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda *_: True)
    async with protected(here.write(basic_auth_users=USERS)) as server:
        assert await status(server, basic(USER, "anything")) == 200
        assert await status(server, basic("nobody", "anything")) == 401


async def test_passwords_are_computed_one_at_a_time_and_each_once(here: Place, computed: Computed) -> None:
    seen: list[int] = []

    async def ask(server: Protected, number: int) -> None:
        seen.append(await status(server, basic(USER, f"guess-{number % 2}")))

    async with protected(here.write(basic_auth_users=USERS)) as server, anyio.create_task_group() as asking:
        for number in range(12):
            asking.start_soon(ask, server, number)

    assert seen == [401] * 12
    assert computed.most_at_once == 1
    assert len(computed) == 2


async def test_a_flood_of_wrong_passwords_holds_nobody_up_who_was_let_in_before(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    computing, over = threading.Event(), threading.Event()
    check = bcrypt.checkpw

    def stuck(password: bytes, hashed: bytes) -> bool:
        if password.startswith(b"guess"):
            computing.set()
            over.wait(10)
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", stuck)
    async with protected(here.write(basic_auth_users=USERS)) as server:
        assert await status(server, basic(USER, PASSWORD)) == 200
        async with anyio.create_task_group() as flood:
            for number in range(20):
                flood.start_soon(status, server, basic(USER, f"guess-{number}"))
            await anyio.to_thread.run_sync(computing.wait)
            try:
                assert await status(server, basic(USER, PASSWORD)) == 200
            finally:
                over.set()


async def test_what_is_remembered_is_bounded_and_a_flood_does_not_push_out_the_right_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "_MOST_REMEMBERED", 10)
    asked: list[bytes] = []

    def ask(password: bytes, _: bytes) -> bool:
        asked.append(password)
        return password == b"right"

    monkeypatch.setattr(bcrypt, "checkpw", ask)
    users, door = {USER: HASH.encode()}, Passwords()

    assert await door.admit(users, USER.encode(), b"right")
    for number in range(50):
        assert not await door.admit(users, USER.encode(), b"wrong-%d" % number)
        assert not await door.admit(users, USER.encode(), b"wrong as ever")
    assert await door.admit(users, USER.encode(), b"right")
    assert asked.count(b"right") == 1

    await door.admit(users, USER.encode(), b"wrong-49")
    await door.admit(users, USER.encode(), b"wrong-0")
    assert asked.count(b"wrong-49") == 1
    assert asked.count(b"wrong as ever") == 1
    assert asked.count(b"wrong-0") == 2
    assert sum(map(len, door._remembered.values())) <= 20  # noqa: SLF001 - what it holds shows nowhere else


async def test_what_is_remembered_holds_no_password_and_differs_between_processes() -> None:
    kept = []
    for _ in range(2):
        door = Passwords()
        await door.admit({USER: HASH.encode()}, USER.encode(), PASSWORD.encode())
        kept.append(repr(vars(door)))

    assert kept[0] != kept[1]
    assert all("canary" not in one and HASH[7:] not in one for one in kept)


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
