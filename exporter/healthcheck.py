"""Whether an exporter that runs is healthy, as a container asks."""

from __future__ import annotations

from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

_PATIENCE_SECONDS: Final = 3


def trouble_of(url: str) -> str:
    """Ask a page of an exporter, and return what is wrong; empty if nothing is."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_PATIENCE_SECONDS) as answer:
            answer.read(64)
    except HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return getattr(reason, "strerror", None) or str(reason)
    except (HTTPException, ValueError):
        return "no HTTP, or no URL"
    return ""
