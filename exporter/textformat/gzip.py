"""One gzip member made of separately deflated parts, so that only changed parts are deflated again.

There must be only one member. Prometheus reads several members, but curl reports an error at the second member, and
httpx silently drops all members but the first. Each part is raw deflate that ends on a byte boundary (RFC 1951, a sync
flush), so parts can simply be joined. The checksum of the whole is combined from the checksums of its parts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""A gzip header (RFC 1952). It contains no name and no time, so that equal pages have equal bytes."""

_LEVEL: Final = 1
_PIECE_BYTES: Final = 256 * 1024
_INPUT_BYTES: Final = 8 * 1024
_LAST_BLOCK: Final = b"\x03\x00"
_MAX_CRC: Final = 0xFFFFFFFF
_TERMS: Final = 64
"""The maximum number of terms of a polynomial in a calculation. A product of two checksums has fewer terms."""
_LOWEST_BITS: Final = int.from_bytes(b"\x01" * _TERMS, "big")
_DIGITS: Final = int.from_bytes(b"0" * _TERMS, "big")
_ONE: Final = 1 << 31
_LOW: Final = 1 << 12


class Checksum(NamedTuple):
    """The CRC-32 of some bytes, and their length."""

    crc: int = 0
    length: int = 0

    def __or__(self, after: Checksum) -> Checksum:
        """Return the checksum of the concatenated data.

        The data are the bytes that this checksum covers, then those that `after` covers.
        """
        shifted = _multiply(_shift(after.length), self.crc) if self.crc and after.length else self.crc
        return Checksum(shifted ^ after.crc, self.length + after.length)


def checksum(text: bytes) -> Checksum:
    """Return the checksum of a text."""
    return Checksum(zlib.crc32(text), len(text))


def deflate(part: bytes) -> bytes:
    """Deflate bytes into a part of a gzip member."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)


def inflate(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text of deflated parts, in pieces of at most 256 KiB."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for part in parts:
        for start in range(0, len(part), _INPUT_BYTES):  # each call copies the rest of its input
            rest = part[start : start + _INPUT_BYTES]
            while rest:
                yield unpacker.decompress(rest, _PIECE_BYTES)
                rest = unpacker.unconsumed_tail
    yield unpacker.flush()


def trailer(whole: Checksum) -> bytes:
    """Return the trailer of a gzip member with this checksum."""
    return _LAST_BLOCK + whole.crc.to_bytes(4, "little") + (whole.length % 2**32).to_bytes(4, "little")


def _multiply(one: int, other: int) -> int:
    """Multiply polynomials over GF(2), modulo CRC-32's polynomial. As in zlib, the lowest term is the highest bit."""
    # With one byte per term, integer multiplication does not carry between terms. A byte's lowest bit is the term.
    product = int((_spread(one) * _spread(other) & _LOWEST_BITS | _DIGITS).to_bytes(_TERMS, "big"), 2)
    high_terms = (product << 1 & _MAX_CRC).to_bytes(4, "little")  # the checksum of bytes is their remainder
    return product >> 31 ^ zlib.crc32(high_terms, _MAX_CRC) ^ _MAX_CRC


def _spread(polynomial: int) -> int:
    """Return a polynomial with one byte per term."""
    return int.from_bytes(f"{polynomial:b}".encode(), "big") & _LOWEST_BITS


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """Return the polynomial by which to multiply a checksum when `length` bytes follow."""
    low = length % _LOW
    return _multiply(_power(length - low), _power(low))


@lru_cache(maxsize=4096)
def _power(length: int) -> int:
    """Compute `_shift` bit by bit. Cached, because the high and low parts of lengths recur more often than lengths."""
    product = _ONE
    for place in range(length.bit_length()):
        if length >> place & 1:
            product = _multiply(_POWERS[place], product)
    return product


def _powers() -> Iterator[int]:
    """Yield the polynomials for lengths of 1, 2, 4, 8 and so on, up to 2**63 bytes."""
    power = _ONE >> 8  # x to the 8th, for the 8 bits of a byte
    for _ in range(64):
        yield power
        power = _multiply(power, power)


_POWERS: Final = tuple(_powers())
