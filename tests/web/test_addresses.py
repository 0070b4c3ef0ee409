import socket

import pytest
from patience import DEADLINE_SECONDS

from exporter.web.addresses import address_of, listen, split_address


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("127.0.0.1:10924", "127.0.0.1", 10924),
        (":10924", "", 10924),
        ("0.0.0.0:1", "0.0.0.0", 1),  # noqa: S104 - how a user may write it
        ("[::1]:65535", "::1", 65535),
        ("[::]:0", "::", 0),
        ("localhost:80", "localhost", 80),
    ],
)
def test_an_address_is_split_into_host_and_port(address: str, host: str, port: int) -> None:
    assert split_address(address) == (host, port)


HOST_PORT = "write host:port, such as 127.0.0.1:10924"
BRACKETS = r"write an IPv6 address in brackets, such as \[::1\]:10924"


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", HOST_PORT),
        ("10924", HOST_PORT),
        ("localhost", HOST_PORT),
        ("127.0.0.1:", HOST_PORT),
        ("127.0.0.1:http", HOST_PORT),
        ("127.0.0.1:-1", HOST_PORT),
        ("127.0.0.1:65536", "write a port of at most 65535"),
        ("127.0.0.1:²", HOST_PORT),
        ("127.0.0.1:٣", HOST_PORT),
        ("::1:80", BRACKETS),
        ("[::1:80", BRACKETS),
    ],
)
def test_another_text_is_no_address(address: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        split_address(address)


def test_what_is_listened_on_can_be_connected_to() -> None:
    sockets = listen(["127.0.0.1:0", "localhost:0"])

    assert len({address_of(one) for one in sockets}) == 2
    for one in sockets:
        with one, socket.create_connection(split_address(address_of(one)), timeout=DEADLINE_SECONDS):
            pass


@pytest.mark.parametrize("address", [":0", "[::]:0"])
def test_no_host_is_every_interface_by_both_protocols(address: str) -> None:
    (one,) = listen([address])
    with one:
        port = one.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS):
            pass
        if socket.has_dualstack_ipv6():
            assert address_of(one) == f"[::]:{port}"
            with socket.create_connection(("::1", port), timeout=DEADLINE_SECONDS):
                pass


def test_an_ipv6_address_is_shown_as_it_is_written() -> None:
    (one,) = listen(["[::1]:0"])
    with one:
        assert address_of(one) == f"[::1]:{one.getsockname()[1]}"


def test_an_address_in_use_is_said_in_one_line_and_no_other_stays_open() -> None:
    (taken,) = listen(["127.0.0.1:0"])
    with taken:
        free = free_port()

        with pytest.raises(OSError, match="Address already in use") as raised:
            listen([f"127.0.0.1:{free}", address_of(taken)])

        assert raised.value.strerror == f"cannot listen on {address_of(taken)}: Address already in use"
        (again,) = listen([f"127.0.0.1:{free}"])
        again.close()


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_host_name_that_is_none_is_said(host: str) -> None:
    with pytest.raises(OSError, match="cannot listen") as raised:
        listen([f"{host}:0"])

    assert raised.value.strerror == f"cannot listen on {host}:0: the host name has no address on this machine"


def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(OSError, match="cannot listen") as raised:
        listen(["192.0.2.1:0"])

    assert raised.value.strerror == "cannot listen on 192.0.2.1:0: Cannot assign requested address"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port
