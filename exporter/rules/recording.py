"""The recorded series: what is known of quotas, also while they are out of sight; their paces; and what is forecast.

Each is aggregated, so that two exporters on one account are one, and no label of a vendor's own leaks in. Two of one
shard are replicas, the better of which counts; two shards have different parts of the account, and the worse counts.

A quota is out of sight while its account is known but not fresh, or while an exporter or a shard is missing. What was
last known of it stays until it is seen again or its period ends. A quota that a good reading lacks is gone at once.

What was used in a window is the rise of the vendor's figure. If a period began in it, the rise of the exporter's
counter is taken; if that counter restarted too, what the new period has used.
"""

from __future__ import annotations

from textwrap import dedent
from typing import Final

from exporter.rules.exporter_records import EXPORTER_RECORDS
from exporter.rules.rule import Record
from exporter.rules.selectors import before, of_exporter, seen

_WEEK: Final = 7 * 86400
_WINDOWS: Final = {"1h": 3600, "6h": 6 * 3600, "1d": 86400, "7d": _WEEK}


_SUCCESS: Final = of_exporter("usage_exporter_poll_last_success_timestamp_seconds")
_UP: Final = of_exporter("usage_exporter_account_up")


# What has neither a period nor a counter is a level, such as cores of a contract: it is given back, not used up.
_USED_UP: Final = "(usage:quota_last:end or usage:quota_last:start or usage:quota_consumed:max)"


def _fresh(name: str, metric: str) -> Record:
    """What those exporters say of quotas whose figures are fresh."""
    return Record(
        f"usage:quota_{name}:max", f"max by (<by_quota>) ({seen(metric)} and on (<by_shown>) usage:exporter_fresh:bool)"
    )


def _last(name: str, now: str = "") -> Record:
    """What is known of a quota, or was when it was last seen; reads its own value of the evaluation before."""
    series = f"usage:quota_last:{name}"
    seen_now = dedent(now).strip() or f"usage:quota_{name}:max"
    return Record(series, f"{seen_now}\nor\n(last_over_time({series}[1h]) and usage:quota_hidden:bool)")


def _begun(window: str, seconds: int) -> str:
    """What a period that began in a window has used, all of it in the window."""
    return f"""\
          or
          (
            usage:quota_last:used
            and (
              (usage:quota_last:start > time() - {seconds})
              or
              (usage:quota_last:end > {before("usage:quota_last:end", window)})
            )
          )
"""


def _increase(window: str, seconds: int) -> Record:
    """The share of the limit that was used in a window; of a week, only where figures or the counter reach over it."""
    return Record(
        f"usage:quota_increase{window}:ratio",
        f"""
        (
          clamp_min(
            usage:quota_last:used
            - {before("usage:quota_last:used", window)}
            and {_USED_UP}
            unless (usage:quota_last:start > time() - {seconds})
            unless (usage:quota_last:end > {before("usage:quota_last:end", window)}),
            0
          )
          or
          (usage:quota_consumed:max - {before("usage:quota_consumed:max", window)} >= 0)
{_begun(window, seconds) if seconds < _WEEK else ""}        )
        / (usage:quota_last:limit > 0)
        """,
    )


def _state(name: str, begins: str, goes_on: str) -> Record:
    """The shares of quotas of which something is so, and of those of which it was and nearly is."""
    series = f"usage:quota_{name}:ratio"
    return Record(series, f"{begins}\nor\n({goes_on}\nand last_over_time({series}[15m]))")


