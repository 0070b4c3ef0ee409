"""The alerts on quotas. They use the last known figures, so no alert begins or ends merely because a quota is hidden.

The value of an alert is the share used. Each alert states the account, the quota, the quota's use and limit, and the
time until the quota resets. If the figure is not fresh, the alert also states the figure's age.
"""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import Alert, Severity
from exporter.rules.selectors import before

_LABELS: Final = ("job", "vendor", "account", "quota", "subject", "unit")
_TWO_UNITS: Final = "humanizeDuration | reReplaceAll `^(\\S+ \\S+) .*$` `$1`"
_DURATION: Final = f"{{{{ . | first | value | {_TWO_UNITS} }}}}"
# Writes a number with commas between thousands, and without a decimal of 0.
_AMOUNT: Final = (
    '{{ . | first | value | printf "%.1f" | reReplaceAll `\\.0$` ``'
    + " | reReplaceAll `^(\\d+)(\\d{3})([.,]|$)` `$1,$2$3`" * 3
    + " }}"
)


def _queried(query: str, said: str, otherwise: str = "") -> str:
    """Return a template that writes the text `said` if the query finds something, or else the text `otherwise`.

    The word QUOTA in the query stands for the matchers that select the alert's quota.
    """
    matchers = ",".join(f"{label}=%q" for label in _LABELS) + "<keep_matchers>"
    values = " ".join(f"$labels.{label}" for label in _LABELS) + "<keep_values>"
    asked = query.replace("QUOTA", f"{{{matchers}}}")
    times = " ".join([values] * query.count("QUOTA"))
    return (
        f"{{{{ with printf `{asked}` {times} | query }}}}{said}"
        + (f"{{{{ else }}}}{otherwise}" if otherwise else "")
        + "{{ end }}"
    )


_ACCOUNT: Final = "{{ $labels.vendor }}/{{ $labels.account }}: "
# The current name of the subject, or the last known name while the quota is hidden.
_NAME: Final = _queried(
    "usage_quota_subject_infoQUOTA or on () last_over_time(usage_quota_subject_infoQUOTA[1h])",
    ' ({{ . | first | label "name" }})',
)
_QUOTA: Final = f"{{{{ $labels.quota }}}} of {{{{ $labels.subject }}}}{_NAME}"
_USED: Final = (
    f": {_queried('usage:quota_last:usedQUOTA', _AMOUNT)}"
    f" of {_queried('usage:quota_last:limitQUOTA', _AMOUNT)}"
    "{{ with $labels.unit }} {{ . }}{{ end }} used ({{ $value | humanizePercentage }})"
)
_RESETS: Final = _queried("usage:quota_remaining:secondsQUOTA", f", resets in {_DURATION}")
_RESETS_SOON: Final = _queried("usage:quota_remaining:secondsQUOTA < 86400", f"resets in {_DURATION}: ")
_RESETS_LATER: Final = _queried("usage:quota_remaining:secondsQUOTA >= 86400", f", resets in {_DURATION}")
_AGE: Final = _queried(
    "time() - usage:quota_hidden:timestampQUOTA",
    f" The figure is {_DURATION} old: the account is out of sight.",
)
_EXHAUSTED: Final = _queried(
    "usage:quota_exhaustion:secondsQUOTA", f" At the present pace it will be used up in {_DURATION}."
)
_BURNT: Final = _queried(
    "usage:quota_burnt:secondsQUOTA", f" At the pace of the last six hours the rest will be gone in {_DURATION}."
)
_PROJECTED: Final = _queried(
    "usage:quota_projected:ratioQUOTA",
    " At the period's end it would be at {{ . | first | value | humanizePercentage }}.",
)


def _alert(  # noqa: PLR0913 - each is a column of the table of alerts
    name: str,
    severity: Severity,
    *,
    expression: str,
    for_: str = "",
    keep_firing_for: str = "quota_keep",
    news: str = "",
    meaning: str = "",
    soon_first: bool = False,
    is_slow: bool = False,
) -> Alert:
    """Return an alert on quotas. The text `news` comes last in the summary, and `meaning` is in the description."""
    share = f"{_ACCOUNT}{_QUOTA}{_USED}{_RESETS}"
    if soon_first:
        share = f"{_ACCOUNT}{_RESETS_SOON}{_QUOTA}{_USED}{_RESETS_LATER}"
    return Alert(
        name=name,
        severity=severity,
        scope="quota",
        for_=for_,
        keep_firing_for=keep_firing_for,
        expression=expression,
        summary=share + (f", {news}" if news else ""),
        description=f"{share}.{meaning}{_AGE}",
        is_slow=is_slow,
    )


