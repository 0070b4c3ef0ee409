"""The recorded series of paces and forecasts: how fast quotas are used, and when they will be used up.

The use in a window is the rise of the vendor's figure, plus the final figures of periods that ended in the window. If
a figure fell although no period ended, the vendor must have corrected it, and the use in the window is unknown.
"""

from __future__ import annotations

from typing import Final

from exporter.rules.rule import Record
from exporter.rules.selectors import before, fresh

_SHORT: Final = {"1h": 3600, "6h": 6 * 3600}
_LONG: Final = {"1d": 86400, "7d": 7 * 86400}


def _increase(window: str, seconds: int) -> Record:
    """Return the recording rule for the use in a window, as a share of the limit.

    In a short window (of hours), the use is counted from zero if the quota's period began within the window and there
    is no earlier figure. The expression's range is one second shorter than the window, because some versions of
    Prometheus include both ends of a range.
    """
    ended = f"sum_over_time(usage:quota_ended:used[{seconds - 1}s])"
    begun = f"(usage:quota_begun:timestamp > time() - {seconds})"
    from_nothing = f"\n    or\n    ({ended} and {begun})\n    or\n    0 * {begun}" if window in _SHORT else ""
    return Record(
        f"usage:quota_increase{window}:ratio",
        f"""
(
  ((usage:quota_last:used + {ended}) or usage:quota_last:used)
  - (
    {before("usage:quota_last:used", window)}{from_nothing}
  )
  >= 0
)
/ usage:quota_paced:limit
""",
    )


DAY_RECORDS: Final = (
    Record("usage:quota_start:max", fresh("usage_quota_period_start_timestamp_seconds")),
    # A quota with neither a period nor a counter is a level, such as the cores of a contract. A level is given back,
    # not used up, and has no pace.
    Record(
        "usage:quota_paced:limit",
        """
        usage:quota_last:limit > 0
        unless (
          usage:quota_used:max
          unless usage:quota_last:end
          unless on (<by_quota>) last_over_time(usage_quota_consumed_total[<scrapes>])
        )
        """,
    ),
    *(_increase(window, seconds) for window, seconds in _LONG.items()),
    # The use per second, averaged over the last seven days (one of each weekday). If there is no such average, the
    # average over the period so far is used, if the period has lasted long enough. While the quota is hidden, the rate
    # stays as it was.
    Record(
        "usage:quota_rate:ratio",
        """
        (usage:quota_increase7d:ratio / 604800 unless usage:quota_hidden:bool)
        or
        (last_over_time(usage:quota_rate:ratio[1h]) and usage:quota_hidden:bool)
        or
        usage:quota_last:ratio / (
          time() - (
            usage:quota_start:max
            <= (time() - <forecast_period> * usage:quota_last:end) / (1 - <forecast_period>)
          )
          >= <forecast_least>
        )
        """,
    ),
)

PACE_RECORDS: Final = (
    Record("usage:quota_begun:timestamp", f"usage:quota_start:max > time() - {max(_SHORT.values())}"),
    *(_increase(window, seconds) for window, seconds in _SHORT.items()),
    # Projected from the last reading, because nothing newer is known.
    Record(
        "usage:quota_projected:ratio",
        """
        usage:quota_last:ratio
        + usage:quota_rate:ratio * (
          (usage:quota_remaining:seconds + (time() - usage:quota_hidden:timestamp))
          or
          usage:quota_remaining:seconds
        )
        """,
    ),
    Record(
        "usage:quota_exhaustion:seconds",
        """
        clamp_min(
          (1 - (usage:quota_last:ratio < 1)) / (usage:quota_rate:ratio > 0)
          - ((time() - usage:quota_hidden:timestamp) or 0 * usage:quota_last:ratio),
          0
        )
        """,
    ),
    Record(
        "usage:quota_overrun:ratio",
        """
        (usage:quota_last:ratio > <forecast_share> < 1)
        and (usage:quota_projected:ratio > 1 - <quota_hysteresis>)
        and (usage:quota_projected:ratio > 1 or last_over_time(usage:quota_overrun:ratio[15m]))
        and (usage:quota_last:limit >= <forecast_limit>)
        """,
    ),
    # The use in six hours, if at this rate the rest of the limit would be used up within days.
    Record(
        "usage:quota_burning:ratio",
        "usage:quota_increase6h:ratio > (1 - (usage:quota_last:ratio < 1)) * 21600 / <burn_warning_rest>",
    ),
    Record(
        "usage:quota_burning:seconds",
        "(1 - usage:quota_last:ratio) / (usage:quota_burning:ratio / 21600)",
    ),
    # The time until the rest is used up at the rate of the last six hours. There is a value only if the period does not
    # end earlier, and if the figure moved several times. A single step shows no pace: it may be one booking, or come
    # from an hour without polls. Use that recurs at the same hours each day or each week is not a burst.
    Record(
        "usage:quota_burnt:seconds",
        f"""
        usage:quota_burning:seconds
        unless (usage:quota_burning:seconds >= usage:quota_remaining:seconds)
        and (changes(usage:quota_last:used[6h]) >= <burn_moves>)
        and (usage:quota_last:limit >= <forecast_limit>)
        unless (usage:quota_burning:ratio / <burn_usual> <= {before("usage:quota_increase6h:ratio", "1d")})
        unless (usage:quota_burning:ratio / <burn_usual> <= {before("usage:quota_increase6h:ratio", "7d")})
        unless usage:quota_hidden:bool
        """,
    ),
)
