"""One gzip member made of parts that were deflated apart, so that only what changed is deflated again.

A single member matters: Prometheus reads several, curl stops at the second with an error, and httpx drops the rest
silently. Each part is raw deflate that ends on a byte (RFC 1951, a sync flush), so parts follow each other as they are;
the checksum of the whole is made of those of its parts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Deflate, no name, no time, made by an unknown system (RFC 1952): the same page is the same bytes."""

_LEVEL: Final = 1
_LAST_BLOCK: Final = b"\x03\x00"
_CHECKED_BYTES: Final = 32 * 1024
"""Up to here, going over the bytes is faster than combining two checksums."""
_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 1 << 31
_LOW: Final = 1 << 12


class Checksum(NamedTuple):
    """The CRC-32 of some bytes, and how many they are."""

    crc: int = 0
    length: int = 0

    def __or__(self, after: Checksum) -> Checksum:
        """Return the checksum of these bytes and those that come `after` them."""
        shifted = _multiply(_shift(after.length), self.crc) if self.crc and after.length else self.crc
        return Checksum(shifted ^ after.crc, self.length + after.length)

    def extend(self, part: bytes) -> Checksum:
        """Return the checksum of these bytes and `part` after them."""
        return Checksum(zlib.crc32(part, self.crc), self.length + len(part))


def checksum(text: bytes) -> Checksum:
    """Return the checksum of a text."""
    return Checksum(zlib.crc32(text), len(text))


def concat(texts: Iterable[tuple[Checksum, bytes]]) -> Checksum:
    """Return the checksum of texts one after the other, each given with its own."""
    whole = Checksum()
    for one, text in texts:
        whole = whole | one if one.length > _CHECKED_BYTES else whole.extend(text)
    return whole


def deflate(part: bytes) -> bytes:
    """Return bytes as a part of a member's body."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)


def trailer(whole: Checksum) -> bytes:
    """Return the trailer of the gzip member whose parts have this checksum."""
    return _LAST_BLOCK + whole.crc.to_bytes(4, "little") + (whole.length % 2**32).to_bytes(4, "little")


def _multiply(one: int, other: int) -> int:
    """Multiply two polynomials over GF(2) modulo that of CRC-32; the lowest term is the highest bit, as in zlib."""
    product, bit = 0, _ONE
    while True:
        if one & bit:
            product ^= other
            if not one & (bit - 1):
                return product
        bit >>= 1
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """Return the polynomial by which a checksum is multiplied when `length` bytes come after it."""
    low = length % _LOW
    return _multiply(_power(length - low), _power(low))


@lru_cache(maxsize=4096)
def _power(length: int) -> int:
    """Return the same, bit by bit: the two halves of a length come again more often than the whole."""
    product = _ONE
    for place in range(length.bit_length()):
        if length >> place & 1:
            product = _multiply(_POWERS[place], product)
    return product


def _powers() -> Iterator[int]:
    """Yield the polynomials for 1, 2, 4, 8 and so on bytes, up to half of 2**64."""
    power = _ONE >> 8  # x to the 8th, a bit each
    for _ in range(64):
        yield power
        power = _multiply(power, power)


_POWERS: Final = tuple(_powers())
