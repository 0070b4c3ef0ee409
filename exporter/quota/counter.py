"""How much a reading adds to a counter. When a period ends, figures fall and dates move. Either change may be late.

| figure | dates | means | adds |
| --- | --- | --- | --- |
| rises or stays | still the old period | use | the rise above the high-water mark |
| falls a little | still the old period | correction | nothing, until the figure exceeds the high-water mark |
| falls below half | move later, or the known end passes, in the next reading at the latest | reset | the whole figure |
| falls below half | neither of these by the next reading | correction | nothing |
| does not fall | show a new period, and come with the figure | renewal | the whole figure |
| does not fall | show a new period, but do not come with the figure | late, until a deadline | the rise |
| any | the start moves, but lies long before the last reading | correction of the dates | the rise |
| first reading | the period began after counting started | renewal, or a new member | the whole figure |

The high-water mark is the figure up to which the period has been counted. "Half" is half of the high-water mark. Dates
that do not come with the figure are from the calendar or from another answer. The deadline is 26 h after the new
period began, or the middle of the new period if the middle is earlier. A figure that has not fallen by the deadline
belongs to the new period. The whole figure then counts, except for the rises that were already counted. If no date was
ever known, every rise counts, and falls do not count.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from exporter.vendors.periods import UNKNOWN_SPAN, Span

_LATEST_SECONDS: Final = 26 * 3600.0
"""How late a vendor's figure for a new period may be: a day, plus two hours for clock differences."""


@dataclass(frozen=True, slots=True)
class Member:
    """The state kept for one series that a quota counts.

    Attributes:
        high_water: the figure up to which the current period is counted.
        last: the figure of the last reading.
        span: the current period, as far as known.
        last_seen_at: the Unix time of the last reading with this series.
        late_rise: the rise counted after the dates had moved to a new period, but while the figure still belonged to
            the old period.
        has_fallen: whether the last figure fell below half of the high-water mark, without a new period to explain the
            fall.
        has_reset: whether the figure was reset when the period's end passed, and neither of the period's dates has
            moved since then.
        previous: the previous period.
        previous_high_water: the figure up to which the previous period is counted.

    """

    high_water: float
    last: float
    span: Span
    last_seen_at: float
    late_rise: float = 0.0
    has_fallen: bool = False
    has_reset: bool = False
    previous: Span = UNKNOWN_SPAN
    previous_high_water: float = 0.0


class MemberReading(NamedTuple):
    """A member's figure, and the facts that determine its period.

    Attributes:
        value: the figure.
        span: the figure's period, as far as known.
        at: the Unix time of the request.
        since: the Unix time at which counting started. If a period began after this time, its whole figure counts as
            new use.
        is_dated: whether the figure and the dates arrive together. If so, the figure cannot lag behind the dates.

    """

    value: float
    span: Span
    at: float
    since: float
    is_dated: bool = False


def count(member: Member | None, reading: MemberReading) -> tuple[Member, float]:
    """Return the member's state after a reading, and how much the reading adds to the counter."""
    value, span = reading.value, reading.span
    if member is None:
        return Member(value, value, span, reading.at), _first_use(reading)
    if _is_earlier(span, member):
        return _count_earlier(member, reading)
    return _count_running(member, reading)


def _count_running(member: Member, reading: MemberReading) -> tuple[Member, float]:
    value, old, moved = reading.value, member.span, _moves_later(reading.span, member.span)
    has_passed = old.end is not None and reading.at >= old.end
    if member.has_reset and has_passed and reading.at - (old.end or 0.0) < _lateness(old):
        # The dates now follow a reset that has been counted already.
        return _same_period(replace(member, has_reset=not moved), reading)
    is_low = value < member.high_water / 2
    if is_low and (value < member.last or member.has_fallen) and (moved or has_passed):
        after = _new_period(member, reading)
        return (after if moved else replace(after, span=old, has_reset=True)), max(0.0, value)
    began = _began_at(reading, member) if moved else None
    if began is None:
        return _same_period(member, reading, is_unexplained=is_low and value < member.last)
    return _count_unfallen(member, reading, began)


def _count_unfallen(member: Member, reading: MemberReading, began: float) -> tuple[Member, float]:
    """Count a figure that has not fallen although a new period began.

    The figure is late, or already belongs to the new period.
    """
    if not reading.is_dated and reading.at - began < _lateness(reading.span):
        after, rise = _same_period(member, reading)
        late_rise = min(member.late_rise + rise, sys.float_info.max)
        return replace(after, span=member.span, late_rise=late_rise), rise
    return _new_period(member, reading), max(0.0, reading.value - member.late_rise)


def _first_use(reading: MemberReading) -> float:
    start = reading.span.start
    return max(0.0, reading.value) if start is not None and start >= reading.since else 0.0


def _lateness(span: Span) -> float:
    length = span.end - span.start if span.start is not None and span.end is not None else math.inf
    return min(_LATEST_SECONDS, length / 2)


def _moves_later(new: Span, old: Span) -> bool:
    """Whether the start or the end of a period moved to a later time."""
    return (new.start is not None and old.start is not None and new.start > old.start) or (
        new.end is not None and old.end is not None and new.end > old.end
    )


def _began_at(reading: MemberReading, member: Member) -> float | None:
    """Return the Unix time at which a new period began. Returns None if the old period's dates were only corrected."""
    old, new = member.span, reading.span
    if old.start is None or new.start is None:
        ended = old.end is not None and new.end is not None and new.end > old.end and reading.at >= old.end
        return old.end if ended else None
    if new.start <= old.start:
        return None
    is_over = old.end is not None and new.start >= old.end
    ends_later = old.end is None or new.end is None or new.end > old.end
    is_recent = new.start >= member.last_seen_at - _lateness(new)
    return new.start if is_over or (ends_later and is_recent) else None


def _same_period(member: Member, reading: MemberReading, *, is_unexplained: bool = False) -> tuple[Member, float]:
    value, is_known = reading.value, reading.span != UNKNOWN_SPAN
    span = reading.span if is_known else member.span
    rise = max(0.0, value - member.high_water)
    high_water = max(value, member.high_water) if span != UNKNOWN_SPAN else value
    after = replace(
        member,
        high_water=high_water,
        last=value,
        span=member.span if span == member.span else span,
        last_seen_at=reading.at,
        has_fallen=is_unexplained,
    )
    return after, rise


def _new_period(member: Member, reading: MemberReading) -> Member:
    value = reading.value
    return Member(value, value, reading.span, reading.at, previous=member.span, previous_high_water=member.high_water)


def _is_earlier(span: Span, member: Member) -> bool:
    """Whether a figure belongs to an earlier period. If so, the figure is late, or the clock was set back."""
    running, previous = member.span, member.previous
    if span in (UNKNOWN_SPAN, running) or member.has_reset:
        return False
    is_previous = span.start == previous.start if previous.start is not None else span.end == previous.end
    if previous != UNKNOWN_SPAN and is_previous:
        return True
    return running.start is not None and span.end is not None and span.end <= running.start


def _count_earlier(member: Member, reading: MemberReading) -> tuple[Member, float]:
    previous, span, value = member.previous, reading.span, reading.value
    if previous.start is not None and span.end is not None and span.end <= previous.start:
        return replace(member, last_seen_at=reading.at), 0.0
    if previous == UNKNOWN_SPAN:
        after = replace(member, previous=span, previous_high_water=value, last_seen_at=reading.at)
        return after, _first_use(reading)
    high_water = max(value, member.previous_high_water)
    after = replace(member, previous_high_water=high_water, last_seen_at=reading.at)
    return after, max(0.0, value - member.previous_high_water)
