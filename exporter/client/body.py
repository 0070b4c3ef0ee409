"""Reads an answer's body up to a limit, decompresses it, and decodes its JSON strictly."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from anyio.lowlevel import checkpoint

from exporter.errors import TooLarge, Undecodable

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
MAX_TOKEN_BODY_BYTES: Final = 64 * 1024
MAX_PIECES: Final = 500_000
"""The maximum number of commas and opening brackets in a body.

Many tiny values take more memory and time than their size suggests."""
LARGE_BODY_BYTES: Final = 64 * 1024
"""A body larger than this takes so long to decode that other work should go on meanwhile."""

Body = bytes | bytearray
"""A body as it was read. It is not copied, because a copy of a large body would take as much memory again."""
Turn = Callable[[], Awaitable[None]]

_FREE_PIECES: Final = 2000
_SMALLEST_PIECE_BYTES: Final = 32
"""The minimum average size of a body's chunks, in bytes, if there are more than `_FREE_PIECES` chunks.

Handling a chunk costs as much as handling a thousand bytes."""
_PIECES_IN_TURN: Final = 50
_GZIP_MAGIC: Final = 0x1F
_GZIP_OR_ZLIB: Final = 47
"""The value with which zlib accepts both gzip headers and zlib headers."""
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")
_KINDS_OF_CONTENT: Final = {
    "": "no content type",
    "application/json": "called JSON",
    "application/xml": "called XML",
    "text/html": "called HTML",
    "text/plain": "called plain text",
    "text/xml": "called XML",
}


async def at_once() -> None:
    """Do nothing. This is the `turn` for callers that never have to wait for memory."""


async def read_body(chunks: AsyncIterator[bytes], encoding: str, limit: int, turn: Turn = at_once) -> Body:
    """Return a body of at most `limit` bytes, decompressed.

    Decompression stops at the limit, so a small body that would expand to gigabytes does no harm.

    Args:
        chunks: the body as received.
        encoding: the answer's Content-Encoding; `identity`, `gzip` and `deflate` are known.
        limit: the maximum size after decompression, in bytes.
        turn: a function that waits until memory is available. It is awaited before each further chunk of a large body.

    Raises:
        TooLarge: the body is larger than the limit, or comes in too many small chunks.
        Undecodable: the encoding is unknown, or the compressed data is broken.

    """
    coding = encoding.strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Undecodable("the answer has a Content-Encoding that was not requested")
    unpack = _Unpacker(limit) if coding not in ("", "identity") else None
    body = bytearray()
    received = pieces = 0
    async for chunk in chunks:
        pieces += 1
        received += len(chunk)
        if pieces > _FREE_PIECES and received < pieces * _SMALLEST_PIECE_BYTES:
            raise TooLarge(f"the answer comes in more than {_FREE_PIECES} pieces of a few bytes each")
        if pieces % _PIECES_IN_TURN == 0:
            await checkpoint()
        body += unpack(chunk, limit + 1 - len(body)) if unpack else chunk
        if len(body) > limit:
            raise TooLarge(f"the answer is larger than {limit} bytes")
        if len(body) > LARGE_BODY_BYTES:
            await turn()
    if unpack:
        unpack.end()
    return body


class _Unpacker:
    """Decompresses one or more consecutive gzip members (RFC 1952), or one zlib stream."""

    def __init__(self, limit: int) -> None:
        self._members_left = _FREE_PIECES + limit // _SMALLEST_PIECE_BYTES
        self._member = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._is_padding = False

    def __call__(self, packed: bytes, room: int) -> bytes:
        """Return the decompressed bytes of a chunk, at most `room` bytes."""
        unpacked = bytearray()
        while packed and len(unpacked) < room:
            if self._member.eof:
                packed = self._next_member(packed)
                if not packed:
                    break
            try:
                unpacked += self._member.decompress(packed, room - len(unpacked))
            except zlib.error:
                raise Undecodable("the answer's compression is broken") from None
            packed = self._member.unused_data if self._member.eof else b""
        return bytes(unpacked)

    def _next_member(self, packed: bytes) -> bytes:
        """Begin another gzip member, and return its bytes; empty if only padding follows.

        Padding is zeros after the last member. The program `gzip` ignores such zeros.
        """
        if self._is_padding or packed[0] == 0:
            self._is_padding = True
            if packed.strip(b"\0"):
                raise Undecodable("the answer continues after the end of its compressed data")
            return b""
        self._members_left -= 1
        if packed[0] != _GZIP_MAGIC or self._members_left < 0:
            raise Undecodable("the answer continues after the end of its compressed data")
        self._member = zlib.decompressobj(_GZIP_OR_ZLIB)
        return packed

    def end(self) -> None:
        """Check that the stream is complete."""
        if not self._member.eof:
            raise Undecodable("the answer's compressed data is cut off")


def count_values(body: Body) -> int:
    """Return the approximate number of values in a JSON document.

    Commas and opening brackets are counted, even in strings.
    """
    return sum(map(body.count, (b",", b"[", b"{")))


def decode_json(body: Body, content_type: str) -> object:
    """Return a body's JSON document.

    NaN and Infinity are rejected, and a lone surrogate becomes U+FFFD. A byte order mark before the document is
    ignored, as RFC 8259 allows. While a large body is decoded in a worker thread, other threads can run after each
    object.

    Raises:
        TooLarge: the body has more values than any answer that we expect.
        Undecodable: the body is not JSON, or an object has the same key twice, with different values. The error never
            quotes the body.

    """
    if count_values(body) > MAX_PIECES:
        raise TooLarge(f"the answer has more than {MAX_PIECES} values")
    try:
        document: object = _STRICT_JSON.decode(body.decode("utf-8-sig"))
        return _without_half_characters(document) if b"\\ud" in body.lower() else document
    except _Contradiction:
        raise Undecodable("an object of the answer has a key twice, with different values") from None
    except (ValueError, RecursionError):
        kind = _KINDS_OF_CONTENT.get(content_type.partition(";")[0].strip().lower(), "of another content type")
        digest = hashlib.sha256(body).hexdigest()[:12]
        raise Undecodable(f"not JSON: {kind}, {len(body)} bytes, sha256 {digest}") from None


def _without_half_characters(document: object) -> object:
    """Replace lone surrogates (halves of characters). A single surrogate would make the whole document unusable."""
    whole: object = json.loads(_HALF_CHARACTER.sub("\ufffd", json.dumps(document, ensure_ascii=False)))
    return whole


class _Contradiction(ValueError):  # noqa: N818 - it says what the document is
    """An object has the same key twice, with different values."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object made of pairs of keys and values.

    Raises:
        _Contradiction: a key occurs twice with different values.

    """
    found = dict(pairs)
    if len(found) != len(pairs) and any(found[key] != value for key, value in pairs):
        raise _Contradiction
    return found


def _reject_constant(text: str) -> object:
    raise ValueError(f"{text} is not a number")


# The parser calls `_object` for each object. Each call lets other threads run while a large body is decoded.
_STRICT_JSON: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_reject_constant)
