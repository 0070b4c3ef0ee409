"""How well a vendor is covered: answers to the same questions for every vendor, or the reason for an exemption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Done(str):
    """An answer: what is done."""

    __slots__ = ()


class Exempt(str):
    """An exemption: why there is nothing to do."""

    __slots__ = ()


Quality = Mapping[str, Done | Exempt]
"""Answers by question."""

QUESTIONS: Final[Mapping[str, str]] = {
    "sign_in": "How an account signs in",
    "rights": "The least rights that are enough, and where to get them",
    "paging": "How lists are read completely",
    "limits": "Which rate limit is kept, stated by the vendor or assumed",
    "drift": "What happens when an answer changes",
    "as_of": "Whether the vendor states the time that its figures cover",
    "updates": "How often the vendor updates its figures",
    "period": "Which period the figures are of",
    "native_quotas": "Which limits of the vendor's become quotas",
    "entitlements": "What else a plan entitles to",
    "history": "What past usage can be exported",
    "names": "Whether names of people or customers are labels",
    "known_limits": "Known gaps",
}
