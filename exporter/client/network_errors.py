"""The only place where network and protocol errors are translated into `PollError`."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import httpcore
import httpx

from exporter.errors import ConnectFailed, NameUnresolved, PollError, ProtocolBroken, TimedOut, TLSFailed

_BROKEN: Final = {
    "illegal header": "the answer has an invalid header line",
    "illegal status": "the answer does not begin like HTTP",
    "server disconnected": "the connection was closed without an answer",
    "peer closed connection": "the connection was closed in the middle of the answer",
    "illegal chunk": "the answer's chunked encoding is invalid",
    "malformed chunk": "the answer's chunked encoding is invalid",
    "bad content-length": "the answer's Content-Length is not a number",
    "conflicting content-length": "the answer has two different Content-Lengths",
    "multiple transfer-encoding": "the answer has more than one Transfer-Encoding",
    "only transfer-encoding": "the answer has a Transfer-Encoding that was not requested",
    "received server _switch": "the answer switches to a protocol that was not requested",
    "informationalresponse status": "the answer does not begin like HTTP",
    "receive buffer too long": "the answer's headers are too long",
}
"""Our messages, by the beginning of h11's or httpcore's message. The rest of that message may quote the vendor."""

_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
"""OpenSSL's names for the error that occurs when the peer does not speak TLS."""


@contextmanager
def translated() -> Iterator[None]:
    """Translate httpcore's errors into a `PollError`, because httpcore's messages may contain a header's value."""
    try:
        yield
    except (httpcore.ProxyError, httpx.ProxyError) as error:
        raise _connect_error(error, " to the proxy", "proxy_url") from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise _connect_error(error, "", "base_url") from None
    except (httpcore.TimeoutException, httpx.TimeoutException, TimeoutError):
        raise TimedOut("no complete answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.RequestError) as error:
        raise ProtocolBroken(_said_of(error)) from None


def _said_of(error: Exception) -> str:
    text = str(error).lower()
    for beginning, message in _BROKEN.items():
        if text.startswith(beginning):
            return message
    return f"the connection broke or did not speak HTTP ({type(error).__name__})"


def _connect_error(error: BaseException, to: str, setting: str) -> PollError:
    """Return our error for a failed connection, based on the causes of httpcore's error.

    Args:
        error: httpcore's error.
        to: the connection's target in words, such as ` to the proxy`; empty if the target is the vendor.
        setting: the setting that names the target.

    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | anyio.EndOfStream):
            return ConnectFailed(f"the connection{to} was closed during the TLS handshake")
        if isinstance(cause, ssl.SSLError):
            message = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
            plain = f"the port does not speak TLS; write http in {setting}, or another port"
            return TLSFailed(plain if message in _NO_TLS else f"TLS{to} failed: {message or 'no reason given'}")
        if isinstance(cause, socket.gaierror):
            return NameUnresolved(f"the host name in {setting} has no address")
        if isinstance(cause, httpcore.ConnectTimeout | httpx.ConnectTimeout):
            return ConnectFailed(f"no connection{to} in time")
        if isinstance(cause, OSError) and cause.errno:
            return ConnectFailed(f"no connection{to}: {os.strerror(cause.errno)}")
        cause = cause.__cause__ or cause.__context__
    return ConnectFailed(f"no connection{to}")
