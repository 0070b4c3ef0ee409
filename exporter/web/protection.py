"""TLS, passwords and headers of the pages, as currently set by the web configuration file."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

import anyio
import anyio.abc

from exporter.files import read_in_thread
from exporter.log import logger
from exporter.problems import ConfigError, Problem
from exporter.web.exchange import PEER, ASGIApp, Message, Peer
from exporter.web.passwords import BusyError, Passwords, credentials
from exporter.web.settings import WebSettings, read
from exporter.web.tls import TLSStream, server_context
from exporter.web.values import cost_of

LOOK_SECONDS: Final = 1.0
"""The time between two checks for changed files."""

_CHEAP_COST: Final = 10
_USERS: Final = "basic_auth_users"
_TLS: Final = "tls_server_config"
_CLIENT_CERTIFICATE: Final = "tls_server_config.client_auth_type"
_UNAUTHORIZED: Final = b"sign in\n"
_CHALLENGE: Final = (b"www-authenticate", b'Basic realm="usage-exporter", charset="UTF-8"')
_BUSY: Final = b"too many passwords are being checked: try again\n"

Stamp = tuple[int, ...]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class WebReloadObserver(Protocol):
    """Receives the outcome of reloads of the web configuration."""

    def accept(self) -> None:
        """Record that the file was accepted."""

    def refuse(self) -> None:
        """Record that the file was refused. The previous configuration stays in use."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A web configuration, and the state of its files just before they were read."""

    settings: WebSettings
    context: ssl.SSLContext | None
    stamps: Mapping[Path, Stamp]

    def is_stale(self) -> bool:
        """Whether any file has changed since it was read."""
        return any(_stamp(path) != stamp for path, stamp in self.stamps.items())


def load(path: Path) -> Loaded:
    """Read a web configuration and its files.

    Raises:
        ConfigError: the configuration cannot be used.

    """
    stamps = {path: _stamp(path)}
    settings = read(path)
    if settings.tls is None:
        return Loaded(settings, None, stamps)
    stamps |= {file: _stamp(file) for file in settings.tls.files}
    return Loaded(settings, server_context(settings.tls), stamps)


def _stamp(path: Path) -> Stamp:
    """Return a value that changes when a file is written or replaced."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class WebConfig:
    """Protects the pages according to a web configuration file. A changed file is applied only if it is valid."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: the file cannot be used.

        """
        self._path = path
        self._loaded = load(path)
        self._passwords = Passwords()
        self._refused: tuple[str, ...] = ()

    @property
    def has_users(self) -> bool:
        """Whether clients must sign in."""
        return bool(self._loaded.settings.users)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The kinds of protection that the configuration lacks."""
        demands = _requirements(self._loaded.settings)
        keepers = {"TLS": {_TLS}, "a password": {_USERS, _CLIENT_CERTIFICATE}}
        return tuple(name for name, keys in keepers.items() if not keys & demands)

    async def wrap_tls(self, stream: anyio.abc.ByteStream) -> anyio.abc.ByteStream:
        """Return the stream of a new connection, encrypted if TLS is configured.

        Raises:
            OSError: the client is not admitted.

        """
        loaded = self._loaded
        if loaded.context is None or loaded.settings.tls is None:
            return stream
        secured = TLSStream(stream, loaded.context)
        await secured.handshake(loaded.settings.tls.client_allowed_sans)
        return secured

    def require_auth(self, app: ASGIApp) -> ASGIApp:
        """Return an application that adds the configured headers, and requires a password if users are configured."""

        async def guarded(scope: Any, receive: Receive, send: Send) -> None:
            settings = self._loaded.settings
            dressed = partial(_send, send, settings.headers)
            try:
                admitted = not settings.users or await self._admits(scope, settings.users)
            except BusyError:
                await _send_text(dressed, HTTPStatus.SERVICE_UNAVAILABLE, _BUSY, (b"retry-after", b"1"))
                return
            if admitted:
                await app(scope, receive, dressed)
            else:
                await _send_text(dressed, HTTPStatus.UNAUTHORIZED, _UNAUTHORIZED, _CHALLENGE)

        return guarded

    async def _admits(self, scope: Any, users: Mapping[str, bytes]) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        signed = credentials(given[0]) if len(given) == 1 else None
        peer: Peer = scope["extensions"][PEER]["peer"]
        return signed is not None and await self._passwords.admit(users, *signed, peer.network, peer.is_gone)

    def warn_weak_hashes(self) -> None:
        """Warn about each hash whose cost is so low that its password is easy to guess."""
        for user, hashed in self._loaded.settings.users.items():
            if cost_of(hashed) < _CHEAP_COST:
                logger.warning("password hash is weak", user=user, cost=cost_of(hashed), enough=_CHEAP_COST)

    async def reload_when_changed(self, observer: WebReloadObserver) -> None:
        """Until cancelled, check for changed files and apply the changes."""
        self.warn_weak_hashes()
        while True:
            await anyio.sleep(LOOK_SECONDS)
            await self.refresh(observer)

    async def refresh(self, observer: WebReloadObserver) -> None:
        """If a file has changed, or the last reload was refused, read all files, and apply them if all are valid."""
        if not self._refused and not await read_in_thread(self, self._loaded.is_stale):
            return
        try:
            loaded = await read_in_thread(self, self._reload)
        except ConfigError as error:
            self._refuse(error.problems, observer)
        except Exception as error:  # noqa: BLE001 - a bug here must not end the exporter
            self._refuse([Problem("", f"{type(error).__name__}, a bug: please report it")], observer)
        else:
            self._loaded, self._refused = loaded, ()
            observer.accept()
            logger.info("web config reloaded", users=len(loaded.settings.users))
            self.warn_weak_hashes()

    def _reload(self) -> Loaded:
        loaded = load(self._path)
        switched = _requirements(self._loaded.settings) ^ _requirements(loaded.settings)
        if switched:
            text = "is switched on or off by a restart only: a half-written file must not remove a protection"
            raise ConfigError(Problem(key, text) for key in sorted(switched))
        return loaded

    def _refuse(self, problems: Iterable[Problem], observer: WebReloadObserver) -> None:
        """Keep the previous configuration. Log the problems, unless the same problems were logged last."""
        refused = tuple(map(str, problems))
        if refused == self._refused:
            return
        self._refused = refused
        observer.refuse()
        for problem in refused:
            logger.error("web config reload failed; keeping previous web config", problem=problem)


def _requirements(settings: WebSettings) -> set[str]:
    """Return the keys that impose a requirement on every client."""
    demands = {_USERS: bool(settings.users), _TLS: settings.tls is not None}
    if settings.tls:
        demands[_CLIENT_CERTIFICATE] = settings.tls.client_auth_type is ssl.CERT_REQUIRED
        demands["tls_server_config.client_allowed_sans"] = bool(settings.tls.client_allowed_sans)
    return {key for key, demanded in demands.items() if demanded}


async def _send(send: Send, headers: tuple[tuple[bytes, bytes], ...], message: Message) -> None:
    """Send a message with these headers. They replace the message's own headers of the same name."""
    if headers and message["type"] == "http.response.start":
        names = {name for name, _ in headers}
        own = (header for header in message.get("headers", ()) if header[0] not in names)
        message = {**message, "headers": [*own, *headers]}
    await send(message)


async def _send_text(send: Send, status: HTTPStatus, body: bytes, header: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body)), header]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
