"""Conflicts between keys of a vendor's file. Each key is valid alone, but not together with another key."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from exporter.vendors.declared.document import Document, LabelSpec, MetricSpec, Next, RequestSpec, Succeeded
from exporter.vendors.declared.references import Found, not_one_of, reference_problems
from exporter.vendors.declared.settings_checks import auth_problems, setting_problems
from exporter.vendors.declared.templates import DATES, ITEM, has_stray_brace, names_in

_WAYS: Final = ("link", "link_header", "cursor", "offset", "page")


def as_tuple(paths: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one path or several paths as a tuple."""
    return (paths,) if isinstance(paths, str) else paths


def problems(document: Document) -> Found:
    """Yield (path, problem) for each conflict, and for each wrong setting, credential or reference."""
    yield from setting_problems(document)
    yield from auth_problems(document)
    named: dict[str, str] = {}
    listed: dict[str, bool] = {}
    for index, request in enumerate(document.requests):
        where = f"requests[{index}]"
        yield from _request_problems(document, request, listed, where)
        for number, metric in enumerate(request.metrics):
            place = f"{where}.metrics[{number}]"
            first = named.setdefault(metric.name, place)
            if first != place:
                yield f"{place}.name", f"is the name of {first} too"
            elif not metric.name.startswith(f"{document.vendor}_"):
                yield f"{place}.name", f"must begin with {document.vendor}_"
            yield from _metric_problems(document, request, metric, place)
        if request.name in listed:
            yield f"{where}.name", "is also the name of an earlier request"
        if request.name:
            listed[request.name] = len(as_tuple(request.key)) == 1
    if not named:
        yield "requests", "write metrics for at least one of them"
    yield from reference_problems(document)


def _request_problems(document: Document, request: RequestSpec, listed: dict[str, bool], where: str) -> Found:
    if (request.get is None) == (request.post is None):
        yield where, "write get or post, one of the two"
    if request.body and request.post is None:
        yield f"{where}.body", "needs post"
    known = _names(document, request)
    texts: list[tuple[str, object]] = [("get", request.get), ("post", request.post)]
    texts += [
        (f"{part}.{name}", one) for part in ("parameters", "body") for name, one in getattr(request, part).items()
    ]
    for place, text in texts:
        yield from _template_problems(document, text, known, f"{where}.{place}")
    depth, keys = len(as_tuple(request.rows)), as_tuple(request.key)
    for place, path in (("as_of", request.as_of), *((f"key{_index(request.key, one)}", one) for one in keys)):
        yield from _depth_problems(path, depth, f"{where}.{place}")
    succeeded = request.succeeded
    success_path = succeeded.at if isinstance(succeeded, Succeeded) else succeeded
    of_answers = (
        ("succeeded", success_path),
        ("failed", request.failed),
        *(("rows", one) for one in as_tuple(request.rows)),
    )
    for place, path in of_answers:
        if path and path.startswith("^"):
            yield f"{where}.{place}", "must not begin with ^"
    if request.for_each is not None:
        yield from _for_each_problems(document, request.for_each, listed, f"{where}.for_each")
    if request.next:
        yield from _next_problems(request, request.next, where)


def _index(key: str | tuple[str, ...], one: str) -> str:
    return "" if isinstance(key, str) else f"[{key.index(one)}]"


def _names(document: Document, request: RequestSpec) -> set[str]:
    plain = {name for name, one in document.settings.items() if one.kind not in {"secret", "identifiers"}}
    return plain | DATES.keys() | ({ITEM} if request.for_each else set())


def _template_problems(document: Document, text: object, known: Collection[str], where: str) -> Found:
    if has_stray_brace(text):
        yield where, "an unmatched brace"
    for name in names_in(text):
        setting = document.settings.get(name)
        if setting is not None and setting.kind == "secret":
            yield where, f"{name} is a secret, which only auth may put into a request"
        elif setting is not None and setting.kind == "identifiers":
            yield where, f"{name} is a list; write for_each: settings.{name}, and {{item}} here"
        elif name not in known:
            yield where, f"{{{name}}} {not_one_of(name, sorted(known), 'setting or date')}"


def _depth_problems(path: str | None, depth: int, where: str) -> Found:
    if path and len(path) - len(path.lstrip("^")) > depth:
        yield where, f"leads out of the answer: there are {depth} rows around it"


def _for_each_problems(document: Document, name: str, listed: dict[str, bool], where: str) -> Found:
    kind, _, of = name.partition(".")
    lists = [one for one, setting in document.settings.items() if setting.kind == "identifiers"]
    if kind == "settings" and of not in lists:
        yield where, f"{of} {not_one_of(of, lists, 'setting of kind identifiers')}"
    elif kind == "requests" and of not in listed:
        yield where, f"{of} {not_one_of(of, listed, 'earlier request with a name')}"
    elif kind == "requests" and not listed[of]:
        yield where, f"the request {of} must have one key"
    elif kind not in {"settings", "requests"}:
        yield where, "write settings.NAME or requests.NAME"


def _next_problems(request: RequestSpec, following: Next, where: str) -> Found:
    yield from _way_problems(request, following, f"{where}.next")
    for name in ("link", "cursor", "more"):
        if (getattr(following, name) or "").startswith("^"):
            yield f"{where}.next.{name}", "is a path in the answer, and must not begin with ^"
    for name in ("parameter", "offset", "page"):
        if getattr(following, name) in request.parameters:
            yield f"{where}.next.{name}", "is also one of parameters"
    if following.field in request.body:
        yield f"{where}.next.field", "is also a field of body"
    if not request.rows or not request.key:
        yield f"{where}.next", "pagination needs rows, and a key that distinguishes them"


def _way_problems(request: RequestSpec, following: Next, where: str) -> Found:
    given = [way for way in _WAYS if getattr(following, way) is not None]
    if len(given) != 1:
        yield where, f"write one of {', '.join(_WAYS)}"
    elif following.cursor and (following.parameter is None) == (following.field is None):
        yield where, "write parameter or field beside cursor: what it is sent in"
    elif following.field is not None and request.post is None:
        yield f"{where}.field", "needs post"
    elif following.link_header and request.get is None:
        yield f"{where}.link_header", "needs get"


def _metric_problems(document: Document, request: RequestSpec, metric: MetricSpec, where: str) -> Found:
    depth, keys = len(as_tuple(request.rows)), as_tuple(request.key)
    yield from _depth_problems(metric.value, depth, f"{where}.value")
    known = _names(document, request)
    named = []
    for label, given in metric.labels.items():
        value = given.value if isinstance(given, LabelSpec) else given
        place = f"{where}.labels.{label}" + (".value" if isinstance(given, LabelSpec) else "")
        named.append(value)
        if value.startswith("{"):
            yield from _template_problems(document, value, known - DATES.keys(), place)
        else:
            yield from _depth_problems(value, depth, place)
            if metric.sum and value not in keys:
                yield place, "a label of a sum must be in key: else a row could belong to any sum"
    if request.for_each and f"{{{ITEM}}}" not in named:
        yield f"{where}.labels", 'one label must be "{item}": each item has series of its own'
    if metric.sum and not keys:
        yield f"{where}.sum", "needs a key, or a row that comes twice would count twice"
    if metric.sum and metric.kind != "number":
        yield f"{where}.sum", "only numbers are added up"
