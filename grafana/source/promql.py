"""Pieces of PromQL that every board uses.

Whatever several exporters say of one thing is one: gauges are aggregated with max by what names the thing, and only
then summed. An account is its vendor and its name; the scrape job is no part of it. Exporters of one shard are
replicas, and the better one counts; those of different shards have different customers of an account, and the worse
one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from exporter.metrics import Family

DAY: Final = 86400

ACCOUNT: Final = "vendor, account"
QUOTA: Final = "vendor, account, quota, subject, unit"

_SCRAPED: Final = 'job=~"$job", instance=~"$instance"'


def series(metric: Family | str, *matchers: str) -> str:
    """Return a selector of a metric in the chosen jobs and instances; of any metric, where the name is empty."""
    name = metric if isinstance(metric, str) else metric.name
    return f"{name}{{{', '.join((_SCRAPED, *matchers))}}}"


def chosen(*labels: str) -> tuple[str, ...]:
    """Return matchers that take each label's values from the variable of its name."""
    return tuple(f'{label}=~"${label}"' for label in labels)


def one(by: str, expression: str) -> str:
    """Return one series for each thing, whichever of several exporters say it."""
    return f"max by ({by}) ({expression})"


def increase_from_0(counter: str, window: str) -> str:
    """Return what a counter rose in a time, also where it was absent before: such a counter began at 0.

    `increase` alone begins with the first value that it sees. A day without the counter is taken for its absence.
    """
    return f"({counter} unless last_over_time({counter}[1d] offset {window})) or increase({counter}[{window}])"


def total(by: str, expression: str) -> str:
    """Return a sum; what is summed must be one series for each thing already."""
    return f"sum by ({by}) ({expression})"


def shards(over: str = "") -> str:
    """Return which shard each instance is, a factor of 1; one that does not say it is shard 0 of 1.

    Args:
        over: a time in which the instance was there, such as `[1d] offset -1d`; now, where there is none.

    """

    def seen(metric: str) -> str:
        return f"last_over_time({series(metric)}{over})" if over else series(metric)

    stated = f"group by (job, instance, shard, total) ({seen('usage_exporter_shard_info')})"
    there = f"group by (job, instance) ({seen('usage_exporter_config_last_reload_success_timestamp_seconds')})"
    silent = f'label_replace(label_replace({there}, "shard", "0", "", ""), "total", "1", "", "")'
    return f"topk by (job, instance) (1, {stated} or on (job, instance) {silent})"


def at_shards(by: str, expression: str, over: str = "") -> str:
    """Return one series for each thing at each shard, whichever of the shard's replicas say it."""
    return one(f"{by}, shard", f"({expression}) * on (job, instance) group_left (shard) {shards(over)}")


def count(expression: str, everything: str) -> str:
    """Return how many series an expression has: 0, not nothing, as long as `everything` has some."""
    return f"count({expression}) or 0 * count({everything})"


def highest(number: int, expression: str) -> str:
    """Return the highest series, the highest first."""
    return f"sort_desc(topk({number}, {expression}))"


def leaders(number: int, expression: str, rank: str = "") -> str:
    """Return those series whose highest value in the time shown is highest, or that lead in `rank`.

    A topk of its own at each moment would make a line end where another overtakes it.
    """
    rank = rank or f"max_over_time(({expression})[$__range:1h] @ end())"
    return f"({expression}) and topk({number}, {rank})"


def now(expression: str) -> str:
    """Return an expression as it is at the end of the time shown, to lead by."""
    return f"last_over_time(({expression})[1h:5m] @ end())"


def described(by: str, labels: str, info: str) -> str:
    """Return a factor of 1 that brings labels of an info metric; only one of two that differ."""
    return f"on ({by}) group_left ({labels}) topk by ({by}) (1, max by ({by}, {labels}) ({info}))"


def named(expression: str, by: str, label: str, info: str, things: str) -> str:
    """Return series with a label of an info metric beside them; those that it does not know stay as they are.

    Args:
        expression: the series, one for each thing.
        by: what tells things apart.
        label: the label that is brought.
        info: the info metric.
        things: a metric that every thing has.

    """
    known = f"topk by ({by}) (1, max by ({by}, {label}) ({info}))"
    return f"({expression}) * on ({by}) group_left ({label}) ({known} or on ({by}) group by ({by}) ({things}))"


def day_of_counter(by: str, counter: str) -> str:
    """Return what a counter rose in the day that begins now, so that a bar stands on its own day; today's is so far.

    What moved from one shard to another in that day rose at both.
    """
    day = "[1d] offset -1d"
    return total(by, at_shards(by, f"increase({counter}{day})", day))


def day_of_gauge(by: str, gauge: str) -> str:
    """Return what a gauge that starts anew now and then rose in the day that begins now.

    A fall to less than half is a new start: what was used until then counts, and what was used since. A smaller fall
    is a correction, and the day has no bar.
    """
    begin = one(by, f"last_over_time({gauge}[1d])")
    end = one(by, f"last_over_time({gauge}[1d] offset -1d)")
    peak = one(by, f"max_over_time({gauge}[1d] offset -1d)")
    return f"({end} - {begin} >= 0) or (clamp_min({peak} - {begin}, 0) + ({end} < 0.5 * {begin}))"


def same_point_last_month(at: Callable[[str], str]) -> str:
    """Return an expression as it was at this point of the last month (UTC); nothing where that was a shorter one.

    Args:
        at: gives the expression at an offset, such as `offset 31d`.

    """
    days = f"days_in_month(time() - {DAY} * day_of_month())"
    return either(f"({at(f'offset {day}d')} and on () ({days} == {day} >= day_of_month()))" for day in (31, 30, 29, 28))


def either(expressions: Iterable[str]) -> str:
    """Return the first of expressions that has a value, for each series."""
    return " or ".join(expressions)


def age(*matchers: str) -> str:
    """Return the seconds since each account's last good reading, or since the configuration was read where none was.

    Of an account that is split over shards, at the one where it is longest.
    """
    success = series("usage_exporter_poll_last_success_timestamp_seconds", *matchers)
    known = series("usage_exporter_poll_interval_seconds", *matchers)
    read = series("usage_exporter_config_last_reload_success_timestamp_seconds")
    never = at_shards(ACCOUNT, f"0 * {known} + on (job, instance) group_left () {read}")
    return one(ACCOUNT, f"(time() - {at_shards(ACCOUNT, success)}) or (time() - {never})")


def up(*matchers: str) -> str:
    """Return whether each account's last poll worked, at all of its shards (1) or not (0)."""
    return f"min by ({ACCOUNT}) ({at_shards(ACCOUNT, series('usage_exporter_account_up', *matchers))})"


def interval(*matchers: str) -> str:
    """Return how often each account is polled."""
    return one(ACCOUNT, series("usage_exporter_poll_interval_seconds", *matchers))
