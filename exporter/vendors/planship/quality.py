"""The answers to the quality questions about Planship, except for those that follow from the vendor's class."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("Client id and secret from Planship's settings; whether they can be limited is not documented."),
    "paging": Exempt("Planship lists no customers, and each response is complete."),
    "as_of": Exempt("Responses state no time."),
    "updates": Exempt("Usage is aggregated in the background; how long that takes is not documented."),
    "entitlements": Done("The remainder of each metered lever, with `entitlements: true`."),
    "history": Exempt("Planship's responses have no dates."),
    "names": Done(
        "Customers are labelled as configured; buckets, which may be people's names, only with `buckets: true`."
        " Products and levers are named with `names: true`."
    ),
    "known_limits": Done("Planship reports the remainder, not the limit. See Known limits."),
}
