"""The recorded series: ages, shares, paces and forecasts, and which alerts are held while an account is not seen.

Each is aggregated, so that two exporters on one account are one, and no label of a vendor's own leaks in. Two of one
shard are replicas, the better of which counts; two shards have different parts of the account, and the worse counts.

A pace is what was used in a window, by the time that passed for the figures: one poll that failed, or a vendor
that reports yesterday all at once, brings the use of a longer time in one step. Over a day and more that time is
the vendor's own as-of, where it says one. The window is the least, so that a quota seen only now has a low pace,
never a wild one. What was used is the exporter's counter where the period is known, exact over resets and
corrections; elsewhere, where a figure rises and falls, it is the rise from the window's beginning to its end. A quota
that moved to another shard has a part of the window at each, and their paces are added.
"""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import QUOTA_LABELS, SHARD, Record, fill

_LAST_SUCCESS: Final = "usage_exporter_poll_last_success_timestamp_seconds"
_AS_OF: Final = "usage_exporter_data_timestamp_seconds"
_ENDS: Final = "usage_quota_period_end_timestamp_seconds"

_PACE: Final = """
    sum by (<by_quota>) (
      max by (<by_quota>, shard) (
        (
          (increase(usage_quota_consumed_total[<window>]) and on (<by_quota>) <ends>)
          or
          (clamp_min(delta(usage_quota_used[<window>]), 0) unless on (<by_quota>) <ends>)
        )
        / on (job, instance, vendor, account) group_left ()
        max by (job, instance, vendor, account) (
          <passed>
        )
        * <shard>
      )
    )
    / (max by (<by_quota>) (usage_quota_limit) > 0)
"""


def _pace(window: str, seconds: int, *clocks: str) -> Record:
    """The share of the limit used a second, over a window; `clocks` say what time passed, the first that is there."""
    passed = "\n      or\n      ".join(f"clamp_min(delta({clock}[{window}]), {seconds})" for clock in clocks)
    known = {"window": window, "passed": passed, "by_quota": QUOTA_LABELS, "shard": SHARD, "ends": _ENDS}
    return Record(f"usage:quota_used:ratio_rate{window}", fill(_PACE, known))


