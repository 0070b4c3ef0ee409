"""The answers to the quality questions about NetNut, except for those that follow from the vendor's class."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("No login is read-only: use a separate one, with its password in a file. See Credentials."),
    "paging": Exempt("One response has the whole list."),
    "as_of": Exempt("Responses state no time."),
    "updates": Exempt("NetNut does not say."),
    "entitlements": Exempt("NetNut states only a plan's size, which is a quota."),
    "names": Done("None: plans and sub-users are labelled with their ids."),
    "known_limits": Done("The size of a gigabyte is not documented. See Known limits."),
}
