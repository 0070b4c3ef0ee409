"""The alerts on the exporter, on polls, and on suspicious figures."""

from __future__ import annotations

from typing import Final

from exporter.rules.poll_alerts import POLL_ALERTS
from exporter.rules.rule import Alert
from exporter.rules.selectors import before, of_exporter, seen

_WHO: Final = "{{ $labels.vendor }}/{{ $labels.account }}"
_SUCCESS: Final = of_exporter("usage_exporter_poll_last_success_timestamp_seconds")
_COUNT: Final = "{{ $value }}"
_TOTALS: Final = (
    "{{ range printf `count by (total) (usage:exporter_shard:info{job=%q<keep_matchers>})`"
    " $labels.job<keep_values> | query | sortByLabel `total` }}"
    " {{ .Value }} of its exporters say that there are {{ .Labels.total }}.{{ end }}"
)

# The counter METRIC appears with its first event, so increase() would miss that event.
_NEW: Final = """
sum by (<by_account>) (last_over_time(METRIC[<scrapes>]))
- (
  sum by (<by_account>) (last_over_time(METRIC[<scrapes>] offset 6h))
  or
  0 * sum by (<by_account>) (last_over_time(METRIC[<scrapes>]))
)
> 0
"""

EXPORTER_ALERTS: Final = (
    Alert(
        name="UsageExporterDown",
        severity="critical",
        scope="exporter",
        for_="down_for",
        expression="last_over_time(up{job=<job>}[<scrapes>]) == 0",
        summary="The usage exporter {{ $labels.instance }} cannot be scraped",
        description="Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }})."
        " What only it polls is not watched; alerts on quotas use the last figures.",
    ),
    Alert(
        name="UsageExporterAbsent",
        severity="critical",
        scope="exporter",
        for_="absent_for",
        expression="absent(up{job=<job>}) or (max by (<by_job>) (last_over_time(up{job=<job>}[<scrapes>])) == 0)",
        summary="There is no usage exporter to scrape",
        description="Prometheus cannot scrape anything for the job {{ $labels.job }}: it left the configuration,"
        " discovery finds no instance, or none answers. No account is watched; alerts on quotas use the last figures.",
    ),
    Alert(
        name="UsageExporterShardsMissing",
        severity="critical",
        scope="exporter",
        for_="shards_for",
        expression="""
        count by (<by_job>) (group by (<by_job>, shard) (usage:exporter_shard:info))
        unless
        usage:shards_complete:bool
        """,
        summary="Some shards of the usage exporter are missing",
        description=f"{_COUNT} shards of the job {{{{ $labels.job }}}} can be scraped.{_TOTALS} Customers of missing"
        " shards are not watched; alerts on quotas use the last figures.",
    ),
    Alert(
        name="UsageExporterRestarting",
        severity="warning",
        scope="exporter",
        for_="restarts_for",
        expression="time() - last_over_time(process_start_time_seconds{job=<job>}[<scrapes>]) < <restarts_age>",
        summary="The usage exporter {{ $labels.instance }} keeps restarting",
        description="{{ $labels.instance }} (job {{ $labels.job }}) never ran for <restarts_age> seconds without"
        " a restart in the last hour: check what ends it, such as its memory limit or a liveness probe.",
    ),
    *POLL_ALERTS,
    Alert(
        name="UsageContractDrift",
        severity="warning",
        scope="account",
        for_="drift_for",
        expression=f"""
        count by (<by_account>) (max by (<by_account>, field, kind) ({seen("usage_exporter_contract_drift")}) > 0)
        """,
        summary=f"{_WHO}: {_COUNT} fields of the vendor's answers are not as expected",
        description=f"In the answers to {_WHO}, {_COUNT} fields are missing or of another kind than the vendor's"
        " contract says; usage_exporter_contract_drift names them. Figures may be missing.",
    ),
    Alert(
        name="UsageMissing",
        is_slow=True,
        severity="warning",
        scope="account",
        for_="missing_for",
        # A configured quota that matches nothing has a metric of 0. A quota removed from the configuration does not
        # count as missing. A quota that had figures within the last 26 hours counts as missing only if its period is
        # still running, because a vendor may be a day late with the first figures of a new period.
        expression=f"""
        (
          (max by (<by_account>) ({of_exporter("usage_exporter_account_series")}) == 0)
          or
          (
            (max by (<by_account>, quota) ({seen("usage_exporter_quota_matched_series")}) == 0)
            unless
            (
              (max by (<by_account>, quota) (max_over_time(usage_exporter_quota_matched_series[26h])) > 0)
              unless
              (max by (<by_account>, quota) (max_over_time(usage:quota_last:end[26h:1h])) > time())
            )
          )
          or
          (
            group by (<by_account>, quota) ({before("usage:quota_last:used", "1d")})
            unless
            group by (<by_account>, quota) (usage:quota_last:used)
            unless
            group by (<by_account>, quota) ({before("usage_exporter_quota_matched_series", "1d")})
            unless
            group by (<by_account>, quota) ({before("usage:quota_last:end", "1d")} <= time())
          )
        )
        and on (<by_account>) usage:account_fresh:bool
        """,
        summary=f"{_WHO}: {{{{ with $labels.quota }}}}no figures of {{{{ . }}}}{{{{ else }}}}no figures{{{{ end }}}}",
        description=f"Polls of {_WHO} succeed but yield no figures"
        "{{ with $labels.quota }} of the quota {{ . }}: nothing matches it, or the vendor no longer reports it"
        "{{ else }} at all{{ end }}. Alerts cannot see it.",
    ),
    Alert(
        name="UsageFrozen",
        is_slow=True,
        severity="info",
        scope="quota",
        for_="frozen_for",
        # The figure must be unchanged for longer than a day, because daily reports arrive at no fixed hour. There is no
        # alert if it was unchanged a week ago too, as on weekends, or if an exporter has not polled for a day.
        expression=f"""
        usage:quota_last:used
        == {before("usage:quota_used:max", "12h")}
        == {before("usage:quota_used:max", "24h")}
        == {before("usage:quota_used:max", "36h")}
        != {before("usage:quota_last:used", "60h")}
        unless ({before("usage:quota_last:used", "7d")} == {before("usage:quota_last:used", "204h")})
        unless usage:quota_hidden:bool
        unless group by (<by_quota>) (
          last_over_time(usage_quota_used[<scrapes>])
          and on (<by_shown>) ({_SUCCESS} == {before("usage_exporter_poll_last_success_timestamp_seconds", "1d")})
        )
        unless (usage:quota_last:ratio >= 1)
        """,
        summary=f"{_WHO}: {{{{ $labels.quota }}}} of {{{{ $labels.subject }}}} has not moved for a day and a half",
        description=f"Polls of {_WHO} work, and {{{{ $labels.quota }}}} of {{{{ $labels.subject }}}} has been the same"
        " for a day and a half, after a day in which it moved. Nobody uses it, or the vendor has stopped counting.",
    ),
    Alert(
        name="UsageConfigReloadFailed",
        severity="warning",
        scope="exporter",
        for_="reload_for",
        expression="last_over_time(usage_exporter_config_last_reload_successful[<scrapes>]) == 0",
        summary="The usage exporter {{ $labels.instance }} refused its configuration",
        description="{{ $labels.instance }} still uses the previous configuration: the one read last has"
        " mistakes, which its log names. A restart would fail.",
    ),
    Alert(
        name="UsageSeriesDropped",
        severity="warning",
        scope="account",
        for_="dropped_for",
        expression=f"""
        sum by (<by_account>) (max by (<by_shard>) ({seen("usage_exporter_series_dropped")} * <shard>)) > 0
        """,
        summary=f"{_WHO}: {_COUNT} series are left out",
        description=f"The last reading of {_WHO} has {_COUNT} series more than its max_series; they are left out."
        " Alerts cannot see them.",
    ),
    Alert(
        name="UsageCustomersDropped",
        severity="warning",
        scope="account",
        for_="dropped_for",
        expression=f"""
        sum by (<by_account>) (max by (<by_shard>) ({seen("usage_exporter_customers_dropped")} * <shard>)) > 0
        """,
        summary=f"{_WHO}: {_COUNT} customers are not polled",
        description=f"{_WHO} has {_COUNT} customers more than its max_customers; they are not polled. Alerts cannot see"
        " them, and quotas that add customers up lack them.",
    ),
    Alert(
        name="UsageStorageFailing",
        severity="warning",
        scope="account",
        for_="storage_for",
        expression=_NEW.replace("METRIC", "usage_exporter_storage_write_failures_total"),
        summary=f"{_WHO}: its readings cannot be written to the storage path",
        description=f"Readings of {_WHO} are shown but not stored: a restart loses them, and quota counters are paused."
        " Check whether the disk is full, and whether the exporter may write.",
    ),
)
