"""Checks of references within a vendor's file: from quotas and periods to metrics."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from exporter.vendors.declared.document import Document, MetricSpec, QuotaSpec
from exporter.vendors.declared.templates import has_stray_brace, names_in

Found = Iterator[tuple[str, str]]
_TIMES: Final = ("time", "end", "unix_time")


def not_one_of(name: str, known: Collection[str], what: str) -> str:
    """Return the text for an unknown name. The text suggests a similar known name, or else lists all known names."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"is not a {what}" + (f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known) or 'none'}")


def reference_problems(document: Document) -> Found:
    """Yield (path, problem) for each reference to a missing or unsuitable metric."""
    metrics = {metric.name: metric for request in document.requests for metric in request.metrics}
    yield from _quota_problems(document, metrics)
    for index, period in enumerate(document.periods):
        for field, name in (("start", period.start), ("end", period.end)):
            yield from _time_problems(name, metrics, f"periods[{index}].{field}")


def _quota_problems(document: Document, metrics: Mapping[str, MetricSpec]) -> Found:
    for index, quota in enumerate(document.quotas):
        where = f"quotas[{index}]"
        used = metrics.get(quota.used)
        if used is None:
            yield f"{where}.used", not_one_of(quota.used, metrics, "metric of this file")
            continue
        for field in ("limit", "start", "end", "active"):
            name = getattr(quota, field)
            if name is not None and name not in metrics:
                yield f"{where}.{field}", not_one_of(name, metrics, "metric of this file")
            elif name is not None and set(metrics[name].labels) != set(used.labels):
                yield f"{where}.{field}", f"must have the labels of {used.name}"
            elif field in ("start", "end"):
                yield from _time_problems(name, metrics, f"{where}.{field}")
        yield from _name_problems(quota, used, where)


def _time_problems(name: str | None, metrics: Mapping[str, MetricSpec], where: str) -> Found:
    if name is not None and name not in metrics:
        yield where, not_one_of(name, metrics, "metric of this file")
    elif name is not None and metrics[name].kind not in _TIMES:
        yield where, f"is not a time: the kind of {name} must be one of {', '.join(_TIMES)}"


def _name_problems(quota: QuotaSpec, used: MetricSpec, where: str) -> Found:
    for field in ("name", "subject", "unit"):
        if has_stray_brace(getattr(quota, field)):
            yield f"{where}.{field}", "an unmatched brace"
        for label in names_in(getattr(quota, field)):
            if label not in used.labels:
                yield f"{where}.{field}", f"{{{label}}} {not_one_of(label, used.labels, f'label of {used.name}')}"
