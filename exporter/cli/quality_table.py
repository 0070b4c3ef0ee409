"""The quality of each vendor's support, as a table on the vendor's page in docs/vendors."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Final

from exporter.durations import write_duration
from exporter.vendors import PASTS, VENDORS, Account
from exporter.vendors.quality import QUESTIONS, Done, Exempt, Quality

FACTS: Final = ("Source", "Period", "Units", "Login", "Limits")
"""The names of the facts in the docstring of a vendor's module. Each fact starts on a new line, with its name."""

_DRIFT: Final = Done(
    "Each field has a type. A field that is missing or of another type is counted in `usage_exporter_contract_drift`,"
    " and never becomes zero."
)
_HISTORY: Final = Done("`usage-exporter history` writes the figures of past days.")
_MARKED: Final = re.compile(r"(?<=<!-- quality -->\n).*?(?=<!-- /quality -->)", re.DOTALL)
_HEAD: Final = "| topic | status | details |\n| --- | --- | --- |\n"


def quality_markdown(vendor: str) -> str:
    """Return a vendor's table, with one row per answered question."""
    answers = quality_of(vendor)
    rows = (
        f"| {QUESTIONS[question]} | {'done' if isinstance(answer, Done) else 'exempt'} | {answer} |\n"
        for question, answer in answers.items()
    )
    return _HEAD + "".join(rows)


def with_quality(page: str, vendor: str) -> str:
    """Return a vendor's page with the table between the page's markers. A page without markers stays unchanged."""
    return _MARKED.sub(lambda _: quality_markdown(vendor), page)


def facts_of(vendor: type[Account]) -> Mapping[str, str]:
    """Return the facts in the docstring of a vendor's module, by the fact's name."""
    text = sys.modules[vendor.__module__].__doc__ or ""
    found = re.findall(r"^(\w+): +(.+(?:\n {10}.+)*)", text, re.MULTILINE)
    return {name: " ".join(fact.split()) for name, fact in found if name in FACTS}


def quality_of(name: str) -> Quality:
    """Return a vendor's answers to the quality questions, in the order of the questions.

    Some answers are derived from the vendor's class. The class states the other answers itself.
    """
    vendor = VENDORS[name]
    facts = facts_of(vendor)
    derived: dict[str, Done | Exempt] = {"sign_in": Done(_sign_in(vendor)), "drift": _DRIFT}
    if "Period" in facts:
        derived["period"] = Done(_sentence(facts["Period"]))
    if "Limits" in facts:
        derived["limits"] = Done(f"{_sentence(facts['Limits'])} {_assumed(vendor)}")
    if vendor.native_quotas:
        derived["native_quotas"] = Done(_sentence(vendor.native_quotas_of or ", ".join(_names(vendor))))
    if name in PASTS:
        derived["history"] = _HISTORY
    given = {**vendor.quality, **derived}
    return {question: given[question] for question in QUESTIONS if question in given}


def _names(vendor: type[Account]) -> list[str]:
    return [f"`{quota.name}`" for quota in vendor.native_quotas]


def _sign_in(vendor: type[Account]) -> str:
    ways = [" and ".join(f"`{name}`" for name in way) for way in vendor.sign_ins]
    twins = any(f"{name}_file" in vendor.model_fields for way in vendor.sign_ins for name in way)
    fact = facts_of(vendor).get("Login", "")
    return (
        f"{', or '.join(ways)}{'; secrets from the environment or a file' if twins else ''}. {_sentence(fact)}".strip()
    )


def _assumed(vendor: type[Account]) -> str:
    rate = vendor.assumed_rate
    if rate is None:
        return "Limits stated in responses are followed; none is assumed."
    return f"{rate.requests:,} per {write_duration(rate.seconds)} are assumed until responses state otherwise."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
