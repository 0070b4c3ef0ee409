"""TLS for the exporter's own server: from settings to an `SSLContext`, and the encrypted connection."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, NoReturn, TypeVar

import anyio
import anyio.abc

from exporter.log import logger
from exporter.problems import ConfigError, Problem
from exporter.web.settings import TLSSettings
from exporter.web.values import canonical_name

_PLAIN: Final = b"this port speaks TLS: write https://\n"
_PLAIN_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_PLAIN), _PLAIN)
)
_GOODBYE_SECONDS: Final = 1.0

_T = TypeVar("_T")


def server_context(tls: TLSSettings) -> ssl.SSLContext:
    """Return the context for handshakes.

    Raises:
        ConfigError: OpenSSL cannot use the settings.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = tls.min_version, tls.max_version
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not tls.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    if tls.curve_preferences:
        # Python 3.11.2, the version in Debian 12, does not know X25519.
        with _attributed_to("curve_preferences", "this Python cannot use that curve; choose another"):
            context.set_ecdh_curve(tls.curve_preferences)
    if tls.cipher_suites:
        with _attributed_to("cipher_suites", "OpenSSL on this machine has none of these"):
            context.set_ciphers(":".join(tls.cipher_suites))
    _load_certificate(context, tls)
    if tls.client_ca_file:
        with _attributed_to("client_ca_file", f"the file {tls.client_ca_file} holds no certificate in PEM"):
            context.load_verify_locations(tls.client_ca_file)
    context.verify_mode = tls.client_auth_type
    return context


def _load_certificate(context: ssl.SSLContext, tls: TLSSettings) -> None:
    with _attributed_to("cert_file", f"the file {tls.cert_file} holds no certificate in PEM"):
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(tls.cert_file)
    try:
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
    except ssl.SSLError as error:
        if error.reason and error.reason.startswith("KEY_"):
            raise _problem("key_file", f"the file {tls.key_file} holds the key of another certificate") from None
        if error.reason:
            why = error.reason.lower().replace("_", " ")
            raise _problem("cert_file", f"OpenSSL rejects the file {tls.cert_file}: {why}") from None
        raise _problem("key_file", f"the file {tls.key_file} holds no private key in PEM") from None
    except ValueError:
        raise _problem(
            "key_file", f"the file {tls.key_file} is encrypted, and the exporter cannot ask for its password"
        ) from None


def _no_password() -> NoReturn:
    """Keep OpenSSL from asking for a password at the terminal."""
    raise ValueError


@contextmanager
def _attributed_to(key: str, text: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError):
        raise _problem(key, text) from None


def _problem(key: str, text: str) -> ConfigError:
    return ConfigError([Problem(f"tls_server_config.{key}", text)])


class TLSStream(anyio.abc.ByteStream):
    """The server side of an encrypted connection.

    Unlike anyio's class of this name, it sends the alert that tells the client why
    a handshake failed. It does not wait for the client's close_notify.
    """

    def __init__(self, stream: anyio.abc.ByteStream, context: ssl.SSLContext) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The attributes of the underlying connection."""
        return self._stream.extra_attributes

    async def handshake(self, allowed_sans: tuple[str, ...] = ()) -> None:
        """Perform the handshake. If `allowed_sans` are given, the client's certificate must have one of these names.

        Raises:
            OSError: the handshake failed, or the client's certificate has none of the names.

        """
        try:
            await self._do(self._tls.do_handshake)
        except ssl.SSLError as error:
            logger.debug("a handshake failed", reason=error.reason)
            raise
        if allowed_sans and not self._names().intersection(allowed_sans):
            logger.debug("a handshake failed", reason="none of client_allowed_sans")
            raise ConnectionAbortedError

    def _names(self) -> set[str]:
        """Return the names in the client's certificate."""
        names = (self._tls.getpeercert() or {}).get("subjectAltName", ())
        return {canonical_name(str(one[1])) for one in names if isinstance(one, tuple)}

    async def _do(self, call: Callable[..., _T], *arguments: object) -> _T:
        """Run a TLS operation: pass it the client's bytes, send its output, and return its result."""
        while True:
            try:
                result = call(*arguments)
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._stream.receive())
            except ssl.SSLError as error:
                await self._explain(error)
                raise
            else:
                await self._flush()
                return result

    async def _explain(self, error: ssl.SSLError) -> None:
        """Send the client the reason why the connection ends.

        The reason is sent as a TLS alert, or as an HTTP answer if the client speaks plain HTTP.
        """
        if error.reason == "HTTP_REQUEST":
            await self._stream.send(_PLAIN_ANSWER)
        else:
            await self._flush()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._stream.send(data)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next bytes, decrypted."""
        with suppress(ssl.SSLZeroReturnError):
            if data := await self._do(self._tls.read, max_bytes):
                return data
        raise anyio.EndOfStream

    async def send(self, item: bytes) -> None:
        """Send bytes, encrypted."""
        await self._do(self._tls.write, item)

    async def send_eof(self) -> None:
        """Send close_notify, without waiting for a client that does not read."""
        with suppress(ssl.SSLError):
            self._tls.unwrap()
        with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            with anyio.move_on_after(_GOODBYE_SECONDS):
                await self._flush()

    async def aclose(self) -> None:
        """Send close_notify and close the connection."""
        try:
            await self.send_eof()
        finally:
            await self._stream.aclose()
