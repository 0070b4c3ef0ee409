"""PromQL fragments used by every board.

Several exporters may report the same thing: gauges are first aggregated with max by the labels that identify it, and
only then summed. An account is identified by vendor and name; the scrape job is not part of it. Exporters of the same
shard are replicas, and the better one counts; different shards have different customers of an account, and the worse
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
    """Return a selector for a metric in the chosen jobs and instances; for any metric if the name is empty."""
    name = metric if isinstance(metric, str) else metric.name
    return f"{name}{{{', '.join((_SCRAPED, *matchers))}}}"


def chosen(*labels: str) -> tuple[str, ...]:
    """Return matchers that take each label's values from the variable of the same name."""
    return tuple(f'{label}=~"${label}"' for label in labels)


def one(by: str, expression: str) -> str:
    """Return one series per thing, even if several exporters report it."""
    return f"max by ({by}) ({expression})"


def increase_from_0(counter: str, window: str) -> str:
    """Return a counter's increase over a window, counting from 0 if the counter was absent before.

    `increase` alone starts at the first value it finds. A counter missing for a day counts as absent.
    """
    return f"({counter} unless last_over_time({counter}[1d] offset {window})) or increase({counter}[{window}])"


def total(by: str, expression: str) -> str:
    """Return a sum; the expression must already have one series per thing."""
    return f"sum by ({by}) ({expression})"


def shards(over: str = "") -> str:
    """Return a factor of 1 with each instance's shard; an instance that reports none is shard 0 of 1.

    Args:
        over: the range in which the instance was there, such as `[1d] offset -1d`; empty for now.

    """

    def seen(metric: str) -> str:
        return f"last_over_time({series(metric)}{over})" if over else series(metric)

    stated = f"group by (job, instance, shard, total) ({seen('usage_exporter_shard_info')})"
    there = f"group by (job, instance) ({seen('usage_exporter_config_last_reload_success_timestamp_seconds')})"
    silent = f'label_replace(label_replace({there}, "shard", "0", "", ""), "total", "1", "", "")'
    return f"topk by (job, instance) (1, {stated} or on (job, instance) {silent})"


def at_shards(by: str, expression: str, over: str = "") -> str:
    """Return one series per thing and shard, even if several replicas of the shard report it."""
    return one(f"{by}, shard", f"({expression}) * on (job, instance) group_left (shard) {shards(over)}")


def count(expression: str, everything: str) -> str:
    """Return the number of series in an expression; 0 instead of nothing as long as `everything` has some."""
    return f"count({expression}) or 0 * count({everything})"


def highest(number: int, expression: str) -> str:
    """Return the highest series, the highest first."""
    return f"sort_desc(topk({number}, {expression}))"


def leaders(number: int, expression: str, rank: str = "") -> str:
    """Return the series with the highest maxima in the time range, or the highest values of `rank`.

    A topk evaluated at each point in time would end a line where another one overtakes it.
    """
    rank = rank or f"max_over_time(({expression})[$__range:1h] @ end())"
    return f"({expression}) and topk({number}, {rank})"


def now(expression: str) -> str:
    """Return an expression's value at the end of the time range, to rank series by."""
    return f"last_over_time(({expression})[1h:5m] @ end())"


def described(by: str, labels: str, info: str) -> str:
    """Return a factor of 1 that adds labels of an info metric; if there are two infos, only one of them is used."""
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
    """Return a counter's increase in the day that begins now, so that a bar stands on its own day; today's is so far.

    A counter that moved between shards on that day increased at both.
    """
    day = "[1d] offset -1d"
    return total(by, at_shards(by, f"increase({counter}{day})", day))


def day_of_gauge(by: str, gauge: str) -> str:
    """Return the rise, in the day that begins now, of a gauge that restarts at times.

    A fall below half is a restart: the use before and after it counts. A smaller fall is a correction, and the day has
    no bar.
    """
    begin = one(by, f"last_over_time({gauge}[1d])")
    end = one(by, f"last_over_time({gauge}[1d] offset -1d)")
    peak = one(by, f"max_over_time({gauge}[1d] offset -1d)")
    return f"({end} - {begin} >= 0) or (clamp_min({peak} - {begin}, 0) + ({end} < 0.5 * {begin}))"


def same_point_last_month(at: Callable[[str], str]) -> str:
    """Return an expression at the same point of last month (UTC); nothing if that month was too short.

    Args:
        at: returns the expression at an offset, such as `offset 31d`.

    """
    days = f"days_in_month(time() - {DAY} * day_of_month())"
    return either(f"({at(f'offset {day}d')} and on () ({days} == {day} >= day_of_month()))" for day in (31, 30, 29, 28))


def either(expressions: Iterable[str]) -> str:
    """Return, for each series, the first of several expressions that has a value."""
    return " or ".join(expressions)


def age(*matchers: str) -> str:
    """Return the seconds since each account's last good reading; without one, since the configuration was read."""
    success = series("usage_exporter_poll_last_success_timestamp_seconds", *matchers)
    known = series("usage_exporter_poll_interval_seconds", *matchers)
    read = series("usage_exporter_config_last_reload_success_timestamp_seconds")
    never = at_shards(ACCOUNT, f"0 * {known} + on (job, instance) group_left () {read}")
    return one(ACCOUNT, f"(time() - {at_shards(ACCOUNT, success)}) or (time() - {never})")


def up(*matchers: str) -> str:
    """Return 1 if an account's last polls worked at all of its shards, and 0 if not."""
    return f"min by ({ACCOUNT}) ({at_shards(ACCOUNT, series('usage_exporter_account_up', *matchers))})"


def interval(*matchers: str) -> str:
    """Return each account's poll interval."""
    return one(ACCOUNT, series("usage_exporter_poll_interval_seconds", *matchers))
