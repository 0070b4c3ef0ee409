"""Checks passwords against bcrypt hashes, and caches the results, because every scrape sends a password."""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
import bcrypt

from exporter.web.values import cost_of

LONGEST_PASSWORD_BYTES: Final = 72
"""Longer passwords are refused. bcrypt ignores further bytes, so any password with the same beginning would match."""

_COST: Final = 12
"""The cost of new hashes. A check at this cost takes a fifth of a second."""
_MOST_REMEMBERED: Final = 256
_MOST_IN_PROGRESS: Final = 8
_MOST_IN_PROGRESS_OF_A_NETWORK: Final = 2
_DUMMY_DIGEST: Final = b"." * 53


def hash_of(password: str) -> str:
    """Return the bcrypt hash of a password, in the form that a web configuration uses.

    Raises:
        ValueError: the password is empty, or too long for bcrypt.

    """
    raw = password.encode()
    if not raw:
        raise ValueError("the password is empty")
    if len(raw) > LONGEST_PASSWORD_BYTES:
        raise ValueError(f"bcrypt uses at most {LONGEST_PASSWORD_BYTES} bytes; use a shorter password")
    return bcrypt.hashpw(raw, bcrypt.gensalt(_COST)).decode()


class BusyError(Exception):
    """Too many password checks are pending."""


class Passwords:
    """Compares passwords with hashes, one at a time and in a thread, and caches the results.

    Few checks may be pending, in total and per network. Further checks are refused, so that the check of a right
    password does not wait for the checks of many wrong passwords.

    The results of right and of wrong passwords are cached separately, so that a flood
    of wrong passwords does not evict the right passwords. Cache keys are derived with
    a secret of this process, so that the cache does not reveal passwords.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._one_at_a_time = anyio.Lock()
        self._in_progress: dict[bytes, tuple[str, anyio.Event]] = {}
        """For the cache key of each pending check: the client's network, and the event that is set after the check."""
        self._remembered: dict[bool, dict[bytes, None]] = {True: {}, False: {}}

    async def admit(
        self,
        users: Mapping[str, bytes],
        user: bytes,
        password: bytes,
        network: str = "",
        is_gone: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Whether a user has this password. The check takes equally long for known and unknown users.

        Raises:
            BusyError: too many checks are pending, or the client has gone.

        """
        if len(password) > LONGEST_PASSWORD_BYTES:
            return False
        known, hashed = _look_up(users, user)
        costs = range(cost_of(hashed), max(map(cost_of, users.values())))
        question = b"%d:%b%b%b" % (len(user), user, hashed, password)
        digest = hmac.digest(self._key, question, "sha256")
        while (matches := self._cached_result(digest)) is None:
            if digest in self._in_progress:
                await self._in_progress[digest][1].wait()
            else:
                await self._compute(digest, network, is_gone, partial(_matches, password, hashed, costs))
        return matches and known

    async def _compute(
        self, digest: bytes, network: str, is_gone: Callable[[], bool], matches: Callable[[], bool]
    ) -> None:
        of_network = sum(one == network for one, _ in self._in_progress.values())
        if of_network >= _MOST_IN_PROGRESS_OF_A_NETWORK or len(self._in_progress) >= _MOST_IN_PROGRESS:
            raise BusyError
        done = anyio.Event()
        self._in_progress[digest] = network, done
        try:
            async with self._one_at_a_time:
                if is_gone():
                    raise BusyError
                self._cache_result(digest, await anyio.to_thread.run_sync(matches, abandon_on_cancel=True))
        finally:
            del self._in_progress[digest]
            done.set()

    def _cached_result(self, digest: bytes) -> bool | None:
        for matches, digests in self._remembered.items():
            if digest in digests:
                self._cache_result(digest, matches)
                return matches
        return None

    def _cache_result(self, digest: bytes, matches: bool) -> None:
        """Cache a result as the newest. If the cache is full, the least recently used result is removed."""
        digests = self._remembered[matches]
        digests.pop(digest, None)
        digests[digest] = None
        if len(digests) > _MOST_REMEMBERED:
            del digests[next(iter(digests))]


def _matches(password: bytes, hashed: bytes, costs: Iterable[int]) -> bool:
    """Whether a password matches a hash.

    Dummy checks at the given `costs` make every check take as long as a check of the costliest hash.

    A check at cost c, followed by checks at costs c to m - 1, takes as much work as a check at cost m:
    2^c + 2^c + ... + 2^(m-1) = 2^m.
    """
    matches = bcrypt.checkpw(password, hashed)
    for cost in costs:
        bcrypt.checkpw(password, _dummy(cost))
    return matches


def _dummy(cost: int) -> bytes:
    """Return a hash that no password matches."""
    return b"$2b$%02d$%b" % (cost, _DUMMY_DIGEST)


def _look_up(users: Mapping[str, bytes], user: bytes) -> tuple[bool, bytes]:
    """Return whether a user exists, and the user's hash. An unknown user gets a dummy hash of the highest cost."""
    known, hashed = False, _dummy(max(map(cost_of, users.values())))
    for name, one in users.items():
        if hmac.compare_digest(name.encode(), user):
            known, hashed = True, one
    return known, hashed


def credentials(authorization: bytes) -> tuple[bytes, bytes] | None:
    """Return the user and password in an `Authorization` header; None if the header is not of basic authentication."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
