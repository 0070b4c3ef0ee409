"""What is asked of a dashboard's queries: each finding is a line that names the board and the panel."""

import re
from collections.abc import Iterator
from typing import Any, Final

import promql_parser
from dashboard_files import Asked, Board, Node, asked, nodes, selectors

from exporter.cli import catalogue
from exporter.cli.catalogue import FAMILIES
from exporter.metrics import Family
from exporter.store.reading import READING_FAMILIES

SCRAPED: Final = frozenset({"job", "instance"})
_OF_PROMETHEUS: Final = {
    "up": SCRAPED,
    "scrape_duration_seconds": SCRAPED,
    "ALERTS": SCRAPED | {"alertname", "alertstate", "severity", "vendor", "account", "quota", "subject", "unit"},
    "process_start_time_seconds": SCRAPED,
    "process_resident_memory_bytes": SCRAPED,
    "process_cpu_seconds_total": SCRAPED,
    "process_open_fds": SCRAPED,
}
_WHOLE: Final = frozenset({"quota", "unit", "currency", "event_name", "feature", "lever"})
"""Labels whose values are of different kinds: a sum keeps them."""
_RISES: Final = ("rate", "increase")


def _known() -> Iterator[tuple[str, frozenset[str]]]:
    for family in FAMILIES:
        labels = frozenset(catalogue.labels(family)) | SCRAPED
        if family.kind in ("histogram", "summary"):
            yield from ((f"{family.name}_{suffix}", labels) for suffix in ("sum", "count"))
        if family.kind == "histogram":
            yield f"{family.name}_bucket", labels | {"le"}
        elif family.kind != "summary":
            yield family.name, labels


KNOWN: Final = {**_OF_PROMETHEUS, **dict(_known()), "": SCRAPED | {"account"}}
"""Labels of metrics by name; without a name it is any metric of a vendor."""
_OF_A_VENDOR: Final = ".+_.+"
"""How the names of a vendor's metrics begin, when any vendor is chosen."""
_MADE: Final = re.compile(r'label_replace\(.*?"(\w+)", "\$1", "__name__"')
FAMILY: Final[dict[str, Family]] = {family.name: family for family in FAMILIES}


def findings(board: Board) -> list[str]:
    """All that is wrong with a board's queries."""
    return [f"{one.board}: {one.what}: {line}" for one in asked(board) for line in of_query(one)]


def of_query(one: Asked) -> Iterator[str]:
    """What is wrong with a query; what does not parse has only that."""
    try:
        found = list(selectors(one.expression))
    except ValueError as error:
        yield f"does not parse: {error}"
        return
    for selector in found:
        yield from _of_names(selector, one.grouped_by)
        yield from _of_scrape(selector, one)
        yield from _of_kind(selector, one)
        if not one.grouped_by:
            yield from _of_sums(selector)
            yield from _of_aggregation(selector)
    yield from _of_grouping(one.expression)


def _of_names(selector: Node, grouped_by: str) -> Iterator[str]:
    name = selector.node.name
    if not name:
        names = [matcher.value for matcher in selector.node.matchers.matchers if matcher.name == "__name__"]
        if _OF_A_VENDOR not in names:
            yield "neither a metric's name nor those of a vendor"
        return
    if name not in KNOWN:
        yield f"no metric {name}"
        return
    labels = [matcher.name for matcher in selector.node.matchers.matchers] + [grouped_by] * bool(grouped_by)
    yield from (f"{name} has no label {label}" for label in labels if label not in KNOWN[name])


def _of_scrape(selector: Node, one: Asked) -> Iterator[str]:
    """The chosen job and instance; an alert has no instance, and the lists to choose from are made of the exporters."""
    said = {matcher.name: matcher.value for matcher in selector.node.matchers.matchers}
    wanted = {"job": ".+", "instance": ".+|" if selector.node.name == "ALERTS" else ".+"}
    if one.grouped_by in ("job", "instance"):
        wanted = {"job": ".+"} if one.grouped_by == "instance" else {}
    yield from (
        f"{selector.node.name} is not of the chosen {label}" for label in wanted if said.get(label) != wanted[label]
    )


def _of_kind(selector: Node, one: Asked) -> Iterator[str]:
    name = selector.node.name or ""
    rises = any(isinstance(outer, promql_parser.Call) and outer.func.name in _RISES for outer in selector.within)
    family = FAMILY.get(name)
    counts = name.endswith("_total") or (family is None and name.startswith("usage_") and name in KNOWN)
    begins = f"unless last_over_time({name}{{" in one.expression  # what a counter rose to from its absence, which is 0
    if counts != rises and not (counts and begins):
        yield (
            f"{name} is a counter outside of rate and increase"
            if counts
            else f"{name} is no counter, and rate takes it for one"
        )
    window = selector.within[-1] if selector.within else None
    called = selector.within[-2].func.name if rises and isinstance(window, promql_parser.MatrixSelector) else ""
    if called == "rate" and "[$__rate_interval]" not in one.expression:
        yield f"the rate of {name} is not over $__rate_interval"


def _labels_of(node: Any) -> frozenset[str]:
    """Return the labels that an aggregation keeps, as far as it names them."""
    kept = node.modifier and node.modifier.type == promql_parser.AggModifierType.By
    return frozenset(node.modifier.labels) if kept else frozenset()


def _aggregates(selector: Node) -> list[Any]:
    return [outer for outer in selector.within if isinstance(outer, promql_parser.AggregateExpr)]


def _of_sums(selector: Node) -> Iterator[str]:
    family = FAMILY.get(selector.node.name or "")
    if family is None or family not in READING_FAMILIES:
        return
    fixed = {matcher.name for matcher in selector.node.matchers.matchers if matcher.op == promql_parser.MatchOp.Equal}
    if "quota" in fixed:  # and so the unit
        fixed |= {"unit"}
    outer = _aggregates(selector)
    for place, one in enumerate(outer):
        if str(one.op) != "sum":
            continue
        lost = (_WHOLE & set(catalogue.labels(family))) - _labels_of(one) - fixed
        yield from (f"{family.name} is summed over {label}" for label in sorted(lost))
        if "max" not in {str(inner.op) for inner in outer[place + 1 :]}:
            yield f"{family.name} is summed over exporters"


def _of_aggregation(selector: Node) -> Iterator[str]:
    if "account" in KNOWN.get(selector.node.name or "", ()) and not _aggregates(selector):
        yield f"{selector.node.name} is not aggregated, so two exporters are two series"


def _of_grouping(expression: str) -> Iterator[str]:
    """Labels that an aggregation groups by, or a match is on, exist in what stands inside."""
    for one in nodes(expression):
        if isinstance(one.node, promql_parser.AggregateExpr):
            labels = _labels_of(one.node) - set(_MADE.findall(str(one.node)))
        elif isinstance(one.node, promql_parser.BinaryExpr) and one.node.modifier and one.node.modifier.matching:
            labels = frozenset(one.node.modifier.matching.labels) | frozenset(one.node.modifier.group_labels or ())
        else:
            continue
        inside = [inner.node.name for inner in selectors(str(one.node))]
        there = frozenset().union(*(KNOWN.get(name or "", frozenset()) for name in inside))
        if inside:
            yield from (f"there is no label {label} to group by" for label in sorted(labels - there))
