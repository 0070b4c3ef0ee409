"""Faults of the connection do on the wire what they say: silence, cuts, and answers that are too long."""

import gzip
import socket
import time
import zlib
from collections.abc import Iterator

import pytest
from faulty_vendors import IONOS_KEY, PROFILE, FaultyVendors, faulty_vendors, profile, request_bytes
from patience import DEADLINE_SECONDS

MIB = 1 << 20


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors(clock=lambda: 1795262400.0) as one:
        yield one


@pytest.fixture
def well(vendors: FaultyVendors) -> bytes:
    return vendors.ask(PROFILE, IONOS_KEY)[2]


def test_refuse_closes_without_a_byte(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:refuse")

    assert vendors.raw(PROFILE) == b""


def test_hang_says_nothing_until_the_client_goes_and_then_lets_go(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:hang")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(DEADLINE_SECONDS)

        assert connection.recv(1) == b""


def test_hang_for_seconds_answers_then(vendors: FaultyVendors, well: bytes) -> None:
    began = time.monotonic()
    status, _, body = profile(vendors, "hang=0.3")

    assert (status, body) == (200, well)
    assert time.monotonic() - began >= 0.3


def test_drip_sends_byte_after_byte(vendors: FaultyVendors, well: bytes) -> None:
    vendors.fail("ionos:*:drip=0.01")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        arrived = [(time.monotonic(), part) for part in iter(lambda: connection.recv(1 << 16), b"")]

    assert b"".join(part for _, part in arrived).endswith(b"\r\n\r\n" + well)
    assert arrived[-1][0] - arrived[0][0] >= 0.01 * (len(well) - 1)
    assert len(arrived) > 5  # parts that arrive while this process waits its turn are read as one


def test_cut_ends_properly_in_the_middle_of_the_body(vendors: FaultyVendors, well: bytes) -> None:
    vendors.fail("ionos:*:cut")
    head, _, body = vendors.raw(PROFILE, IONOS_KEY).partition(b"\r\n\r\n")

    assert f"content-length: {len(well)}".encode() in head.lower()
    assert body == well[: len(well) // 2]


def test_reset_ends_by_a_reset_in_the_middle_of_the_body(vendors: FaultyVendors, well: bytes) -> None:
    vendors.fail("ionos:*:reset")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        received = connection.recv(1 << 16)
        while not received.endswith(well[: len(well) // 2]):
            received += connection.recv(1 << 16)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)

    assert received.endswith(b"\r\n\r\n" + well[: len(well) // 2])


def test_garbage_is_no_http(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:garbage")

    assert vendors.raw(PROFILE) == b"SSH-2.0-OpenSSH_9.6\r\n"


def test_a_long_header_is_as_long_as_asked_for(vendors: FaultyVendors, well: bytes) -> None:
    _, headers, body = profile(vendors, "long-header")

    assert (len(headers["x-long"]), body) == (500_000, well)


def test_endless_goes_on_until_the_client_goes(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:endless")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        received = 0
        while received < 40 * MIB:
            received += len(connection.recv(MIB))

    vendors.recover()
    assert vendors.ask(PROFILE, IONOS_KEY)[0] == 200


def test_huge_is_the_document_after_so_many_mebibytes(vendors: FaultyVendors, well: bytes) -> None:
    _, _, body = profile(vendors, "huge=20")

    assert len(body) == 20 * MIB + len(well)
    assert body.strip() == well


@pytest.mark.slow
def test_a_gzip_bomb_is_small_and_unpacks_to_so_many_mebibytes(vendors: FaultyVendors) -> None:
    _, headers, body = profile(vendors, "gzip-bomb=100")

    assert headers["content-encoding"] == "gzip"
    assert len(body) < MIB / 5
    unpacker, unpacked = zlib.decompressobj(31), 0
    while not unpacker.eof:
        unpacked += len(unpacker.decompress(body, MIB))
        body = unpacker.unconsumed_tail
    assert unpacked == 100 * MIB


def test_gzip_twice_is_packed_and_packed_again(vendors: FaultyVendors, well: bytes) -> None:
    _, headers, body = profile(vendors, "gzip-twice")

    assert headers["content-encoding"] == "gzip, gzip"
    assert gzip.decompress(gzip.decompress(body)) == well
