"""The body of an answer: read no further than its bound, however small it was packed, and decoded strictly."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Final

from pydantic_core import from_json

from exporter.errors import TooLarge, Undecodable

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
MAX_TOKEN_BODY_BYTES: Final = 64 * 1024
MAX_PIECES: Final = 500_000
"""Commas and opening brackets in one body: tiny values cost much more memory, and time, than the bytes they are."""
LARGE_BODY_BYTES: Final = 64 * 1024
"""What is larger takes so long to decode that others should go on meanwhile."""

_GZIP_OR_ZLIB_WBITS: Final = 47
"""zlib's word for: either header, found by itself."""
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


async def read_body(chunks: AsyncIterator[bytes], encoding: str, limit: int) -> bytes:
    """Return a body of at most `limit` bytes once unpacked.

    A packed body is unpacked no further than the limit, so a small one that
    would unpack to gigabytes costs no more than a large one.

    Args:
        chunks: the body as it came.
        encoding: the answer's Content-Encoding; `identity`, `gzip` and `deflate` are known.
        limit: in bytes.

    Raises:
        TooLarge: it is larger.
        Undecodable: it is packed in another way, or wrongly.

    """
    coding = encoding.strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Undecodable("the answer is packed in a way that we did not ask for")
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB_WBITS) if coding not in ("", "identity") else None
    body = bytearray()
    async for chunk in chunks:
        try:
            body += decompressor.decompress(chunk, limit + 1 - len(body)) if decompressor else chunk
        except zlib.error:
            raise Undecodable("the answer's packing is broken") from None
        if len(body) > limit:
            raise TooLarge(f"the answer is larger than {limit} bytes")
        if decompressor is not None and decompressor.unused_data:
            raise Undecodable("the answer goes on after the end of its packing")
    if decompressor is not None and not decompressor.eof:
        raise Undecodable("the answer's packing ends before its end")
    return bytes(body)


def decode_json(body: bytes, content_type: str) -> object:
    """Return the JSON document that a body is; NaN and Infinity are not JSON. A lone surrogate is read as U+FFFD.

    In a thread of its own a large body lets other threads go on at each of its objects.

    Raises:
        TooLarge: it has more values than any answer we ask for.
        Undecodable: it is none. The text tells bodies apart without showing them.

    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_PIECES:
        raise TooLarge(f"the answer has more than {MAX_PIECES} values")
    large = len(body) > LARGE_BODY_BYTES and b"\\ud" not in body.lower()
    try:
        return _parse_json_interruptibly(body) if large else _parse_json(body)
    except (ValueError, RecursionError):
        kind = content_type.partition(";")[0].strip()[:40]
        digest = hashlib.sha256(body).hexdigest()[:12]
        raise Undecodable(f"not JSON: {kind or 'no content type'}, {len(body)} bytes, sha256 {digest}") from None


def _parse_json(body: bytes) -> object:
    """Our parser refuses half a character in a name, which should cost no more than that character."""
    try:
        document: object = from_json(body, allow_inf_nan=False)
    except ValueError:
        if b"\\ud" not in body.lower():
            raise
        text = json.dumps(json.loads(body.decode()), ensure_ascii=False)
        document = from_json(_HALF_CHARACTER.sub("\ufffd", text).encode(), allow_inf_nan=False)
    return document


def _parse_json_interruptibly(body: bytes) -> object:
    """Our parser is one call, which no other thread interrupts; this one, as fast, calls back at each object."""
    return json.loads(body.decode(), object_hook=_identity, parse_constant=_reject_constant)


def _identity(value: object) -> object:
    return value


def _reject_constant(text: str) -> object:
    raise ValueError(f"{text} is no number")
