"""How well Prolifi is covered, apart from what its class states."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("A public key, `pk_...`, which can only read, from Prolifi's settings. See Credentials."),
    "paging": Done("By offset. A list that has no end is no reading, and nobody vanishes because rows move meanwhile."),
    "as_of": Exempt("Answers say no time up to which they are complete."),
    "updates": Exempt("Prolifi does not say."),
    "entitlements": Done("Used, allowed, left and reset by feature, with `entitlements: true`."),
    "names": Done(
        "Customers are labelled with their ids. Companies and features are named with `names: true`, people never."
    ),
    "known_limits": Done("Events are counted, not what they carry. See Known limits."),
}
