"""The answers to the quality questions about Prolifi, except for those that follow from the vendor's class."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("A public key, `pk_...`, which can only read, from Prolifi's settings. See Credentials."),
    "paging": Done("By offset. An endless list fails the poll, and no customer is lost when rows shift."),
    "as_of": Exempt("Responses do not state the time that they cover."),
    "updates": Exempt("Prolifi does not say."),
    "entitlements": Done("Used, allowed, remaining and reset per feature, with `entitlements: true`."),
    "names": Done(
        "Customers are labelled with their ids. Companies and features are named with `names: true`, people never."
    ),
    "known_limits": Done("Events are counted, not their content. See Known limits."),
}
