"""The alerts on quotas. None begins on figures that are stale, and none ends because a quota is not seen.

The expression of each has two ways to be so: its conditions hold and the quota is fresh, or the alert was firing
when the exporter lost sight of it, and is held. Both need the last known share to be in the alert's range,
so that an alert that only lingers after a reset is not held. Its value is that share.
"""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import Alert, Severity

_WHO: Final = "{{ $labels.vendor }}/{{ $labels.account }}: {{ $labels.quota }} of {{ $labels.subject }}"
_SHARE: Final = "{{ $value | humanizePercentage }}"


def _query_sentence(series: str, text: str) -> str:
    """A sentence about what a recorded series of the alert's quota is now; nothing where there is no such series."""
    labels = ("job", "vendor", "account", "quota", "subject", "unit")
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    return f"{{{{ with printf `{series}{{{matchers}}}` {values} | query }}}} {text}{{{{ end }}}}"


_DURATION: Final = "{{ . | first | value | humanizeDuration }}"
_RATIO: Final = "{{ . | first | value | humanizePercentage }}"
_RESET: Final = _query_sentence("usage:period_remaining:seconds", f"Its period ends in {_DURATION}.")
_HELD: Final = _query_sentence(
    "usage:quota_alerts:held",
    "There are no fresh figures now: the alert is held, and the share is the last known.",
)
_EXHAUSTION: Final = _query_sentence(
    "usage:quota_exhaustion:seconds", f"At the last day's pace it is used up in {_DURATION}."
)


def _alert(  # noqa: PLR0913 - each is a column of the table of alerts
    name: str,
    severity: Severity,
    *,
    share: str,
    for_: str = "",
    keep_firing_for: str,
    when: str = "usage:quota_used:ratio",
    summary: str,
    description: str,
) -> Alert:
    """An alert on quotas with a last known share in a range, when something is so of fresh figures."""
    held = f'usage:quota_alerts:held{{alertname="{name}", severity="{severity}"}}'
    conditions = "\n".join(f"    {line}" for line in when.strip().splitlines())
    expression = (
        f"usage:quota_last:ratio {share}\nand on (<by_quota>) (\n"
        f"  (\n{conditions}\n    and usage:quota_fresh:bool\n  )\n"
        f"  or\n  {held}\n)"
    )
    return Alert(
        name=name,
        severity=severity,
        scope="quota",
        for_=for_,
        keep_firing_for=keep_firing_for,
        expression=expression,
        summary=f"{_WHO} {summary}",
        description=f"{_WHO} {description}{_RESET}{_HELD}",
    )


def _resolution_guard(severity: Severity) -> str:
    """Only accounts whose figures are fine enough in time to tell a pace over a short window."""
    return f"""
and on (<by_account>) (max by (<by_account>) (usage_exporter_poll_interval_seconds) <= <burn_{severity}_interval>)
unless on (<by_account>) (max_over_time(usage:data_lag:seconds[1d]) > <burn_{severity}_lag>)
"""


_LARGE: Final = "and (max by (<by_quota>) (usage_quota_limit) >= <forecast_limit>)"

QUOTA_ALERTS: Final = (
    _alert(
        "UsageQuotaHigh",
        "warning",
        share=">= <quota_warning>",
        for_="quota_warning_for",
        keep_firing_for="quota_keep",
        summary=f"is at {_SHARE}",
        description=f"is at {_SHARE} of its limit.",
    ),
    _alert(
        "UsageQuotaHigh",
        "critical",
        share=">= <quota_critical>",
        for_="quota_critical_for",
        keep_firing_for="quota_keep",
        summary=f"is at {_SHARE}",
        description=f"is at {_SHARE} of its limit: next to nothing is left.",
    ),
    _alert(
        "UsageQuotaExhausted",
        "critical",
        share=">= 1",
        keep_firing_for="exhausted_keep",
        summary="is used up",
        description=f"is at {_SHARE} of its limit: the vendor may refuse, or charge for, what is used from now on.",
    ),
    _alert(
        "UsageQuotaWillRunOut",
        "warning",
        share="> <forecast_share> < 1",
        for_="forecast_warning_for",
        keep_firing_for="forecast_keep",
        when=f"""
(
  (usage:quota_projected:ratio > 1 and usage:quota_projected:ratio_rate6h > 1)
  or
  (
    max_over_time(usage:quota_projected:ratio[12h]) > 1
    and on (<by_account>) (max_over_time(usage:data_lag:seconds[1d]) > <forecast_lag>)
  )
)
{_LARGE}
""",
        summary="will run out before its period ends",
        description=f"is at {_SHARE} of its limit and will not last its period at its present pace."
        f"{_query_sentence('usage:quota_projected:ratio', f'At the end it would be at {_RATIO}.')}{_EXHAUSTION}",
    ),
    _alert(
        "UsageQuotaWillRunOut",
        "critical",
        share="< 1",
        for_="forecast_critical_for",
        keep_firing_for="forecast_keep",
        when=f"""
(usage:quota_exhaustion:seconds < <forecast_critical>)
unless (max by (<by_quota>) (usage_quota_period_end_timestamp_seconds) - time() <= <forecast_critical>)
{_LARGE}
""",
        summary="is about to run out",
        description=f"is at {_SHARE} of its limit and is about to run out.{_EXHAUSTION}",
    ),
    _alert(
        "UsageQuotaBurnFast",
        "critical",
        share="< 1",
        for_="burn_critical_for",
        keep_firing_for="burn_critical_keep",
        when=f"""
(usage:quota_used:ratio_rate6h * usage:period_length:seconds > <burn_critical>)
and (usage:quota_used:ratio_rate1h * usage:period_length:seconds > <burn_critical>){_resolution_guard("critical")}
""",
        summary="is used far too fast",
        description="is used, over the last hour and the last six, at more than <burn_critical> times the pace"
        f" that would last its period; it is at {_SHARE} of its limit.{_EXHAUSTION}",
    ),
    _alert(
        "UsageQuotaBurnFast",
        "warning",
        share="< 1",
        for_="burn_warning_for",
        keep_firing_for="burn_warning_keep",
        when=f"""
(usage:quota_used:ratio_rate3d * usage:period_length:seconds > <burn_warning>)
and (usage:quota_used:ratio_rate6h * usage:period_length:seconds > <burn_warning>){_resolution_guard("warning")}
""",
        summary="is used too fast",
        description="is used, over the last six hours and the last three days, at more than <burn_warning> times the"
        f" pace that would last its period; it is at {_SHARE} of its limit.{_EXHAUSTION}",
    ),
    _alert(
        "UsageSpike",
        "warning",
        share=">= 0",
        for_="spike_for",
        keep_firing_for="spike_keep",
        when=f"""
(usage:quota_used:ratio_rate6h > <spike_factor> * avg_over_time(usage:quota_used:ratio_rate6h[1w] offset 6h))
and (usage:quota_used:ratio_rate6h * 86400 > <spike_share>)
and (usage:quota_used:ratio_rate6h offset 1w){_resolution_guard("warning")}
""",
        summary="is used much faster than last week",
        description="was used over the last six hours at more than <spike_factor> times last week's mean pace;"
        f" it is at {_SHARE} of its limit.",
    ),
)
