"""One gzip member made of separately deflated parts, so that only changed parts are deflated again.

A single member matters: Prometheus reads several members, but curl stops at the second with an error, and httpx
silently drops the rest. Each part is raw deflate that ends on a byte boundary (RFC 1951, a sync flush), so parts can
simply be joined; the checksum of the whole is combined from the checksums of its parts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""A gzip header (RFC 1952): deflate, no name, no time, unknown system, so that equal pages have equal bytes."""

_LEVEL: Final = 1
_LAST_BLOCK: Final = b"\x03\x00"
_CHECKED_BYTES: Final = 32 * 1024
"""Up to this length, computing a checksum is faster than combining two."""
_MAX_CRC: Final = 0xFFFFFFFF
_TERMS: Final = 64
"""More terms than a product of two checksums has."""
_LOWEST_BITS: Final = int.from_bytes(b"\x01" * _TERMS, "big")
_DIGITS: Final = int.from_bytes(b"0" * _TERMS, "big")
_ONE: Final = 1 << 31
_LOW: Final = 1 << 12


class Checksum(NamedTuple):
    """The CRC-32 of some bytes, and their length."""

    crc: int = 0
    length: int = 0

    def __or__(self, after: Checksum) -> Checksum:
        """Return the checksum of these bytes followed by those of `after`."""
        shifted = _multiply(_shift(after.length), self.crc) if self.crc and after.length else self.crc
        return Checksum(shifted ^ after.crc, self.length + after.length)

    def extend(self, part: bytes) -> Checksum:
        """Return the checksum of these bytes followed by `part`."""
        return Checksum(zlib.crc32(part, self.crc), self.length + len(part))


def checksum(text: bytes) -> Checksum:
    """Return the checksum of a text."""
    return Checksum(zlib.crc32(text), len(text))


def concat(texts: Iterable[tuple[Checksum, bytes]]) -> Checksum:
    """Return the checksum of joined texts, from (checksum, text) pairs."""
    whole = Checksum()
    for one, text in texts:
        whole = whole | one if one.length > _CHECKED_BYTES else whole.extend(text)
    return whole


def deflate(part: bytes) -> bytes:
    """Deflate bytes into a part of a member's body."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)


def trailer(whole: Checksum) -> bytes:
    """Return the trailer of a gzip member with this checksum."""
    return _LAST_BLOCK + whole.crc.to_bytes(4, "little") + (whole.length % 2**32).to_bytes(4, "little")


def _multiply(one: int, other: int) -> int:
    """Multiply two polynomials over GF(2), modulo that of CRC-32. As in zlib, the lowest term is the highest bit."""
    # With one byte per term, integer multiplication does not carry between terms; a byte's lowest bit is the term.
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
    """Yield the polynomials for 1, 2, 4, 8 and so on bytes, up to 2**63."""
    power = _ONE >> 8  # x to the 8th, for the 8 bits of a byte
    for _ in range(64):
        yield power
        power = _multiply(power, power)


_POWERS: Final = tuple(_powers())
