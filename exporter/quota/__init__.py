"""Derives quotas from a reading's figures, for any vendor: each quota's use, limit and period.

Native quotas are reported by the vendor, and configured quotas are set by the operator. Both kinds have the same
metrics, so that one rule and one dashboard serve every vendor. The members of a quota are the vendor's series that the
quota counts. A quota's figure is the sum of the members' figures, and its counter has a state for each member. All
functions are pure, and `read_quotas` is called once per reading.
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
    renamed,
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
    "renamed",
]
