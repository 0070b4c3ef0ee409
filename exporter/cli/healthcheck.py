"""The health check of a running exporter, for containers."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

_PATIENCE_SECONDS: Final = 3
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
_CERTIFICATE_WANTED: Final = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def problem_with(url: str) -> str:
    """Request a page of an exporter. Return a description of the problem; empty if the exporter is healthy.

    An exporter that asks for a password or a client certificate counts as healthy, because it has answered. The
    certificate of a server on this machine is not verified.
    """
    try:
        with build_opener(ProxyHandler({}), HTTPSHandler(context=_context(url))).open(
            url, timeout=_PATIENCE_SECONDS
        ) as answer:
            answer.read(64)
    except HTTPError as error:
        error.close()
        return "" if error.code == HTTPStatus.UNAUTHORIZED else f"HTTP {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        reason_text = getattr(reason, "reason", None) or getattr(reason, "strerror", None) or str(reason)
        return "" if reason_text == _CERTIFICATE_WANTED else reason_text
    except (HTTPException, ValueError):
        return "it does not speak HTTP, or that is not a URL"
    return ""


def _context(url: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if urlsplit(url).hostname in _THIS_MACHINE:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
