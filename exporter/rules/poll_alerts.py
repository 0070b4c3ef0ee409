"""The alerts on an account's polls: failing polls, credentials, and requests that the vendor refuses."""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import Alert, Severity
from exporter.rules.selectors import before, of_exporter, seen

_WHO: Final = "{{ $labels.vendor }}/{{ $labels.account }}"
_AGE: Final = "{{ $value | humanizeDuration | reReplaceAll `^(\\S+ \\S+) .*$` `$1` }}"
_SHARE: Final = "{{ $value | humanizePercentage }}"
_STALE: Final = """\
usage:poll_age:seconds
> clamp_min(<fresh_intervals> * max by (<by_account>) (<interval>), <fresh_least>)
""".replace("<interval>", of_exporter("usage_exporter_poll_interval_seconds"))
_REASON: Final = (
    "{{ range printf `group by (reason) (last_over_time("
    "usage_exporter_account_failing{job=%q,vendor=%q,account=%q<keep_matchers>}[<scrapes>]))`"
    " $labels.job $labels.vendor $labels.account<keep_values> | query }} The reason is {{ .Labels.reason }}.{{ end }}"
)
_REFUSED: Final = 'usage_exporter_account_failing{reason=~"auth|forbidden|secret"}'

_EXPIRY: Final = f"min by (<by_account>) ({seen('usage_exporter_credential_expiry_timestamp_seconds')})"
# A token whose expiry changed within the last day is renewed automatically. Such a token always expires soon.
_ENDING: Final = f"""
({_EXPIRY} - time() < <credential_SEVERITY>)
and (
  {_EXPIRY}
  == min by (<by_account>) ({before("usage_exporter_credential_expiry_timestamp_seconds", "1d")})
)
"""


def _ending(severity: Severity) -> Alert:
    what = f"{_WHO}: its token {{{{ if gt $value 0.0 }}}}ends in {_AGE}{{{{ else }}}}has ended{{{{ end }}}}"
    return Alert(
        name="UsageCredentialEnding",
        severity=severity,
        scope="account",
        for_="credential_for",
        is_slow=True,
        expression=_ENDING.replace("SEVERITY", severity),
        summary=what,
        description=f"{what}, according to itself, and has not been renewed for a day. Without it, the vendor"
        " refuses every request. Replace it; a file needs no restart.",
    )


POLL_ALERTS: Final = (
    Alert(
        name="UsagePollStale",
        severity="warning",
        scope="account",
        for_="stale_for",
        expression=_STALE,
        summary=f"{_WHO}: no poll worked for {_AGE}",
        description=f"{_WHO} has had no new figures for {_AGE}, more than <fresh_intervals> of its intervals."
        f"{_REASON} Alerts on its quotas use the last figures.",
    ),
    Alert(
        name="UsagePollStale",
        severity="critical",
        scope="account",
        for_="stale_for",
        expression=f"{_STALE}> <stale_critical>",
        summary=f"{_WHO}: no poll worked for {_AGE}",
        description=f"{_WHO} has had no new figures for {_AGE}: its current usage is unknown."
        f"{_REASON} Alerts on its quotas use the last figures.",
    ),
    Alert(
        name="UsageNoReading",
        severity="critical",
        scope="account",
        for_="no_reading_for",
        # Not based on usage:poll_age:seconds, because a restart resets that age if no poll ever succeeded.
        expression=f"""
        group by (<by_account>) ({of_exporter("usage_exporter_account_up")})
        and group by (<by_account>) (last_over_time(usage_exporter_account_up[<scrapes>] offset 40m))
        unless group by (<by_account>) (last_over_time(usage_exporter_poll_last_success_timestamp_seconds[1h]))
        """,
        summary=f"{_WHO}: no reading in the last hour",
        description=f"The exporter of {_WHO} can be scraped, and had no reading of it at any time of the last hour."
        f"{_REASON} It may be restarted before its first poll ends, or that poll takes too long.",
    ),
    Alert(
        name="UsageAuthFailing",
        severity="critical",
        scope="account",
        for_="auth_for",
        keep_firing_for="auth_keep",
        expression=f"max by (<by_account>) ({seen(_REFUSED)}) > 0",
        summary=f"{_WHO}: the credentials do not work",
        description=f"The vendor refuses the credentials of {_WHO}, or their secret cannot be read.{_REASON}"
        " This does not resolve itself.",
    ),
    _ending("warning"),
    _ending("critical"),
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
        (max by (<by_account>) (LIMITED) > 0)
        """.replace("LIMITED", seen('usage_exporter_account_failing{reason="rate_limited"}')),
        summary=f"{_WHO}: more requests than the vendor allows",
        description=f"The vendor of {_WHO} refuses requests as too frequent (HTTP 429): those of the last poll, or"
        " a large part of the last hour's. Another program may use the same credentials.",
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
)
