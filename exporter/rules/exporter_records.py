"""The recorded series of exporters and accounts: the shards, and the age and completeness of readings."""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import Record
from exporter.rules.selectors import of_exporter

_SUCCESS: Final = of_exporter("usage_exporter_poll_last_success_timestamp_seconds")
_INTERVAL: Final = of_exporter("usage_exporter_poll_interval_seconds")
_UP: Final = of_exporter("usage_exporter_account_up")
_SERIES: Final = of_exporter("usage_exporter_account_series")
_RELOADED: Final = "last_over_time(usage_exporter_config_last_reload_success_timestamp_seconds[<scrapes>])"

EXPORTER_RECORDS: Final = (
    # An address may move from one shard to another between scrapes. There is only one series per instance, because
    # joins would fail on two series. Exporters that state no shard are not split, and poll everything.
    Record(
        "usage:exporter_shard:info",
        f"""
        topk by (<by_instance>) (1,
          group by (<by_instance>, shard, total) (usage_exporter_shard_info)
          or on (<by_instance>)
          group by (<by_instance>, shard, total) (last_over_time(usage_exporter_shard_info[<scrapes>]))
          or on (<by_instance>)
          label_replace(
            label_replace(group by (<by_instance>) ({_RELOADED}), "shard", "0", "", ""),
            "total", "1", "", ""
          )
        )
        """,
    ),
    # True if each stated total equals the number of shards. PromQL can turn a number into a label, but not the reverse.
    Record(
        "usage:shards_complete:bool",
        """
        group by (<by_job>) (usage:exporter_shard:info)
        unless
        group by (<by_job>) (
          group by (<by_job>, total) (usage:exporter_shard:info)
          unless
          count_values by (<by_job>) (
            "total", count by (<by_job>) (group by (<by_job>, shard) (usage:exporter_shard:info))
          )
        )
        """,
    ),
    # If no poll ever succeeded, the age is the time since the configuration was loaded.
    Record(
        "usage:poll_age:seconds",
        f"""
        max by (<by_account>) (
          (time() - max by (<by_shard>) ({_SUCCESS} * <shard>))
          or
          (
            time() - max by (<by_shard>) (
              (
                0 * {_INTERVAL}
                + on (<by_instance>) group_left () max by (<by_instance>) ({_RELOADED})
              )
              * <shard>
            )
          )
        )
        """,
    ),
    # The instances whose page has a recent reading of an account.
    Record(
        "usage:exporter_fresh:bool",
        f"""
        group by (<by_shown>) (
          (time() - {_SUCCESS} <= clamp_min(<fresh_intervals> * {_INTERVAL}, <fresh_least>))
          and
          ({_SERIES} > 0 or {_UP} == 1)
        )
        """,
    ),
    # True if the whole account is seen: no shard is missing, and each shard that has a part of the account is fresh. If
    # the whole account is seen, an absent figure does not exist.
    Record(
        "usage:account_fresh:bool",
        f"""
        group by (<by_account>) (usage:exporter_fresh:bool)
        and on (<by_job>) usage:shards_complete:bool
        unless
        group by (<by_account>) (
          group by (<by_shard>) ({_UP} * <shard>)
          unless
          group by (<by_shard>) (usage:exporter_fresh:bool * <shard>)
        )
        """,
    ),
)
