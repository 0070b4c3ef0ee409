"""Derives quotas from a reading's figures, for any vendor: their use, limit and period.

Native quotas are reported by the vendor, configured ones are set by the operator. Both have the same metrics, so
that one rule and one dashboard serve every vendor. A quota is the sum of its members: the vendor's series that it
counts. The state of its counter is kept per member. Everything here is pure; `read_quotas` is called once per reading.
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
