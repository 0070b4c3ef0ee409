"""Shares, paces and forecasts of quotas: those of the alerts, but without recorded series, and of what is seen now."""

from __future__ import annotations

from dataclasses import dataclass

from grafana.source.panels import THRESHOLDS
from grafana.source.promql import ACCOUNT, QUOTA, age, day_of_counter, named, one, series

_WEEK = 7 * 86400
_JUST_BEGUN = 0.03
"""Share of a period within which a pace says nothing yet."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas that matchers choose."""

    matchers: tuple[str, ...] = ()

    def _series(self, name: str) -> str:
        return series(f"usage_quota_{name}", *self.matchers)

    @property
    def _account(self) -> tuple[str, ...]:
        return tuple(matcher for matcher in self.matchers if matcher.startswith(("vendor", "account")))

    @property
    def used(self) -> str:
        """What is used, in the quota's unit."""
        return one(QUOTA, self._series("used"))

    @property
    def limit(self) -> str:
        """What may be used."""
        return one(QUOTA, self._series("limit"))

    @property
    def left(self) -> str:
        """What is left, 0 where more than all is used."""
        return f"clamp_min({self.limit} - {self.used}, 0)"

    @property
    def share(self) -> str:
        """The share used: 1 is all. Of a limit of 0 there is no share."""
        return f"({self.used} / ({self.limit} > 0))"

    @property
    def starts(self) -> str:
        """When the period began."""
        return one(QUOTA, self._series("period_start_timestamp_seconds"))

    @property
    def ends(self) -> str:
        """When the period ends."""
        return one(QUOTA, self._series("period_end_timestamp_seconds"))

    @property
    def remaining(self) -> str:
        """Seconds to the end of the period; nothing where it is over."""
        return f"({self.ends} - time() > 0)"

    @property
    def elapsed(self) -> str:
        """The share of the period that is over."""
        return f"clamp_min(1 - {self.remaining} / ({self.ends} - {self.starts} > 0), 0)"

    @property
    def per_second(self) -> str:
        """What is used a second: in the last seven days of the period, or in the period so far if that can tell.

        What has neither a period nor a counter is a level, such as cores of a contract, and has no pace.
        """
        # An increase tells whether there is a counter; how much it rose is of no matter.
        counted = one(QUOTA, f"increase({self._series('consumed_total')}[1h])")
        return self._per_second(f" and ({self.ends} or {counted})")

    def _per_second(self, has_pace: str = "") -> str:
        ago = one(QUOTA, f"last_over_time({self._series('used')}[1h] offset 7d)")
        week = f"(({self.used} - {ago} >= 0){has_pace} unless {self.starts} > time() - {_WEEK}) / {_WEEK}"
        # Begun so long ago that this share of the period is over. Each series that is read twice is paid for twice.
        share = THRESHOLDS.forecast_period
        begun = f"{self.starts} <= (time() - {share} * {self.ends}) / (1 - {share})"
        return f"({week} or {self.used} / (time() - ({begun}) >= {THRESHOLDS.forecast_least}))"

    @property
    def projected(self) -> str:
        """The share used at the period's end, at the pace so far."""
        # Whatever has a period has a pace.
        return f"(({self.used} + {self._per_second()} * {self.remaining}) / ({self.limit} > 0))"

    @property
    def will_run_out(self) -> str:
        """The share used at the period's end where it is above 1 and is not yet."""
        return f"({self.projected} > 1 unless {self.share} >= 1)"

    @property
    def may_run_out(self) -> str:
        """The limit where there is one, and a period that goes on."""
        return f"({self.limit} > 0 and {self.remaining})"

    @property
    def exhaustion(self) -> str:
        """Seconds until all is used, at the pace so far; 0 where it is."""
        return f"({self.left} / ({self.per_second} > 0))"

    @property
    def pace(self) -> str:
        """How fast the limit is used: 1 lasts exactly the period."""
        return f"{self.share} / ({self.elapsed} > {_JUST_BEGUN})"

    @property
    def even(self) -> str:
        """What would be used by now if each day of the period used the same."""
        return f"{self.limit} * {self.elapsed}"

    @property
    def risen(self) -> str:
        """The share of the limit that was used since this time yesterday; nothing where a period began meanwhile."""
        yesterday = one(QUOTA, f"last_over_time({self._series('used')}[1h] offset 1d)")
        return f"(({self.used} - {yesterday} > 0) / ({self.limit} > 0))"

    def named(self, expression: str) -> str:
        """Return series of quotas with a label `name` beside the subject, where it is known what that is called."""
        return named(expression, QUOTA, "name", self._series("subject_info"), self._series("used"))

    @property
    def age(self) -> str:
        """Seconds since the last good reading of the quota's account."""
        return f"0 * {self.used} + on ({ACCOUNT}) group_left () {age(*self._account)}"

    @property
    def per_day(self) -> str:
        """What was used in the day that begins now."""
        return day_of_counter(QUOTA, self._series("consumed_total"))

    def before(self, offset: str) -> str:
        """What was used at a time before now, such as 30d."""
        return one(QUOTA, f"{self._series('used')} offset {offset}")
