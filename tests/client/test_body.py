"""The body of a vendor's answer, as it arrives: how it is packed, and how much of it is read."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterable

import pytest

from exporter.client.body import LARGE_BODY_BYTES, MAX_BODY_BYTES, read_body
from exporter.errors import TooLarge, Undecodable

pytestmark = pytest.mark.anyio
LIMIT = 1000
BODY = b'{"data": [1, 2, 3]}'
PACKED = gzip.compress(BODY, mtime=0)


async def chunks(of: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(of), size):
        yield of[start : start + size]


async def stream(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (BODY, " Identity "),
        (PACKED, "gzip"),
        (PACKED, "GZIP"),
        (PACKED, "x-gzip"),
        (zlib.compress(BODY), "deflate"),
    ],
)
async def test_a_body_is_unpacked_however_it_is_cut(packed: bytes, encoding: str, size: int) -> None:
    assert await read_body(chunks(packed, size), encoding, LIMIT) == BODY


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize(("length", "fits"), [(0, True), (LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False)])
@pytest.mark.parametrize("size", [1, 10_000])
async def test_a_body_may_be_as_large_as_the_limit(encoding: str, length: int, fits: bool, size: int) -> None:
    body = b"x" * length
    packed = gzip.compress(body) if encoding else body
    if fits:
        assert await read_body(chunks(packed, size), encoding, LIMIT) == body
    else:
        with pytest.raises(TooLarge, match="larger than 1000 bytes"):
            await read_body(chunks(packed, size), encoding, LIMIT)


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (BODY, "br"),
        (BODY, "zstd"),
        (gzip.compress(PACKED, mtime=0), "gzip, gzip"),
        (BODY, "gzip"),
        (b"", "gzip"),
        (PACKED[:-1], "gzip"),
        (PACKED[:12], "gzip"),
        (PACKED[:-8] + bytes(8), "gzip"),
        (PACKED + b"more", "gzip"),
        (PACKED + bytes(8) + PACKED, "gzip"),
        (PACKED + PACKED[:-1], "gzip"),
    ],
    ids=[
        "brotli",
        "zstandard",
        "gzip twice",
        "not packed",
        "nothing",
        "cut at the end",
        "cut at the start",
        "wrong sum",
        "more after the end",
        "a member after padding",
        "a second member that is cut",
    ],
)
@pytest.mark.parametrize("size", [1, 4096])
async def test_what_is_packed_wrongly_is_not_read(packed: bytes, encoding: str, size: int) -> None:
    with pytest.raises(Undecodable, match=r"compress|Content-Encoding"):
        await read_body(chunks(packed, size), encoding, LIMIT)


async def test_what_comes_after_the_end_is_not_gathered() -> None:
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        yield PACKED
        while asked < 1000:
            asked += 1
            yield b"x" * (1 << 20)

    with pytest.raises(Undecodable):
        await read_body(endless(), "gzip", MAX_BODY_BYTES)

    assert asked == 1


async def test_a_small_body_that_would_unpack_to_a_large_one_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(16 * MAX_BODY_BYTES), compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await read_body(stream([bomb]), "gzip", MAX_BODY_BYTES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * MAX_BODY_BYTES


async def test_no_more_is_read_once_the_limit_is_passed() -> None:
    given = iter([b"x" * LIMIT, b"x", b"never asked for"])
    with pytest.raises(TooLarge):
        await read_body(stream(given), "", LIMIT)

    assert next(given) == b"never asked for"


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(BODY[:5]) + gzip.compress(BODY[5:]),
        gzip.compress(b"") + gzip.compress(BODY) + gzip.compress(b""),
        gzip.compress(BODY) + bytes(512),
    ],
    ids=["two members", "empty members around it", "padded with zeros"],
)
async def test_members_that_follow_each_other_are_one_body(packed: bytes, size: int) -> None:
    assert await read_body(chunks(packed, size), "gzip", LIMIT) == BODY


@pytest.mark.parametrize(
    ("piece", "count", "read"),
    [
        (b"x", 2000, True),
        (b"x", 2001, False),
        (b"x" * 31, 2001, False),
        (b"x" * 32, 10_000, True),
    ],
)
async def test_a_body_in_many_tiny_pieces_is_not_read_to_its_end(piece: bytes, count: int, read: bool) -> None:
    reading = read_body(stream([piece] * count), "", MAX_BODY_BYTES)
    if read:
        assert await reading == piece * count
    else:
        with pytest.raises(TooLarge, match="pieces"):
            await reading


async def test_a_body_that_is_not_small_waits_for_its_turn() -> None:
    asked: list[int] = []
    given = [b"x" * LARGE_BODY_BYTES, b"x", b"y"]

    async def turn() -> None:
        asked.append(len(left))

    left = list(given)

    async def pieces() -> AsyncIterator[bytes]:
        while left:
            yield left.pop(0)

    await read_body(pieces(), "", MAX_BODY_BYTES, turn)

    assert asked == [1, 0]
