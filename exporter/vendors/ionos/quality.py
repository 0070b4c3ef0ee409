"""The answers to the quality questions about IONOS Cloud, except for those that follow from the vendor's class."""

from __future__ import annotations

from typing import Final

from exporter.vendors.quality import Done, Exempt, Quality

QUALITY: Final[Quality] = {
    "rights": Done("A user of the contract who may read billing, and a token of that user. See Credentials."),
    "paging": Exempt("Each response is complete; a contract or data centre is one request."),
    "as_of": Done("The oldest day that any of the figures cover, in `usage_exporter_data_timestamp_seconds`."),
    "updates": Done("At least once a day, up to 24 hours late, and the figures of a month may be corrected."),
    "native_quotas": Done(
        "Cores, memory, storage, addresses, clusters, balancers and gateways of a contract, with `limits: true`; the"
        " Billing API has no limits, and `quotas` of your own may watch any figure."
    ),
    "entitlements": Exempt("There are none: usage is billed."),
    "names": Done("Data centres have names chosen by their owners, only in `ionos_datacenter_info`."),
    "known_limits": Done("Costs are an estimate from list prices. See Known limits."),
}
