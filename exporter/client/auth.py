"""Authentication: the credentials of an account, and the header that is made from the credentials.

An `Auth` is plain data and is compared by value, so that accounts with the same key
can share a rate limiter. A `Signer` makes the header. A `StaticSigner` makes it from a
secret, and a `TokenSource` makes it from a token. A `TokenSource` signs in once for all
requests that wait for a token.
"""

from __future__ import annotations

import base64
import math
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, Protocol

import anyio

from exporter.client.file_thread import read_credentials
from exporter.errors import Malformed, PollError, SecretUnreadable, Unauthorized
from exporter.secret import FileSecret, Secret, register

_LONGEST_TOKEN: Final = 16 * 1024
_FIRST_LOGIN_WAIT_SECONDS: Final = 60.0
_LONGEST_LOGIN_WAIT_SECONDS: Final = 3600.0
_LONGEST_LIFETIME_SECONDS: Final = 30 * 86400.0
_USED_SHARE_OF_LIFETIME: Final = 0.9
_SHARED_SECONDS: Final = 1.0
"""After a failed sign-in, other requests fail with the same error for at least this long, without another sign-in."""
_UNAUTHORIZED: Final = 401
_TRUSTED_SECONDS: Final = 60.0
"""How long tokens are not blamed for `_DOUBTFUL` statuses, after a retry with a new token was refused."""
_NEW_SECONDS: Final = 1.0
"""For this long after a sign-in, a new token that has worked is not blamed for `_DOUBTFUL` statuses."""
_FIRST_ERROR: Final = 400
_DOUBTFUL: Final = frozenset({400, 403})
"""Statuses that some vendors send for an expired token, even if the documentation says 401."""


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic authentication."""

    username: str
    password: Secret

    @property
    def in_file(self) -> bool:
        """Whether the password is read from a file, which may take time."""
        return isinstance(self.password, FileSecret)

    def header(self) -> str:
        """Return the Authorization header's value according to RFC 7617, in UTF-8."""
        pair = f"{self.username}:{self.password.read()}".encode()
        return f"Basic {register(base64.b64encode(pair).decode(), self)}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A static key, sent in the header `header_name`. If `scheme` is not empty, it comes first: `Bearer <key>`."""

    secret: Secret
    scheme: str = "Bearer"
    header_name: str = "Authorization"

    @property
    def in_file(self) -> bool:
        """Whether the secret is read from a file, which may take time."""
        return isinstance(self.secret, FileSecret)

    def header(self) -> str:
        """Return the header's value."""
        return _with_scheme(self.scheme, self.secret.read())


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials that are exchanged for a token.

    Attributes:
        path: the path of the POST request, below the account's base URL.
        credentials: what to send by basic authentication; None if the `body` contains the credentials.
        body: the name and content of each field of the request's body.
        token_field: the answer's field with the token.
        lifetime: how long a token is used, in seconds, if the answer does not state its lifetime.
        lifetime_field: the answer's field with the token's lifetime in seconds; empty if there is no such field.
        scheme: the word before the token in the header; empty if the token stands alone.
        rejected_statuses: HTTP statuses that mean wrong credentials.
        encoding: the format of the body: JSON, or the form that OAuth 2 requires.

    """

    path: str
    token_field: str
    lifetime: float
    credentials: Basic | None = None
    body: tuple[tuple[str, str | Secret], ...] = ()
    lifetime_field: str = ""
    scheme: str = "Bearer"
    rejected_statuses: frozenset[int] = frozenset({_UNAUTHORIZED})
    encoding: Literal["json", "form"] = "json"

    @property
    def in_file(self) -> bool:
        """Whether any of the credentials is read from a file, which may take time."""
        files = [isinstance(value, FileSecret) for _, value in self.body]
        return any(files) or (self.credentials is not None and self.credentials.in_file)

    def headers(self) -> dict[str, str]:
        """Return the headers of the sign-in request."""
        return {"Authorization": self.credentials.header()} if self.credentials else {}

    def content(self) -> dict[str, Any]:
        """Return the body of the sign-in request as arguments for httpx; empty if there is no body."""
        fields = {name: value if isinstance(value, str) else value.read() for name, value in self.body}
        return {"data" if self.encoding == "form" else "json": fields} if fields else {}

    def token(self, answer: object) -> tuple[str, float]:
        """Return an Authorization header with the token in an answer, and the header's lifetime in seconds.

        Raises:
            Unauthorized: the answer has no token.
            Malformed: the answer or its token is unusable.

        """
        if not isinstance(answer, Mapping):
            raise Malformed("the sign-in's answer is not a JSON object")
        token = answer.get(self.token_field)
        if answer.get("success") is False or token is None:
            raise Unauthorized("the sign-in was answered without a token")
        if not isinstance(token, str) or not 0 < len(token) <= _LONGEST_TOKEN or not _visible(token):
            raise Malformed(f"the sign-in's {self.token_field} is not a token")
        return _with_scheme(self.scheme, register(token)), self._lifetime(answer)

    def _lifetime(self, answer: Mapping[str, object]) -> float:
        """Return for how many seconds a token is used.

        This is somewhat less than the lifetime that the answer states, so that no token expires in transit. If the
        answer states no lifetime, `lifetime` is returned.
        """
        seconds = answer.get(self.lifetime_field)
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
            return _USED_SHARE_OF_LIFETIME * min(seconds, _LONGEST_LIFETIME_SECONDS)
        return self.lifetime


Auth = Basic | ApiKey | Login


class Signer(Protocol):
    """Makes the Authorization header of an account's requests."""

    @abstractmethod
    def on_status(self, status: int) -> bool:
        """Record an answer's status, and return whether to retry the request with another header."""

    @abstractmethod
    def note_vain(self) -> None:
        """Record that the retry with another header was refused too."""

    @abstractmethod
    async def header(self, refused: str | None = None) -> str | None:
        """Return a header that differs from the header `refused`, or None if there is no other header.

        Raises:
            PollError: no header can be made.

        """