RECORDS: Final = (
    *EXPORTER_RECORDS,
    _fresh("used", "usage_quota_used"),
    _fresh("limit", "usage_quota_limit"),
    _fresh("start", "usage_quota_period_start_timestamp_seconds"),
    _fresh("end", "usage_quota_period_end_timestamp_seconds"),
    _fresh("consumed", "usage_quota_consumed_total"),
    # Out of sight, and not gone: its account is known and not all of it fresh, or an exporter or a shard is missing.
    Record(
        "usage:quota_hidden:bool",
        f"""
        group by (<by_quota>) (
          (last_over_time(usage:quota_last:used[1h]) and on (<by_account>) {_UP})
          or
          (
            last_over_time(usage:quota_last:used[1h])
            unless on (<by_job>)
            (min by (<by_job>) (last_over_time(up{{job=<job>}}[<scrapes>])) == 1 and usage:shards_complete:bool)
          )
        )
        unless on (<by_account>) usage:account_fresh:bool
        unless usage:quota_used:max
        unless (last_over_time(usage:quota_last:end[1h]) <= time())
        """,
    ),
    _last("used"),
    _last("limit"),
    _last("start"),
    _last("end"),
    _last(
        "timestamp",
        f"""
        max by (<by_quota>) (
          0 * {seen("usage_quota_used")}
          + on (<by_shown>) group_left ()
          max by (<by_shown>) ({_SUCCESS} and on (<by_shown>) usage:exporter_fresh:bool)
        )
        """,
    ),
    Record("usage:quota_last:ratio", "usage:quota_last:used / (usage:quota_last:limit > 0)"),
    Record("usage:quota_remaining:seconds", "usage:quota_last:end - time() > 0"),
    *(_increase(window, seconds) for window, seconds in _WINDOWS.items()),
    # What is used a second: in the last seven days, which have one of each weekday; or in the period so far, if that
    # is long enough to tell. It stays while the quota is out of sight.
    Record(
        "usage:quota_rate:ratio",
        """
        (usage:quota_increase7d:ratio unless usage:quota_hidden:bool) / 604800
        or
        (last_over_time(usage:quota_rate:ratio[1h]) and usage:quota_hidden:bool)
        or
        usage:quota_last:ratio / (
          time() - usage:quota_last:start
          >= clamp_min(<forecast_period> * (usage:quota_last:end - usage:quota_last:start), <forecast_least>)
        )
        """,
    ),
    # From the last look on: nobody knows more.
    Record(
        "usage:quota_projected:ratio",
        """
        usage:quota_last:ratio
        + usage:quota_rate:ratio * (usage:quota_last:end - usage:quota_last:timestamp and usage:quota_remaining:seconds)
        """,
    ),
    Record(
        "usage:quota_exhaustion:seconds",
        """
        clamp_min(
          (1 - (usage:quota_last:ratio < 1)) / (usage:quota_rate:ratio > 0) - (time() - usage:quota_last:timestamp),
          0
        )
        """,
    ),
    # In how long the rest is gone at the rate of the last six hours; only where that is before the period ends, and
    # the figure moved several times: one step is how a vendor books, or an hour that nobody polled, and says no pace.
    # What is used at the same hours each day or each week is no burst.
    Record(
        "usage:quota_burnt:seconds",
        f"""
        (1 - (usage:quota_last:ratio < 1)) / (usage:quota_increase6h:ratio / 21600 > 0)
        unless (
          (1 - usage:quota_last:ratio) / (usage:quota_increase6h:ratio / 21600 > 0) >= usage:quota_remaining:seconds
        )
        and (changes(usage:quota_last:used[6h]) >= <burn_moves>)
        unless (usage:quota_increase6h:ratio <= <burn_usual> * {before("usage:quota_increase6h:ratio", "1d")})
        unless (usage:quota_increase6h:ratio <= <burn_usual> * {before("usage:quota_increase6h:ratio", "7d")})
        unless usage:quota_hidden:bool
        """,
    ),
    _state(
        "warning",
        "usage:quota_last:ratio >= <quota_warning>",
        "usage:quota_last:ratio >= <quota_warning> - <quota_hysteresis>",
    ),
    _state(
        "critical",
        "usage:quota_last:ratio >= <quota_critical>",
        "usage:quota_last:ratio >= <quota_critical> - <quota_hysteresis>",
    ),
    _state(
        "overrun",
        "((usage:quota_last:ratio > <forecast_share> < 1) and (usage:quota_projected:ratio > 1))",
        "(usage:quota_last:ratio > <forecast_share> < 1) and (usage:quota_projected:ratio > 1 - <quota_hysteresis>)",
    ),
)
