"""Quotas: from the figures of readings to what is used, of how much, in which period, for any vendor.

Some the vendor reports, others the operator sets; both become the same families, so that one rule and one dashboard
serve every vendor. A quota is made of members, which are series of the vendor's, and its counter is kept by member.
All here are pure functions, and a reading is one visit: `read_quotas`.
"""

from __future__ import annotations

from exporter.quota.configured import Contribution, Contributions
from exporter.quota.counter import Member
from exporter.quota.ledger import UNCLAIMED, Definition, Fragment, Ledger, Total, merge
from exporter.quota.model import WITHHELD_TEXTS, Quota, QuotaId, Withheld, WithheldReason
from exporter.quota.sums import Sum
from exporter.quota.visit import (
    AccountQuotas,
    QuotaReading,
    SliceFigures,
    account_totals,
    filter_valid,
    quota_samples,
    read_quotas,
)

__all__ = [
    "UNCLAIMED",
    "WITHHELD_TEXTS",
    "AccountQuotas",
    "Contribution",
    "Contributions",
    "Definition",
    "Fragment",
    "Ledger",
    "Member",
    "Quota",
    "QuotaId",
    "QuotaReading",
    "SliceFigures",
    "Sum",
    "Total",
    "Withheld",
    "WithheldReason",
    "account_totals",
    "filter_valid",
    "merge",
    "quota_samples",
    "read_quotas",
]
