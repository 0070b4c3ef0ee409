"""Whether a password is the one that a bcrypt hash was made of; remembered, for a scrape every few seconds asks."""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

import anyio
import anyio.to_thread
import bcrypt

from exporter.web.values import cost_of

LONGEST_PASSWORD_BYTES: Final = 72
"""What bcrypt makes use of. A longer password is refused, or whatever it begins with would be one too."""

_MOST_REMEMBERED: Final = 256
_DUMMY_DIGEST: Final = b"." * 53


class Passwords:
    """Compares passwords with hashes, one at a time and in a thread, and remembers what came of it.

    What is right and what is wrong is remembered apart, so that a flood of wrong
    passwords does not make those who have the right one wait behind it. A key
    of this process' own keeps what is remembered from saying what it was.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._one_at_a_time = anyio.Lock()
        self._remembered: dict[bool, dict[bytes, None]] = {True: {}, False: {}}

    async def admit(self, users: Mapping[str, bytes], user: bytes, password: bytes) -> bool:
        """Whether a user has this password; one who is not there takes as long as one who is."""
        if len(password) > LONGEST_PASSWORD_BYTES:
            return False
        known, hashed = _look_up(users, user)
        return await self._matches(user, password, hashed) and known

    async def _matches(self, user: bytes, password: bytes, hashed: bytes) -> bool:
        question = b"%d:%b%b%b" % (len(user), user, hashed, password)
        digest = hmac.digest(self._key, question, "sha256")
        if (remembered := self._recall(digest)) is not None:
            return remembered
        async with self._one_at_a_time:
            if (remembered := self._recall(digest)) is not None:
                return remembered
            matches = await anyio.to_thread.run_sync(bcrypt.checkpw, password, hashed, abandon_on_cancel=True)
            self._remember(digest, matches)
        return matches

    def _recall(self, digest: bytes) -> bool | None:
        for matches, digests in self._remembered.items():
            if digest in digests:
                self._remember(digest, matches)
                return matches
        return None

    def _remember(self, digest: bytes, matches: bool) -> None:
        """Keep it as the newest; the one that was asked for longest ago may have to go."""
        digests = self._remembered[matches]
        digests.pop(digest, None)
        digests[digest] = None
        if len(digests) > _MOST_REMEMBERED:
            del digests[next(iter(digests))]


def _look_up(users: Mapping[str, bytes], user: bytes) -> tuple[bool, bytes]:
    """Return whether there is such a user, and a hash to compare with: the user's, or one as costly of nobody's."""
    known, hashed = False, b"$2b$%02d$%b" % (max(map(cost_of, users.values())), _DUMMY_DIGEST)
    for name, one in users.items():
        if hmac.compare_digest(name.encode(), user):
            known, hashed = True, one
    return known, hashed


def credentials(authorization: bytes) -> tuple[bytes, bytes] | None:
    """Return the user and the password of an `Authorization` header; None where it has none."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
