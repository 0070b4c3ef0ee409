"""Files as the storage writes them, of whatever content."""

import json
from typing import Any

from exporter.store.slots import content, whole
from exporter.store.stored_reading import VERSION

STAMPED = ("asked_at", "read_at", "as_of", "dropped", "seen_at")
"""What of a file's head is written apart, for it changes with each poll."""


def checked(*documents: Any) -> bytes:
    head, *bulk = documents
    is_stamped = isinstance(head, dict) and head.get("version") == VERSION
    stamp = {name: head[name] for name in STAMPED if name in head} if is_stamped else {}
    head = {name: value for name, value in head.items() if name not in stamp} if isinstance(head, dict) else head
    return checked_text(b"\n".join(json.dumps(document).encode() for document in (head, *bulk)), stamp)


def checked_text(body: bytes, stamp: dict[str, Any] | None = None) -> bytes:
    return whole(body, stamp or {})


def documents_of(raw: bytes) -> list[Any]:
    """The documents of a file, a line each; the first says what the others belong to, and of when they are."""
    held = content(raw)
    assert held
    head, *bulk = map(json.loads, held.body.split(b"\n"))
    return [{**head, **held.stamp}, *bulk]


def changed(raw: bytes, **changes: object) -> bytes:
    head, *bulk = documents_of(raw)
    return checked({**head, **changes}, *bulk)


def with_samples(raw: bytes, *samples: object) -> bytes:
    return checked(documents_of(raw)[0], {"samples": samples})


def with_rows(raw: bytes, kind: str, *row: object) -> bytes:
    return checked(documents_of(raw)[0], {kind: [row]})
