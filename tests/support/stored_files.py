"""Files as the storage writes them, of whatever content."""

import hashlib
import json
from typing import Any


def checked(*documents: object) -> bytes:
    return checked_text(b"\n".join(json.dumps(document).encode() for document in documents))


def checked_text(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def documents_of(raw: bytes) -> list[Any]:
    """The documents of a file, a line each; the first says what the others belong to."""
    return [json.loads(line) for line in raw.split(b"\n")[1:]]
