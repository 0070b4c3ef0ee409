"""How the exporter covers a vendor: answers to fixed questions, or reasons why a question does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Done(str):
    """An answer to a question: what the exporter does."""

    __slots__ = ()


class Exempt(str):
    """An exemption: why a question does not apply."""

    __slots__ = ()


Quality = Mapping[str, Done | Exempt]
"""Answers and exemptions, by question."""

QUESTIONS: Final[Mapping[str, str]] = {
    "sign_in": "Authentication",
    "rights": "Least privileges, and how to get them",
    "paging": "Pagination",
    "limits": "Rate limit, stated by the vendor or assumed",
    "drift": "Changes in responses",
    "as_of": "Time that the figures cover, as the vendor states it",
    "updates": "How often the vendor updates its figures",
    "period": "Period of the figures",
    "native_quotas": "Vendor limits that become quotas",
    "entitlements": "Other entitlements of a plan",
    "history": "Past figures",
    "names": "Names of people or customers in labels",
    "known_limits": "Known gaps",
}
