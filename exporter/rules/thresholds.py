"""The thresholds of the rules, with their defaults. An operator may change the thresholds.

A share is a part of a whole (1 is all of it). Times are in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def _number(default: float, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


_SHARES: Final = (
    "quota_warning",
    "quota_critical",
    "quota_hysteresis",
    "forecast_share",
    "forecast_period",
    "burn_warning_share",
    "spike_share",
    "rate_limited_share",
    "poll_errors_share",
    "poll_errors_down",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When the alerts begin and end. Each field's `metadata["meaning"]` states its meaning and unit.

    Raises:
        ValueError: a number is not above 0, a share is above 1, or two thresholds are in the wrong order.

    """

    fresh_intervals: float = _number(3, "Poll intervals after which an account's figures are stale.")

    fresh_least: int = _number(
        10 * _MINUTE, "Minimum age of stale figures, even if the interval is short, because scrapes take time."
    )

    quota_warning: float = _number(0.8, "Share used from which UsageQuotaHigh is a warning.")
    quota_warning_for: int = _number(5 * _MINUTE, "How long the share must stay that high.")
    quota_critical: float = _number(
        0.95, "Share used from which UsageQuotaHigh is critical, unless the rest will last."
    )
    quota_critical_for: int = _number(_MINUTE, "How long the share must stay that high.")
    quota_hysteresis: float = _number(0.02, "How far a share must fall below the threshold of an alert to end it.")
    # An alert that inhibits other alerts must outlast them. Otherwise, these would send notifications in their last
    # minutes. So each of the following times is longer than the time before it, by the maximum delay in evaluating the
    # slower of the two alerts.
    quota_keep: int = _number(6 * _MINUTE, "How long warnings on quotas keep firing after their conditions end.")
    quota_pace_keep: int = _number(
        9 * _MINUTE, "The same for critical UsageQuotaWillRunOut and UsageQuotaBurnFast, which inhibit those warnings."
    )
    quota_critical_keep: int = _number(
        12 * _MINUTE, "The same for critical UsageQuotaHigh and UsageQuotaNotAllowed, which inhibit them too."
    )
    quota_exhausted_keep: int = _number(
        15 * _MINUTE, "The same for UsageQuotaExhausted, which inhibits all the others."
    )

    forecast_limit: float = _number(100, "Smallest limit with a forecast, in the quota's unit.")
    forecast_share: float = _number(0.5, "Share used above which UsageQuotaWillRunOut fires.")
    forecast_period: float = _number(0.1, "Share of a period after which a forecast can use the pace since its start.")
    forecast_least: int = _number(2 * _DAY, "Time since the start of a period before which it cannot.")
    forecast_warning_for: int = _number(
        _HOUR, "How long a forecast must last for UsageQuotaWillRunOut to be a warning."
    )
    forecast_critical: int = _number(_DAY, "Forecast time left below which UsageQuotaWillRunOut is critical.")
    forecast_critical_for: int = _number(30 * _MINUTE, "How long such a forecast must last.")

    burn_moves: float = _number(3, "How often a figure must change within six hours for UsageQuotaBurnFast.")
    burn_usual: float = _number(
        1.5,
        "Multiple of the use in the same hours yesterday and a week ago above which UsageQuotaBurnFast may fire.",
    )
    burn_critical_rest: int = _number(
        _DAY, "Time to the limit, at the pace of one and six hours, below which UsageQuotaBurnFast is critical."
    )
    burn_critical_for: int = _number(15 * _MINUTE, "How long that must last.")
    burn_warning_rest: int = _number(
        3 * _DAY, "Time to the limit, at the pace of six hours, below which UsageQuotaBurnFast is a warning."
    )
    burn_warning_share: float = _number(0.1, "Minimum share used in six hours for that warning.")
    burn_warning_for: int = _number(30 * _MINUTE, "How long both must last.")

    spike_factor: float = _number(3, "Multiple of the highest daily use in the last week above which UsageSpike fires.")
    spike_share: float = _number(0.1, "Minimum share used in a day for UsageSpike.")
    spike_for: int = _number(30 * _MINUTE, "How long both must last.")

    down_for: int = _number(5 * _MINUTE, "How long scrapes must fail for UsageExporterDown.")
    absent_for: int = _number(15 * _MINUTE, "How long there must be no exporter for UsageExporterAbsent.")
    shards_for: int = _number(
        15 * _MINUTE, "How long shards must be missing or disagree for UsageExporterShardsMissing."
    )
    stale_for: int = _number(5 * _MINUTE, "How long an account must be stale for UsagePollStale.")
    stale_critical: int = _number(_DAY, "Age of a stale account's figures above which UsagePollStale is critical.")
    auth_for: int = _number(5 * _MINUTE, "How long sign-ins must fail for UsageAuthFailing.")
    auth_keep: int = _number(
        10 * _MINUTE,
        "How long UsageAuthFailing keeps firing after its condition ends, to cover a restart of the exporter.",
    )
    credential_warning: int = _number(
        14 * _DAY, "Time before a credential expires at which UsageCredentialEnding becomes a warning."
    )
    credential_critical: int = _number(
        3 * _DAY, "Time before a credential expires at which UsageCredentialEnding becomes critical."
    )
    credential_for: int = _number(_HOUR, "How long that must last.")
    rate_limited_share: float = _number(
        0.1, "Share of an hour's requests answered with 429 above which UsageRateLimited fires."
    )
    rate_limited_for: int = _number(30 * _MINUTE, "How long that must last.")
    poll_errors_share: float = _number(0.25, "Share of failed polls in six hours above which UsagePollErrors fires.")
    poll_errors_down: float = _number(0.1, "Minimum share of six hours spent after a failed poll for UsagePollErrors.")
    poll_errors_for: int = _number(30 * _MINUTE, "How long both must last.")
    drift_for: int = _number(30 * _MINUTE, "How long responses must deviate from the contract for UsageContractDrift.")
    no_reading_for: int = _number(
        5 * _MINUTE, "How long an account must have had no reading in the last hour for UsageNoReading."
    )
    restarts_age: int = _number(
        20 * _MINUTE, "Process age that an exporter must not reach for UsageExporterRestarting."
    )
    restarts_for: int = _number(_HOUR, "How long that must last.")
    storage_for: int = _number(5 * _MINUTE, "How long storage must have failed for UsageStorageFailing.")
    missing_for: int = _number(30 * _MINUTE, "How long figures must be missing for UsageMissing.")
    frozen_for: int = _number(
        2 * _HOUR, "How long a figure must have been frozen, after a day and a half, for UsageFrozen."
    )
    reload_for: int = _number(5 * _MINUTE, "How long a configuration must be refused for UsageConfigReloadFailed.")
    dropped_for: int = _number(
        30 * _MINUTE, "How long series or customers must be dropped for UsageSeriesDropped or UsageCustomersDropped."
    )

    def __post_init__(self) -> None:
        for one in fields(self):
            if not 0 < getattr(self, one.name) < math.inf:
                raise ValueError(f"{one.name} must be a number above 0")
        for name in _SHARES:
            if getattr(self, name) > 1:
                raise ValueError(f"{name} must be a share of at most 1: write 0.8 for 80 %")
        for lower, higher in (
            ("quota_warning", "quota_critical"),
            ("quota_hysteresis", "quota_warning"),
            ("quota_keep", "quota_pace_keep"),
            ("quota_pace_keep", "quota_critical_keep"),
            ("quota_critical_keep", "quota_exhausted_keep"),
            ("burn_critical_rest", "burn_warning_rest"),
            ("credential_critical", "credential_warning"),
        ):
            if getattr(self, lower) > getattr(self, higher):
                raise ValueError(f"{lower} must not be above {higher}")
