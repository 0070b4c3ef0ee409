"""How well Planship is covered, apart from what its class states."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("Client id and secret from Planship's settings; whether they can be limited is not documented."),
    "paging": Exempt("Planship lists no customers, and each answer is whole."),
    "as_of": Exempt("Answers say no time."),
    "updates": Exempt("Use is added up in the background; how long that takes is not documented."),
    "entitlements": Done("What is left of each metered lever, with `entitlements: true`."),
    "history": Exempt("Nothing that Planship answers has a date."),
    "names": Done(
        "Customers are labelled as they are configured; buckets, which may be names, only with `buckets: true`."
        " Products and levers are named with `names: true`."
    ),
    "known_limits": Done("It says what is left, not the limit. See Known limits."),
}
