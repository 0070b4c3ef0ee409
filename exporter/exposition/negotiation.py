"""Content negotiation: the format and encoding that a client's headers ask for."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final


class Format(Enum):
    """A format of the page. The value is the page's Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


_ACCEPTABLE: Final = {
    Format.OPENMETRICS: ("application/openmetrics-text", "1.0.0"),
    Format.TEXT: ("text/plain", "0.0.4"),
}
_remembered: Final = lru_cache(maxsize=16)
"""Caches results, because a regular client, such as Prometheus, always sends the same headers."""
_ESCAPINGS: Final = frozenset({"allow-utf-8", "underscores", "dots", "values"})


@_remembered
def negotiate(accept: str) -> Format:
    """Return the format that an Accept header prefers; the text format if the header accepts none of our formats."""
    offers = list(_accepted(accept))
    best: dict[Format, tuple[float, int]] = {}
    for form, (kind, version) in _ACCEPTABLE.items():
        for name, parameters, quality in offers:
            rank = _specificity(name, kind)
            if rank and parameters.get("version", version) == version:
                best[form] = max(best.get(form, (0.0, 0)), (quality, rank), key=lambda one: (one[1], one[0]))
    chosen = max(best, key=lambda form: (best[form], form is Format.TEXT), default=Format.TEXT)
    return chosen if best.get(chosen, (0.0, 0))[0] > 0 else Format.TEXT


@_remembered
def content_type(form: Format, accept: str) -> str:
    """Return the Content-Type of a page for an Accept header.

    A client that understands UTF-8 names, such as Prometheus 3, states a scheme for escaping names, and expects the
    answer to repeat the scheme. Our names are ASCII, so they are the same in every scheme.
    """
    kind, version = _ACCEPTABLE[form]
    schemes = [
        (quality, parameters["escaping"])
        for name, parameters, quality in _accepted(accept)
        if name == kind and parameters.get("version", version) == version and parameters.get("escaping") in _ESCAPINGS
    ]
    quality, scheme = max(schemes, key=lambda one: one[0], default=(0.0, ""))
    return f"{form.value}; escaping={scheme}" if quality > 0 else form.value


@_remembered
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    qualities = {name: quality for name, _, quality in _accepted(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _specificity(offer: str, kind: str) -> int:
    """Return how specifically a media range matches a kind: 0 not at all, 1 as */*, 2 as type/*, 3 exactly."""
    if offer == kind:
        return 3
    if offer == f"{kind.partition('/')[0]}/*":
        return 2
    return 1 if offer == "*/*" else 0


def _accepted(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield (name, parameters, quality) for each valid item of an Accept or Accept-Encoding header."""
    for offer in header.split(","):
        name, *rest = (part.strip().lower() for part in offer.split(";"))
        parameters = dict(part.split("=", 1) for part in rest if "=" in part)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            yield name, {key.strip(): value.strip(' "') for key, value in parameters.items()}, quality
