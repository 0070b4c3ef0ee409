"""What passwords cost: each is computed once, one at a time, alike for all, and what is remembered is bounded."""

import threading
import time
from pathlib import Path

import anyio
import anyio.to_thread
import bcrypt
import pytest
from web_certificates import HASH, PASSWORD, USER, USERS, Place, Protected, basic, protected
from web_clients import status

from exporter.web import passwords
from exporter.web.passwords import Passwords

pytestmark = pytest.mark.anyio


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
