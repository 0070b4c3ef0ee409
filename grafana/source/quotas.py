"""Shares, paces and forecasts of quotas: what the recording rules record, as expressions that need none."""

from __future__ import annotations

from dataclasses import dataclass

from grafana.source.promql import ACCOUNT, DAY, QUOTA, age, at_shards, day_of_counter, one, series, total

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
        """The share used: 1 is all, and infinite where a limit of 0 is used at all."""
        return f"({self.used} / ({self.limit} > 0) or {self.used} / ({self.limit} == 0) > 0)"

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
    def rate(self) -> str:
        """The share of the limit used a second, over the last day: the pace that the alerts use.

        What passed is at least a day, and more where the vendor's own as-of, or the last good reading, jumped further.
        """
        consumed, used = self._series("consumed_total"), self._series("used")
        ends = self._series("period_end_timestamp_seconds")
        as_of = series("usage_exporter_data_timestamp_seconds", *self._account)
        success = series("usage_exporter_poll_last_success_timestamp_seconds", *self._account)
        known = f"on (job, {QUOTA}) {ends}"
        risen = f"(increase({consumed}[1d]) and {known}) or (clamp_min(delta({used}[1d]), 0) unless {known})"
        jumped = f"clamp_min(delta({as_of}[1d]), {DAY}) or clamp_min(delta({success}[1d]), {DAY})"
        passed = f"max by (job, instance, {ACCOUNT}) ({jumped})"
        pace = f"({risen}) / on (job, instance, vendor, account) group_left () ({passed})"
        return f"({total(QUOTA, at_shards(QUOTA, pace))} / ({self.limit} > 0))"

    @property
    def projected(self) -> str:
        """The share used at the period's end, at the last day's pace."""
        return f"({self.share} + {self.rate} * {self.remaining})"

    @property
    def will_run_out(self) -> str:
        """The share used where it is below 1 and will not be at the period's end."""
        return f"({self.share} < 1 and {self.projected} > 1)"

    @property
    def exhaustion(self) -> str:
        """Seconds until all is used, at the last day's pace; 0 where it is."""
        return f"(0 * ({self.share} >= 1) or (1 - ({self.share} < 1)) / ({self.rate} > 0))"

    @property
    def pace(self) -> str:
        """How fast the limit is used: 1 lasts exactly the period."""
        return f"{self.share} / ({self.elapsed} > {_JUST_BEGUN})"

    @property
    def even(self) -> str:
        """What would be used by now if each day of the period used the same."""
        return f"{self.limit} * {self.elapsed}"

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
