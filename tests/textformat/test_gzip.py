"""Parts that were deflated apart are one gzip member, whoever reads it."""

import gzip
import io
import random
import subprocess
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import program

from exporter.textformat.gzip import HEADER, Checksum, checksum, deflate, inflate, trailer

PARTS = st.lists(st.binary(max_size=300), max_size=8)


def plain(number: int, length: int) -> bytes:
    """Bytes that pack to about a half, always the same."""
    return bytes(random.Random(number).choices(b"0123456789abcdef", k=length))  # noqa: S311 - no secret


LARGE = [plain(1, 100_000), b"", plain(2, 1), plain(3, 32 * 1024), plain(4, 32 * 1024 + 1), b"\x00" * 70_000]


def member(parts: list[bytes]) -> bytes:
    return b"".join([HEADER, *map(deflate, parts), trailer(checksum(b"".join(parts)))])


@given(PARTS, PARTS)
def test_checksums_of_two_runs_make_that_of_both(one: list[bytes], other: list[bytes]) -> None:
    whole = b"".join([*one, *other])

    assert checksum(b"".join(one)) | checksum(b"".join(other)) == Checksum(zlib.crc32(whole), len(whole))


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=6))
def test_wherever_bytes_are_split_their_checksum_is_the_same(whole: bytes, splits: list[int]) -> None:
    ends = sorted({0, len(whole), *(split for split in splits if split < len(whole))})
    parts = [whole[start:end] for start, end in pairwise(ends)]

    combine = Checksum()
    for part in parts:
        combine |= checksum(part)
    assert combine == checksum(whole) == Checksum(zlib.crc32(whole), len(whole))


@pytest.mark.parametrize("length", [0, 1, 2**10, 2**16, 2**16 + 1, 3_000_000])
def test_a_checksum_is_moved_by_any_length(length: int) -> None:
    after = b"\x00" * length

    assert checksum(b"some") | checksum(after) == Checksum(zlib.crc32(b"some" + after), 4 + length)


def test_a_length_beyond_four_gigabytes_is_counted_whole_and_told_modulo() -> None:
    most = Checksum(1, 2**32 - 1)

    assert (most | checksum(b"ab")).length == 2**32 + 1
    assert trailer(most | checksum(b"ab"))[-4:] == b"\x01\x00\x00\x00"


@given(PARTS)
def test_deflated_parts_become_their_text_again(parts: list[bytes]) -> None:
    assert b"".join(inflate(map(deflate, parts))) == b"".join(parts)


@pytest.mark.parametrize("parts", [LARGE, [b"\x00" * 5_000_000, b"end"], [plain(5, 1_000_000)] * 3])
def test_a_text_is_inflated_in_pieces_that_are_never_large(parts: list[bytes]) -> None:
    pieces = list(inflate([b"".join(map(deflate, parts))]))

    assert b"".join(pieces) == b"".join(parts)
    assert max(map(len, pieces)) <= 256 * 1024


READERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip.decompress": gzip.decompress,
    "gzip.GzipFile": lambda packed: gzip.GzipFile(fileobj=io.BytesIO(packed)).read(),
    "zlib": lambda packed: zlib.decompress(packed, wbits=31),
    "gzip -dc": lambda packed: (
        subprocess.run([program("gzip"), "-dc"], input=packed, capture_output=True, check=True).stdout
    ),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("parts", [[], [b""], [b"one"], [b"", b"one", b"", b"two\n" * 1000], LARGE])
def test_a_member_is_read_whole(parts: list[bytes], read: Callable[[bytes], bytes]) -> None:
    assert read(member(parts)) == b"".join(parts)


@given(PARTS)
def test_any_parts_are_one_member_with_nothing_after_it(parts: list[bytes]) -> None:
    unpacker = zlib.decompressobj(wbits=31)

    assert unpacker.decompress(member(parts)) == b"".join(parts)
    assert (unpacker.eof, unpacker.unused_data) == (True, b"")


@pytest.mark.parametrize("spoilt", [-1, -5, -8])
def test_a_reader_checks_the_checksum_and_the_length(spoilt: int) -> None:
    packed = bytearray(member(LARGE))
    packed[spoilt] ^= 1

    with pytest.raises((zlib.error, gzip.BadGzipFile)):
        gzip.decompress(bytes(packed))


def test_the_same_bytes_are_packed_the_same_way_at_any_time() -> None:
    assert member(LARGE) == member(LARGE)
    assert HEADER[4:8] == b"\x00" * 4
