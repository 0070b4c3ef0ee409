"""Advice on what to do about a failing account, for each reason why a poll can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "dns": "Check base_url and proxy_url, and that this machine resolves names. Polls are retried automatically.",
    "connect": "Check base_url, the firewall and proxy_url. Polls are retried automatically.",
    "tls": "Check port and certificate. Behind a proxy that intercepts TLS, name its authority in tls.ca_file.",
    "timeout": "The vendor is slow or unreachable; timeout is the maximum time for one answer.",
    "protocol": "Something between here and the vendor breaks HTTP: a proxy, or base_url with another port.",
    "too_large": "The answer is larger than the limit. Ask for less: fewer customers, a shorter list.",
    "redirect": "The vendor moved its API. Write the new address in base_url; credentials do not follow redirects.",
    "decode": "Something other than the API answered: an error page, a login page, a proxy. Check base_url.",
    "schema": "The vendor's answers differ from its documentation. Check for a newer release, or report it.",
    "api": "The vendor answered that the request failed. Its status page may say why.",
    "bad_request": "The vendor rejects the request as invalid. Check ids and dates in the account's settings.",
    "auth": "The credentials are refused. Renew them where they are stored; a changed file is tried at once.",
    "forbidden": "The credentials lack a permission (docs/vendors lists those needed), or the proxy blocks the vendor.",
    "not_found": "The vendor does not know an item. Check ids in the account's settings, and the path in base_url.",
    "conflict": "The vendor is busy with the same thing. Polls are retried automatically.",
    "rate_limited": "Too many requests. Raise interval, set rate_limit, or see who else uses the credentials.",
    "server": "The vendor has a problem. Polls are retried automatically; its status page may say more.",
    "secret": "The secret cannot be read. Check that the file or variable exists and can be read.",
    "internal": "A bug in the exporter, or in its vendor's wheel. Please report it with the log's traceback.",
}
"""One or two sentences for each reason why a poll can fail."""


def advice_for(reason: str | None) -> str:
    """Return the advice for a failure's reason; empty for an unknown reason."""
    return ADVICE.get(reason or "", "")
