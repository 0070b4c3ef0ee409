"""The recorded series: the last known figures of all quotas, and which quotas are nearly used up.

Each series is aggregated, so that two exporters of one account give one series without vendor-specific labels.
Exporters of the same shard are replicas, and the best replica's value is used. Different shards poll different parts of
the account, and the worst shard's value is used.

A quota is hidden while its account is known but its readings are not fresh, or while an exporter or a shard is missing.
The last known figures of a hidden quota stay until the quota is seen again or its period ends. Last known figures also
bridge long gaps between scrapes. A quota that is missing from a good reading is dropped at once.

With thousands of quotas, nearly all the cost is in reading and joining their series. So values for a whole account
are computed once per account, and values that few quotas need are recorded for those quotas only.
"""

from __future__ import annotations

from typing import Final

from exporter.rules.exporter_records import EXPORTER_RECORDS
from exporter.rules.rule import Record
from exporter.rules.selectors import fresh, of_exporter

_UP: Final = of_exporter("usage_exporter_account_up")
_KNOWN_USED: Final = "last_over_time(usage:quota_last:used[1h])"


def _last(name: str, now: str, before: str = "") -> Record:
    """Return the rule that records one value of each quota. While a quota is unseen, its last known value is kept."""
    series = f"usage:quota_last:{name}"
    return Record(series, f"{now}\nor\n({before or f'last_over_time({series}[1h])'} and usage:quota_unseen:bool)")


def _state(name: str, share: str) -> Record:
    """Return the recording rule for the quotas that are in a state, such as `warning`.

    A quota enters the state when its use reaches the threshold, and leaves the state when its use has fallen below the
    threshold by more than the hysteresis. The threshold is `share`, unless the quota has a threshold of its own.
    """
    series, own = f"usage:quota_{name}:ratio", f"usage:quota_last:{name}"
    return Record(
        series,
        f"""
        (usage:quota_high:ratio >= {share} unless {own})
        or
        usage:quota_high:ratio >= {own}
        or
        (
          ((usage:quota_high:ratio >= {share} - <quota_hysteresis> unless {own})
          or
          usage:quota_high:ratio >= {own} - <quota_hysteresis>)
          and last_over_time({series}[15m])
        )
        """,
    )


RECORDS: Final = (
    *EXPORTER_RECORDS,
    Record("usage:quota_used:max", fresh("usage_quota_used")),
    # True if all figures of the account are on a page at this moment, in which case an absent figure no longer exists.
    Record(
        "usage:account_shown:bool",
        """
        usage:account_fresh:bool
        unless
        group by (<by_account>) (
          last_over_time(usage_exporter_account_up[<scrapes>])
          unless on (<by_instance>) usage_exporter_config_last_reload_success_timestamp_seconds
        )
        """,
    ),
    # The end of the last known period, if it has passed. The series ends one evaluation after a newer period is known.
    Record("usage:quota_ended:timestamp", "last_over_time(usage:quota_last:end[6h]) <= time()"),
    # The final figure of a period that has ended since the rules were last evaluated.
    Record(
        "usage:quota_ended:used",
        "(last_over_time(usage:quota_last:used[6h]) and usage:quota_ended:timestamp) > usage:quota_used:max",
    ),
    # Quotas that are known but not shown at this moment, although they may still exist: the account is known but not
    # completely shown, or an exporter or a shard is missing.
    Record("usage:quota_absent:used", f"{_KNOWN_USED} unless on (<by_account>) usage:account_shown:bool"),
    Record(
        "usage:quota_unseen:bool",
        f"""
        group by (<by_quota>) (
          (usage:quota_absent:used and on (<by_account>) {_UP})
          or
          (
            usage:quota_absent:used
            unless on (<by_job>)
            (min by (<by_job>) (last_over_time(up{{job=<job>}}[<scrapes>])) == 1 and usage:shards_complete:bool)
          )
        )
        unless usage:quota_used:max
        unless usage:quota_ended:timestamp
        """,
    ),
    Record("usage:quota_hidden:bool", "usage:quota_unseen:bool unless on (<by_account>) usage:account_fresh:bool"),
    Record(
        "usage:quota_hidden:timestamp",
        """
        (last_over_time(usage:quota_hidden:timestamp[1h]) and usage:quota_hidden:bool)
        or
        (
          0 * usage:quota_hidden:bool
          + on (<by_account>) group_left ()
          max by (<by_account>) (
            last_over_time(usage_exporter_poll_last_success_timestamp_seconds[1h])
            unless on (<by_shown>) usage:exporter_fresh:bool
          )
        )
        """,
    ),
    _last("used", "usage:quota_used:max", "usage:quota_absent:used"),
    _last("limit", fresh("usage_quota_limit")),
    _last("end", fresh("usage_quota_period_end_timestamp_seconds")),
    _last("warning", fresh('usage_exporter_quota_threshold_ratio{severity="warning"}')),
    _last("critical", fresh('usage_exporter_quota_threshold_ratio{severity="critical"}')),
    Record("usage:quota_last:ratio", "usage:quota_last:used / (usage:quota_last:limit > 0)"),
    Record("usage:quota_remaining:seconds", "usage:quota_last:end - time() > 0"),
    # The quotas that may be in one of the two states below.
    Record(
        "usage:quota_high:ratio",
        """
        (usage:quota_last:ratio >= <quota_warning> - <quota_hysteresis>)
        or
        usage:quota_last:ratio >= (usage:quota_last:warning or usage:quota_last:critical) - <quota_hysteresis>
        """,
    ),
    _state("warning", "<quota_warning>"),
    _state("critical", "<quota_critical>"),
)