QUOTA_ALERTS: Final = (
    _alert(
        "UsageQuotaHigh",
        "warning",
        expression="usage:quota_warning:ratio",
        for_="quota_warning_for",
    ),
    _alert(
        "UsageQuotaHigh",
        "critical",
        # Not critical if, at the pace so far, the quota will last until its period ends.
        expression="usage:quota_critical:ratio unless (usage:quota_projected:ratio < 1)",
        for_="quota_critical_for",
        keep_firing_for="quota_critical_keep",
        meaning=_EXHAUSTED,
    ),
    _alert(
        "UsageQuotaExhausted",
        "critical",
        keep_firing_for="quota_exhausted_keep",
        expression="usage:quota_last:ratio >= 1",
        meaning=" The vendor may refuse, or charge for, what is used from now on.",
        soon_first=True,
    ),
    Alert(
        name="UsageQuotaNotAllowed",
        severity="critical",
        scope="quota",
        keep_firing_for="quota_critical_keep",
        expression="usage:quota_last:used > 0 and (usage:quota_last:limit == 0)",
        summary=f"{_ACCOUNT}{_QUOTA}: {_queried('usage:quota_last:usedQUOTA', _AMOUNT)}"
        f"{{{{ with $labels.unit }}}} {{{{ . }}}}{{{{ end }}}} used, but none is allowed{_RESETS}",
        description=f"The limit of {_ACCOUNT}{_QUOTA} is 0, and it is used. The vendor may refuse, or charge for,"
        f" all of it; or a plan lacks what it should have.{_AGE}",
    ),
    _alert(
        "UsageQuotaWillRunOut",
        "warning",
        expression="usage:quota_overrun:ratio",
        for_="forecast_warning_for",
        news="and will not last its period",
        is_slow=True,
        meaning=f"{_PROJECTED}{_EXHAUSTED}",
    ),
    _alert(
        "UsageQuotaWillRunOut",
        "critical",
        expression="usage:quota_overrun:ratio and (usage:quota_exhaustion:seconds < <forecast_critical>)",
        for_="forecast_critical_for",
        keep_firing_for="quota_pace_keep",
        news="and is about to run out",
        is_slow=True,
        meaning=_EXHAUSTED,
    ),
    _alert(
        "UsageQuotaBurnFast",
        "critical",
        expression="""
        usage:quota_last:ratio
        and (usage:quota_burnt:seconds < <burn_critical_rest>)
        and (
          max_over_time(usage:quota_increase1h:ratio[18m])
          > (1 - (usage:quota_last:ratio and usage:quota_burnt:seconds)) * 3600 / <burn_critical_rest>
        )
        """,
        for_="burn_critical_for",
        keep_firing_for="quota_pace_keep",
        news="used far faster than usual",
        is_slow=True,
        meaning=_BURNT,
    ),
    _alert(
        "UsageQuotaBurnFast",
        "warning",
        expression="""
        usage:quota_last:ratio
        and (usage:quota_burnt:seconds < <burn_warning_rest>)
        and (usage:quota_burning:ratio >= <burn_warning_share>)
        """,
        for_="burn_warning_for",
        news="used much faster than usual",
        is_slow=True,
        meaning=_BURNT,
    ),
    _alert(
        "UsageSpike",
        "warning",
        # The past week is sampled once a day, at midnight, so that only seven values are read.
        expression=f"""
        usage:quota_last:ratio
        and (usage:quota_increase1d:ratio > <spike_share>)
        unless (
          (usage:quota_increase1d:ratio > <spike_share>) / <spike_factor>
          <= max_over_time(usage:quota_increase1d:ratio[7d:1d] offset 1d)
        )
        and {before("usage:quota_increase1d:ratio", "7d")}
        unless usage:quota_hidden:bool
        """,
        for_="spike_for",
        news="more in a day than in any of last week",
        is_slow=True,
        meaning=_queried(
            "usage:quota_increase1d:ratioQUOTA",
            " In the last day {{ . | first | value | humanizePercentage }} of the limit was used, more than"
            " <spike_factor> times the most of any of the seven days before.",
        ),
    ),
)
