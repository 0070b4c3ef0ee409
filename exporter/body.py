"""The body of an answer: read no further than its bound, however small it was packed, and decoded strictly."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator
from typing import Final

from pydantic_core import from_json

from exporter.errors import TooLarge, Undecodable

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
MAX_TOKEN_BODY_BYTES: Final = 64 * 1024

_GZIP_OR_ZLIB: Final = 47
"""zlib's word for: either header, found by itself."""


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
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB) if coding not in ("", "identity") else None
    body = bytearray()
    async for chunk in chunks:
        try:
            body += unpacker.decompress(chunk, limit + 1 - len(body)) if unpacker else chunk
        except zlib.error:
            raise Undecodable("the answer's packing is broken") from None
        if len(body) > limit:
            raise TooLarge(f"the answer is larger than {limit} bytes")
        if unpacker is not None and unpacker.unused_data:
            raise Undecodable("the answer goes on after the end of its packing")
    if unpacker is not None and not unpacker.eof:
        raise Undecodable("the answer's packing ends before its end")
    return bytes(body)


def decode_json(body: bytes, content_type: str) -> object:
    """Return the JSON document that a body is; NaN and Infinity are not JSON.

    Raises:
        Undecodable: it is none. The text tells bodies apart without showing them.

    """
    try:
        document: object = from_json(body, allow_inf_nan=False)
    except ValueError:
        kind = content_type.partition(";")[0].strip()[:40]
        digest = hashlib.sha256(body).hexdigest()[:12]
        raise Undecodable(f"not JSON: {kind or 'no content type'}, {len(body)} bytes, sha256 {digest}") from None
    return document
