"""How well NetNut is covered, apart from what its class states."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("No login is read-only: a login of its own, whose password is in a file. See Credentials."),
    "paging": Exempt("Each list comes whole in one answer."),
    "as_of": Exempt("Answers say no time."),
    "updates": Exempt("NetNut does not say."),
    "entitlements": Exempt("A plan's size is all that NetNut says of what one is entitled to, and it is a quota."),
    "names": Done("None: plans and sub-users are labelled with their ids."),
    "known_limits": Done("What a gigabyte is, is not documented. See Known limits."),
}
