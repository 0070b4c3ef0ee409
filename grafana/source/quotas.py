"""Shares, paces and forecasts of quotas, as in the alerts, but from scraped figures instead of recorded series."""

from __future__ import annotations

from dataclasses import dataclass

from grafana.source.panels import THRESHOLDS
from grafana.source.promql import ACCOUNT, QUOTA, age, day_of_counter, named, one, series

_WEEK = 7 * 86400
_JUST_BEGUN = 0.03
"""The share of a period during which its pace is meaningless."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas selected by matchers."""

    matchers: tuple[str, ...] = ()

    def _series(self, name: str) -> str:
        return series(f"usage_quota_{name}", *self.matchers)

    @property
    def _account(self) -> tuple[str, ...]:
        return tuple(matcher for matcher in self.matchers if matcher.startswith(("vendor", "account")))

    @property
    def used(self) -> str:
        """The amount used, in the quota's unit."""
        return one(QUOTA, self._series("used"))

    @property
    def limit(self) -> str:
        """The limit."""
        return one(QUOTA, self._series("limit"))

    @property
    def left(self) -> str:
        """The amount left; 0 if more than the limit is used."""
        return f"clamp_min({self.limit} - {self.used}, 0)"

    @property
    def share(self) -> str:
        """The share used, 1 for all; a limit of 0 has none."""
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
        """The seconds to the end of the period; nothing once it has ended."""
        return f"({self.ends} - time() > 0)"

    @property
    def elapsed(self) -> str:
        """The share of the period that has passed."""
        return f"clamp_min(1 - {self.remaining} / ({self.ends} - {self.starts} > 0), 0)"

    @property
    def per_second(self) -> str:
        """The use per second over the last seven days of the period, or over a younger period that is old enough."""
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
        """The share used at the period's end, at the present pace."""
        # Whatever has a period has a pace.
        return f"(({self.used} + {self._per_second()} * {self.remaining}) / ({self.limit} > 0))"

    @property
    def will_run_out(self) -> str:
        """The projected share of quotas that are not used up but will be before their period ends."""
        return f"({self.projected} > 1 unless {self.share} >= 1)"

    @property
    def may_run_out(self) -> str:
        """The limit of quotas that have one, and a period that is not over."""
        return f"({self.limit} > 0 and {self.remaining})"

    @property
    def exhaustion(self) -> str:
        """The seconds until all is used, at the present pace; 0 if it already is."""
        return f"({self.left} / ({self.per_second} > 0))"

    @property
    def pace(self) -> str:
        """The pace since the period began; at 1 the limit lasts exactly the period."""
        return f"{self.share} / ({self.elapsed} > {_JUST_BEGUN})"

    @property
    def even(self) -> str:
        """The amount that would be used by now at an even pace."""
        return f"{self.limit} * {self.elapsed}"

    @property
    def risen(self) -> str:
        """The share of the limit used since this time yesterday; nothing if a period began in between."""
        yesterday = one(QUOTA, f"last_over_time({self._series('used')}[1h] offset 1d)")
        return f"(({self.used} - {yesterday} > 0) / ({self.limit} > 0))"

    def named(self, expression: str) -> str:
        """Return series of quotas with a label `name` for the subject's display name, if it is known."""
        return named(expression, QUOTA, "name", self._series("subject_info"), self._series("used"))

    @property
    def age(self) -> str:
        """Seconds since the last good reading of the quota's account."""
        return f"0 * {self.used} + on ({ACCOUNT}) group_left () {age(*self._account)}"

    @property
    def per_day(self) -> str:
        """The use in the day that begins now."""
        return day_of_counter(QUOTA, self._series("consumed_total"))

    def before(self, offset: str) -> str:
        """Return the use at an offset before now, such as 30d."""
        return one(QUOTA, f"{self._series('used')} offset {offset}")
