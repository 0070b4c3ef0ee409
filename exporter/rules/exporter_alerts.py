"""The alerts on the exporter, on polls, and on figures that are not what they should be."""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import Alert

_WHO: Final = "{{ $labels.vendor }}/{{ $labels.account }}"
_AGE: Final = "{{ $value | humanizeDuration }}"
_SHARE: Final = "{{ $value | humanizePercentage }}"
_COUNT: Final = "{{ $value }}"
_STALE: Final = """\
usage:poll_age:seconds
> clamp_min(<fresh_intervals> * max by (<by_account>) (usage_exporter_poll_interval_seconds), <fresh_least>)
"""
_REASON: Final = (
    "{{ range printf `group by (reason) (usage_exporter_account_failing{job=%q,vendor=%q,account=%q})`"
    " $labels.job $labels.vendor $labels.account | query }} The reason is {{ .Labels.reason }}.{{ end }}"
)
_TOTALS: Final = (
    "{{ range printf `count by (total) (usage:exporter_shard:info{job=%q})` $labels.job | query"
    " | sortByLabel `total` }} {{ .Value }} of its exporters say that there are {{ .Labels.total }}.{{ end }}"
)

EXPORTER_ALERTS: Final = (
    Alert(
        name="UsageExporterDown",
        severity="critical",
        scope="exporter",
        for_="down_for",
        expression="up{job=<job>} == 0",
        summary="The usage exporter {{ $labels.instance }} cannot be scraped",
        description="Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }})."
        " What it alone polls is not watched; alerts on quotas that were firing are held.",
    ),
    Alert(
        name="UsageExporterAbsent",
        severity="critical",
        scope="exporter",
        for_="absent_for",
        expression="absent(up{job=<job>}) or (max by (job) (up{job=<job>}) == 0)",
        summary="There is no usage exporter to scrape",
        description="Prometheus can scrape nothing for the job {{ $labels.job }}: it left the configuration, discovery"
        " finds no instance, or none answers. No account is watched; alerts on quotas that were firing are held.",
    ),
    Alert(
        name="UsageExporterShardsMissing",
        severity="critical",
        scope="exporter",
        for_="shards_for",
        expression="""
        count by (job) (group by (job, shard) (usage:exporter_shard:info))
        unless
        usage:shards_complete:bool
        """,
        summary="The usage exporters are not all the shards that they should be",
        description=f"{_COUNT} shards of the job {{{{ $labels.job }}}} can be scraped.{_TOTALS} Customers of those"
        " that are missing are not watched; alerts on quotas that were firing are held.",
    ),
    Alert(
        name="UsagePollStale",
        severity="warning",
        scope="account",
        for_="stale_for",
        expression=_STALE,
        summary=f"{_WHO}: no poll worked for {_AGE}",
        description=f"{_WHO} has brought no figures for {_AGE}, more than <fresh_intervals> of its intervals."
        f"{_REASON} Alerts on its quotas are held, and no new one begins.",
    ),
    Alert(
        name="UsagePollStale",
        severity="critical",
        scope="account",
        for_="stale_for",
        expression=f"{_STALE}> <stale_critical>",
        summary=f"{_WHO}: no poll worked for {_AGE}",
        description=f"{_WHO} has brought no figures for {_AGE}: nobody knows how much is used."
        f"{_REASON} Alerts on its quotas are held, and no new one begins.",
    ),
    Alert(
        name="UsageAuthFailing",
        severity="critical",
        scope="account",
        for_="auth_for",
        keep_firing_for="auth_keep",
        expression='max by (<by_account>) (usage_exporter_account_failing{reason=~"auth|forbidden|secret"}) > 0',
        summary=f"{_WHO}: the credentials do not work",
        description=f"The vendor refuses the credentials of {_WHO}, or their secret cannot be read.{_REASON}"
        " This does not mend itself.",
    ),
    Alert(
        name="UsageRateLimited",
        severity="warning",
        scope="account",
        for_="rate_limited_for",
        expression="""
        (
            sum by (<by_account>) (rate(usage_exporter_requests_total{code="429"}[1h]))
          / sum by (<by_account>) (rate(usage_exporter_requests_total[1h]))
          > <rate_limited_share>
        )
        or
        (max by (<by_account>) (usage_exporter_account_failing{reason="rate_limited"}) > 0)
        """,
        summary=f"{_WHO}: asked more often than the vendor allows",
        description=f"The vendor of {_WHO} answers that we ask too often (HTTP 429): to the last poll, or to a"
        " large part of the last hour's requests. Another program may use the same credentials.",
    ),
    Alert(
        name="UsagePollErrors",
        severity="warning",
        scope="account",
        for_="poll_errors_for",
        expression="""
        max by (<by_account>) (
          (
              sum by (<by_shard>) (increase(usage_exporter_polls_failed_total[6h]) * <shard>)
            / sum by (<by_shard>) (increase(usage_exporter_polls_total[6h]) * <shard>)
            > <poll_errors_share>
          )
          and
          (1 - max by (<by_shard>) (avg_over_time(usage_exporter_account_up[6h]) * <shard>) > <poll_errors_down>)
        )
        """,
        summary=f"{_WHO}: {_SHARE} of polls fail",
        description=f"{_SHARE} of the polls of {_WHO} failed in the last six hours.{_REASON}",
    ),
    Alert(
        name="UsageContractDrift",
        severity="warning",
        scope="account",
        for_="drift_for",
        expression="""
        count by (<by_account>) (max by (<by_account>, field, kind) (usage_exporter_contract_drift) > 0)
        """,
        summary=f"{_WHO}: {_COUNT} fields of the vendor's answers are not as expected",
        description=f"In the answers to {_WHO}, {_COUNT} fields are missing or of another kind than the vendor's"
        " contract says; usage_exporter_contract_drift names them. Figures may be missing.",
    ),
    Alert(
        name="UsageMissing",
        severity="warning",
        scope="account",
        for_="missing_for",
        # A configured quota that matches nothing says so itself, and one that left the configuration is not missed.
        # Nor is one that had figures within a day and two hours, unless its period still runs: a vendor may be a day
        # late with the first figures of a new one.
        expression="""
        (
          (max by (<by_account>) (usage_exporter_account_series) == 0)
          or
          (
            (max by (<by_account>, quota) (usage_exporter_quota_matched_series) == 0)
            unless
            (
              (max by (<by_account>, quota) (max_over_time(usage_exporter_quota_matched_series[26h])) > 0)
              unless
              (max by (<by_account>, quota) (max_over_time(usage_quota_period_end_timestamp_seconds[26h])) > time())
            )
          )
          or
          (
            group by (<by_account>, quota) (usage_quota_used offset 1d)
            unless
            group by (<by_account>, quota) (usage_quota_used)
            unless
            group by (<by_account>, quota) (usage_exporter_quota_matched_series offset 1d)
            unless
            group by (<by_account>, quota) (usage_quota_period_end_timestamp_seconds offset 1d <= time())
          )
        )
        and on (<by_account>) usage:account_fresh:bool
        """,
        summary=f"{_WHO}: {{{{ with $labels.quota }}}}no figures of {{{{ . }}}}{{{{ else }}}}no figures{{{{ end }}}}",
        description=f"Polls of {_WHO} work and bring no figures"
        "{{ with $labels.quota }} of the quota {{ . }}: nothing matches it, or the vendor no longer reports it"
        "{{ else }} at all{{ end }}. Alerts on it see nothing.",
    ),
    Alert(
        name="UsageFrozen",
        severity="info",
        scope="quota",
        for_="frozen_for",
        # Longer than a day, for a vendor that reports once a day does so at no fixed hour. Not by changes(): in
        # MetricsQL, the first sample of a series is a change too.
        expression="""
        (max by (<by_quota>) (max_over_time(usage_quota_used[36h]) - min_over_time(usage_quota_used[36h])) == 0)
        and
        (
          max by (<by_quota>) (
            max_over_time(usage_quota_used[1d] offset 36h) - min_over_time(usage_quota_used[1d] offset 36h)
          )
          > 0
        )
        and
        max by (<by_quota>) (usage_quota_used)
        and
        max by (<by_quota>) (usage_quota_used offset 36h)
        unless
        (usage:quota_used:ratio >= 1)
        and
        group by (<by_quota>) (
          usage_quota_used
          and on (job, instance, vendor, account)
          (changes(usage_exporter_poll_last_success_timestamp_seconds[1d]) > 0)
        )
        and usage:quota_fresh:bool
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
        expression="usage_exporter_config_last_reload_successful == 0",
        summary="The usage exporter {{ $labels.instance }} refused its configuration",
        description="{{ $labels.instance }} runs on with the configuration before the last: what was read last has"
        " mistakes, which its log names. A restart would fail.",
    ),
    Alert(
        name="UsageSeriesDropped",
        severity="warning",
        scope="account",
        for_="dropped_for",
        expression="sum by (<by_account>) (max by (<by_shard>) (usage_exporter_series_dropped * <shard>)) > 0",
        summary=f"{_WHO}: {_COUNT} series are left out",
        description=f"The last reading of {_WHO} has {_COUNT} series more than its max_series; they are left out."
        " Alerts on them see nothing.",
    ),
    Alert(
        name="UsageCustomersDropped",
        severity="warning",
        scope="account",
        for_="dropped_for",
        expression="sum by (<by_account>) (max by (<by_shard>) (usage_exporter_customers_dropped * <shard>)) > 0",
        summary=f"{_WHO}: {_COUNT} customers are not asked about",
        description=f"{_WHO} has {_COUNT} customers more than its max_customers; nobody asks about them. Alerts on them"
        " see nothing, and quotas that add customers up lack them.",
    ),
)