@dataclass(slots=True)
class StaticSigner:
    """Signs with a static secret, which is read again for every request."""

    auth: Basic | ApiKey

    def on_status(self, status: int) -> bool:
        """Whether to retry with a newly made header: the secret may have changed."""
        return status == _UNAUTHORIZED

    def note_vain(self) -> None:
        """Do nothing, because the secret is read again for every request."""

    async def header(self, refused: str | None = None) -> str | None:
        """Return the header, or None if it is still the `refused` one."""
        header = await read_credentials(self.auth, self.auth.header)
        return None if header == refused else header


@dataclass(slots=True)
class TokenSource:
    """Signs with a token, and signs in when there is no valid token.

    The function `sign_in` requests a token, and returns the header and the header's lifetime in seconds.
    Vendors lock accounts after rejected sign-ins. So each rejection causes a longer wait before the next
    sign-in. A sign-in with changed credentials does not wait.
    """

    auth: Login
    sign_in: Callable[[], Awaitable[tuple[str, float]]]
    _current: str | None = None
    _expires: float = 0.0
    _signed_in_at: float = -math.inf
    _has_worked: bool = False
    _trusted_until: float = -math.inf
    _refusals: int = 0
    _failure: PollError | None = None
    _refused: int = 0
    """A hash of the credentials of the last failed sign-in."""
    _wait_until: float = 0.0
    _lock: anyio.Lock = field(default_factory=partial(anyio.Lock, fast_acquire=True))

    def on_status(self, status: int) -> bool:
        """Whether the status may mean that the token is no longer valid."""
        now = anyio.current_time()
        self._has_worked |= status < _FIRST_ERROR
        is_known_good = now < self._trusted_until or (self._has_worked and now < self._signed_in_at + _NEW_SECONDS)
        doubtful = status in _DOUBTFUL and not is_known_good
        return status == _UNAUTHORIZED or doubtful

    def note_vain(self) -> None:
        """Record that a new token was refused like the old one. For a while, `_DOUBTFUL` is not held against tokens."""
        self._trusted_until = anyio.current_time() + _TRUSTED_SECONDS

    async def header(self, refused: str | None = None) -> str | None:
        """Return the header with a valid token other than `refused`."""
        async with self._lock:
            if self._current is None or self._current == refused or anyio.current_time() >= self._expires:
                self._current = None
                await self._renew()
            return self._current

    async def _renew(self) -> None:
        credentials = await read_credentials(self.auth, lambda: hash(repr((self.auth.headers(), self.auth.content()))))
        if self._failure is not None and anyio.current_time() < self._wait_until and credentials == self._refused:
            raise self._failure.bare()
        try:
            header, lifetime = await self.sign_in()
        except PollError as error:
            self._refusals += isinstance(error, Unauthorized)
            doubled = _FIRST_LOGIN_WAIT_SECONDS * 2.0 ** min(self._refusals - 1, 10)
            wait = min(doubled, _LONGEST_LOGIN_WAIT_SECONDS) if isinstance(error, Unauthorized) else _SHARED_SECONDS
            self._failure, self._wait_until = error.bare(), anyio.current_time() + wait
            self._refused = credentials
            raise
        self._signed_in_at, self._has_worked = anyio.current_time(), False
        self._current, self._expires = header, self._signed_in_at + lifetime
        self._refusals, self._failure = 0, None


def _with_scheme(scheme: str, token: str) -> str:
    if not _visible(token):
        raise SecretUnreadable("a token must consist of visible ASCII characters")
    return f"{scheme} {token}" if scheme else token


def _visible(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
