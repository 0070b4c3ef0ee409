"""A flood of passwords: few are checked, each at the same cost, and the right one is not kept waiting."""

import threading
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import bcrypt
import httpx
import pytest
from web_certificates import HASH, OTHER_HASH, PASSWORD, USER, Place, basic, protected

from exporter.web.passwords import BusyError, Passwords

pytestmark = pytest.mark.anyio
USERS = {USER: HASH, "Bob Ö": OTHER_HASH}


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("user", [USER, "between", "costly", "nobody"])
async def test_a_wrong_password_costs_the_same_whosever_it_is(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, hashes = bcrypt.checkpw, list[bytes]()

    def counted(password: bytes, hashed: bytes) -> bool:
        hashes.append(hashed)
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    users = {USER: HASH, "between": HASH.replace("$04$", "$05$"), "costly": HASH.replace("$04$", "$07$")}
    encoded = {name: hashed.encode() for name, hashed in users.items()}

    assert not await Passwords().admit(encoded, user.encode(), b"wrong")
    assert sum(2 ** int(hashed[4:6]) for hashed in hashes) == 2**7


async def test_few_passwords_wait_to_be_checked_and_of_a_network_two(monkeypatch: pytest.MonkeyPatch) -> None:
    over, check, outcomes = threading.Event(), bcrypt.checkpw, dict[tuple[str, bytes], list[str]]()

    def slow(password: bytes, hashed: bytes) -> bool:
        over.wait(30)
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    door = Passwords()

    async def ask(network: str, password: bytes) -> None:
        seen = outcomes.setdefault((network, password), [])
        try:
            seen.append(str(await door.admit({USER: HASH.encode()}, USER.encode(), password, network)))
        except BusyError:
            seen.append("busy")

    asked = [("a", b"1"), ("a", b"2"), ("a", b"3"), ("a", b"1"), ("b", b"1"), ("b", PASSWORD.encode())]
    asked += [(f"n{number}", b"other %d" % number) for number in range(6)]
    async with anyio.create_task_group() as asking:
        for network, password in asked:
            asking.start_soon(ask, network, password)
            await anyio.wait_all_tasks_blocked()
        over.set()

    assert outcomes == {
        ("a", b"1"): ["False", "False"],
        ("a", b"2"): ["False"],
        ("a", b"3"): ["busy"],
        ("b", b"1"): ["False"],
        ("b", PASSWORD.encode()): ["True"],
        **{(f"n{number}", b"other %d" % number): ["False" if number < 5 else "busy"] for number in range(6)},
    }


async def test_who_is_not_checked_for_now_may_come_back(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, two_answered = list[httpx.Response](), anyio.Event()

    async def ask(http: httpx.AsyncClient, number: int) -> None:
        seen.append(await http.get("/", headers=basic(USER, f"guess-{number}")))
        if len(seen) == 2:
            two_answered.set()

    over, check = threading.Event(), bcrypt.checkpw

    def slow(password: bytes, hashed: bytes) -> bool:
        over.wait(30)
        return check(password, hashed)

    async with protected(here.write(basic_auth_users=USERS)) as server, server.client() as http:
        monkeypatch.setattr(bcrypt, "checkpw", slow)
        async with anyio.create_task_group() as flood:
            try:
                for number in range(4):
                    flood.start_soon(ask, http, number)
                with anyio.fail_after(30):
                    await two_answered.wait()
            finally:
                over.set()
        later = await http.get("/", headers=basic(USER, PASSWORD))

    assert [one.status_code for one in seen] == [503, 503, 401, 401]
    assert seen[0].headers["retry-after"] == "1"
    assert later.status_code == 200


async def test_the_password_of_a_client_that_has_gone_is_not_checked(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, over, begun, check = list[bytes](), threading.Event(), threading.Event(), bcrypt.checkpw

    def slow(password: bytes, hashed: bytes) -> bool:
        checked.append(password)
        begun.set()
        over.wait(30)
        return check(password, hashed)

    async with protected(here.write(basic_auth_users=USERS)) as server, server.client() as http:
        monkeypatch.setattr(bcrypt, "checkpw", slow)
        async with anyio.create_task_group() as asking:
            asking.start_soon(partial(http.get, "/", headers=basic(USER, "stays")))
            assert await anyio.to_thread.run_sync(begun.wait, 30)
            async with await anyio.connect_tcp("127.0.0.1", server.port) as leaver:
                head = f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(USER, 'goes')['Authorization']}\r\n\r\n"
                await leaver.send(head.encode())
                await anyio.sleep(0.05)
            over.set()
        later = await http.get("/", headers=basic(USER, PASSWORD))

    assert later.status_code == 200
    assert checked == [b"stays", PASSWORD.encode()]