RECORDS: Final = (
    # One for each instance, or joins with it would fail: an address may go from one shard to another between scrapes.
    # Exporters that do not say what shard they are know of none, and poll everything.
    Record(
        "usage:exporter_shard:info",
        """
        topk by (job, instance) (1,
          group by (job, instance, shard, total) (usage_exporter_shard_info)
          or on (job, instance)
          label_replace(
            label_replace(
              group by (job, instance) (usage_exporter_config_last_reload_success_timestamp_seconds),
              "shard", "0", "", ""
            ),
            "total", "1", "", ""
          )
        )
        """,
    ),
    # Each total that is stated is how many shards there are. A number cannot be read from a label, but be made one.
    Record(
        "usage:shards_complete:bool",
        """
        group by (job) (usage:exporter_shard:info)
        unless
        group by (job) (
          group by (job, total) (usage:exporter_shard:info)
          unless
          count_values by (job) ("total", count by (job) (group by (job, shard) (usage:exporter_shard:info)))
        )
        """,
    ),
    # Where no poll ever worked, the age is that of the configuration.
    Record(
        "usage:poll_age:seconds",
        """
        max by (<by_account>) (
          (time() - max by (<by_shard>) (usage_exporter_poll_last_success_timestamp_seconds * <shard>))
          or
          (
            time() - max by (<by_shard>) (
              (
                0 * usage_exporter_poll_interval_seconds
                + on (job, instance) group_left ()
                max by (job, instance) (usage_exporter_config_last_reload_success_timestamp_seconds)
              )
              * <shard>
            )
          )
        )
        """,
    ),
    # Not fresh either: a reading that was withdrawn after failed polls, before its intervals were over.
    Record(
        "usage:exporter_fresh:bool",
        """
        group by (job, instance, vendor, account) (
          (
            time() - usage_exporter_poll_last_success_timestamp_seconds
            <= clamp_min(<fresh_intervals> * usage_exporter_poll_interval_seconds, <fresh_least>)
          )
          and
          (usage_exporter_account_series > 0 or usage_exporter_account_up == 1)
        )
        """,
    ),
    # What is seen of a quota is fresh, whatever else of its account is not.
    Record(
        "usage:quota_fresh:bool",
        """
        group by (<by_quota>) (
          usage_quota_used and on (job, instance, vendor, account) usage:exporter_fresh:bool
        )
        """,
    ),
    # All of the account is seen: no shard is missing, and each that has a part of it is fresh. What is not seen then is
    # not there.
    Record(
        "usage:account_fresh:bool",
        """
        group by (<by_account>) (usage:exporter_fresh:bool)
        and on (job) usage:shards_complete:bool
        unless
        group by (<by_account>) (
          group by (<by_shard>) (usage_exporter_account_up * <shard>)
          unless
          group by (<by_shard>) (usage:exporter_fresh:bool * <shard>)
        )
        """,
    ),
    Record("usage:data_lag:seconds", f"max by (<by_account>) (time() - max by (<by_shard>) ({_AS_OF} * <shard>))"),
    Record(
        "usage:quota_used:ratio",
        # Of a limit of 0 the share is infinite as soon as anything is used, and there is none before.
        """
        max by (<by_quota>) (usage_quota_used) / (max by (<by_quota>) (usage_quota_limit) > 0)
        or
        max by (<by_quota>) (usage_quota_used) / (max by (<by_quota>) (usage_quota_limit) == 0) > 0
        """,
    ),
    _pace("1h", 3600, _LAST_SUCCESS),
    _pace("6h", 21600, _LAST_SUCCESS),
    _pace("1d", 86400, _AS_OF, _LAST_SUCCESS),
    _pace("3d", 259200, _AS_OF, _LAST_SUCCESS),
    Record(
        "usage:period_remaining:seconds",
        "max by (<by_quota>) (usage_quota_period_end_timestamp_seconds) - time() > 0",
    ),
    Record(
        "usage:period_length:seconds",
        """
        max by (<by_quota>) (usage_quota_period_end_timestamp_seconds)
        - max by (<by_quota>) (usage_quota_period_start_timestamp_seconds)
        > 0
        """,
    ),
    Record(
        "usage:period_elapsed:ratio",
        "clamp_min(1 - usage:period_remaining:seconds / usage:period_length:seconds, 0)",
    ),
    Record(
        "usage:quota_projected:ratio",
        "usage:quota_used:ratio + usage:quota_used:ratio_rate1d * usage:period_remaining:seconds",
    ),
    Record(
        "usage:quota_projected:ratio_rate6h",
        "usage:quota_used:ratio + usage:quota_used:ratio_rate6h * usage:period_remaining:seconds",
    ),
    Record(
        "usage:quota_exhaustion:seconds",
        "(1 - (usage:quota_used:ratio < 1)) / (usage:quota_used:ratio_rate1d > 0)",
    ),
    # Held while the account is known and not all of it fresh, or while an exporter or a shard of its job is not there;
    # let go when the quota is fresh, when the account is and has no such quota, or when all exporters are up and none
    # knows the account.
    #
    # Alerts, and the last share below, are read over ten minutes. Prometheus 3 would not find them by an instant where
    # rules are evaluated every five minutes, and vmalert writes them later still. No alert begins again by it: each has
    # a longer `for`, or ended because its share is too low.
    Record(
        "usage:quota_alerts:held",
        """
        max by (alertname, severity, <by_quota>) (
          (<firing> and on (<by_account>) usage_exporter_account_up)
          or
          (<firing> unless on (job) (min by (job) (up{job=<job>}) == 1 and usage:shards_complete:bool))
        )
        unless on (<by_account>) usage:account_fresh:bool
        unless on (<by_quota>) usage:quota_fresh:bool
        """,
    ),
    # Reads its own value of the evaluation before.
    Record(
        "usage:quota_last:ratio",
        """
        usage:quota_used:ratio
        or
        (last_over_time(usage:quota_last:ratio[10m]) and on (<by_quota>) usage:quota_alerts:held)
        """,
    ),
)
