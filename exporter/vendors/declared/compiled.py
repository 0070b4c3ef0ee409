"""Compiles a vendor's file into the class of the vendor's accounts. The file has already passed the checks."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from exporter.client.auth import ApiKey, Auth, Basic, Login
from exporter.metrics import Family
from exporter.secret import Secret
from exporter.vendors.declared import document as written
from exporter.vendors.declared.account import DeclaredAccount, Request
from exporter.vendors.declared.conflicts import as_tuple
from exporter.vendors.declared.replies import Getter, Shape
from exporter.vendors.declared.rows import Constant, Metric, Place
from exporter.vendors.declared.settings_checks import ONE_VALUE
from exporter.vendors.declared.templates import dates_a_period, names_in
from exporter.vendors.paging import ByCursor, ByLink, ByOffset, ByPage, Following, Pages
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.settings.types import Identifier, SecretFromEnvironment, SecretFromFile, Url

_families: Final[dict[tuple[object, ...], Family]] = {}
"""All families compiled so far, by content.

After a reload, an unchanged family is the same object, so that the family's rendered lines are kept."""


def compiled(document: written.Document) -> type[DeclaredAccount]:
    """Return the account class of a vendor."""
    requests = tuple(_request(document, one) for one in document.requests)
    families = {metric.family.name: metric.family for request in requests for metric in request.metrics}
    annotations, defaults = _settings(document)
    contents = {
        "__annotations__": annotations,
        "__module__": __name__,
        "__doc__": f"An account at {document.title}.",
        **defaults,
        "sign_ins": _sign_ins(document),
        "reported": tuple(families.values()),
        "native_quotas": tuple(_quota(one, families) for one in document.quotas),
        "plan_periods": tuple(_period(one, families) for one in document.periods),
        "assumed_rate": document.limits.assumed if document.limits else None,
        "requests": requests,
        "sign_in": staticmethod(_sign_in(document.auth)),
        "plain_settings": tuple(name for name, one in document.settings.items() if one.kind in ONE_VALUE),
    }
    name = "".join(word.title() for word in document.vendor.split("_")) + "Account"
    return types.new_class(name, (DeclaredAccount,), {}, lambda names: names.update(contents))


def _settings(document: written.Document) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the types and the defaults of the vendor's own settings, by name."""
    annotations: dict[str, Any] = {"vendor": Literal[document.vendor], "base_url": Url}
    defaults: dict[str, Any] = {"vendor": Field(description=f"{document.title}."), "base_url": document.base_url}
    signs_in = {name for way in _sign_ins(document) for name in way}
    for name, setting in document.settings.items():
        about = setting.description
        if setting.kind == "secret":
            annotations |= {name: SecretFromEnvironment | None, f"{name}_file": SecretFromFile | None}
            defaults[name] = Field(default=None, description=about)
            defaults[f"{name}_file"] = Field(default=None, description=f"File that holds {name}.")
        elif setting.kind == "identifiers":
            annotations[name] = tuple[Identifier, ...]
            defaults[name] = Field(default=(), description=about)
        elif setting.default is not None:
            annotations[name] = ONE_VALUE[setting.kind]
            defaults[name] = Field(default=setting.default, description=about)
        elif name in signs_in:
            annotations[name] = ONE_VALUE[setting.kind] | None
            defaults[name] = Field(default=None, description=about)
        else:
            annotations[name] = ONE_VALUE[setting.kind]
            defaults[name] = Field(description=about)
    return annotations, defaults


def _sign_ins(document: written.Document) -> tuple[tuple[str, ...], ...]:
    auth = document.auth
    login = auth.login
    basic = auth.basic or (login.basic if login else None)
    names = [
        auth.bearer,
        auth.raw,
        auth.header.secret if auth.header else None,
        *([basic.username, basic.password] if basic else []),
    ]
    names += login.body.values() if login else ()
    return (tuple(dict.fromkeys(name for name in names if name and document.settings[name].default is None)),)


def _sign_in(auth: written.Auth) -> Callable[[Any], Auth]:
    """Return the function that derives the authentication from an account's settings."""

    def basic(account: DeclaredAccount, given: written.BasicAuth) -> Basic:
        return Basic(str(getattr(account, given.username)), account.secret(given.password))

    def sign_in(account: DeclaredAccount) -> Auth:
        if auth.basic:
            return basic(account, auth.basic)
        if auth.bearer:
            return ApiKey(account.secret(auth.bearer))
        if auth.header:
            return ApiKey(account.secret(auth.header.secret), "", auth.header.name)
        if auth.login is None:
            return ApiKey(account.secret(auth.raw or ""), "")
        login = auth.login
        body = tuple((field, _value(account, name)) for field, name in login.body.items()) + tuple(login.fixed.items())
        return Login(
            path=login.post,
            token_field=login.token,
            lifetime=login.lifetime,
            credentials=basic(account, login.basic) if login.basic else None,
            body=body,
            lifetime_field=login.lifetime_field,
            scheme="" if login.scheme == "none" else login.scheme,
            rejected_statuses=frozenset(login.rejected_statuses),
            encoding=login.encoding,
        )

    return sign_in


def _value(account: DeclaredAccount, name: str) -> str | Secret:
    is_secret = f"{name}_file" in type(account).model_fields
    return account.secret(name) if is_secret else str(getattr(account, name))


def _request(document: written.Document, spec: written.RequestSpec) -> Request:
    answer, following = Shape("$"), spec.next
    if isinstance(spec.succeeded, str):
        answer.add(spec.succeeded, "succeeded")
    elif spec.succeeded:
        answer.add(spec.succeeded.at, frozenset(map(_written, spec.succeeded.values)))
    if spec.failed:
        answer.add(spec.failed, "failed", optional=True)
    page_fields = _page_fields(answer, following) if following else (None, None)
    shapes, levels = [answer], []
    for rows_path in as_tuple(spec.rows):
        rows, shape = shapes[-1].rows(rows_path)
        levels.append(rows)
        shapes.append(shape)

    def place(path: str, kind: str, *, optional: bool = False, nullable: bool = False) -> Place:
        inner = path.lstrip("^")
        level = len(levels) - (len(path) - len(inner))
        return Place(level, shapes[level].add(inner, kind, optional=optional, nullable=nullable))

    keys = {path: place(path, "key") for path in as_tuple(spec.key)}
    metrics = tuple(_metric(document, spec, one, place, keys) for one in spec.metrics)
    as_of = place(spec.as_of, "time") if spec.as_of else None
    path, body = spec.get or spec.post or "", None if spec.post is None else spec.body
    kind, _, of = (spec.for_each or "").partition(".")
    texts = (path, *spec.parameters.values(), *spec.body.values())
    return Request(
        path=path,
        params={**_first_page(following), **{name: _written(value) for name, value in spec.parameters.items()}},
        body=body,
        model=answer.model(),
        levels=tuple(levels),
        key=tuple(keys.values()),
        metrics=metrics,
        pages=Pages(_following(following), following.most_pages) if following else None,
        page_fields=page_fields,
        as_of=as_of,
        for_each=of,
        of_keys=kind == "requests",
        name=spec.name or "",
        is_optional=spec.optional,
        is_dated=dates_a_period([name for text in texts for name in names_in(text)]),
    )


def _page_fields(answer: Shape, given: written.Next) -> tuple[Getter | None, Getter | None]:
    place = given.link or given.cursor
    return (
        answer.add(place, "next", optional=True) if place else None,
        answer.add(given.more, "flag") if given.more else None,
    )


def _first_page(following: written.Next | None) -> dict[str, str]:
    if following and following.offset:
        return {following.offset: "0"}
    return {following.page: str(following.first)} if following and following.page else {}


def _following(given: written.Next) -> Following:
    if given.cursor:
        return ByCursor(given.field or given.parameter or "", in_body=given.field is not None)
    if given.offset:
        return ByOffset(given.offset, given.size)
    return ByPage(given.page, given.first, given.size) if given.page else ByLink()


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _metric(
    document: written.Document,
    request: written.RequestSpec,
    spec: written.MetricSpec,
    place: Callable[..., Place],
    keys: Mapping[str, Place],
) -> Metric:
    def label(given: str | written.LabelSpec) -> Place | Constant:
        value = given if isinstance(given, str) else given.value
        if value.startswith("{"):
            return Constant(value[1:-1])
        if value in keys:
            return keys[value]
        return place(value, "text") if isinstance(given, str) else place(value, given.kind, optional=given.optional)

    asked = f"GET {request.get}" if request.get else f"POST {request.post}"
    source = f"{asked} {spec.value}" + (" / 100" if spec.kind == "percent" else "")
    labels = tuple(spec.labels)
    content = (spec.name, spec.help, labels, document.title, source)
    family = _families.setdefault(content, Family(spec.name, spec.help, labels, vendor=document.title, source=source))
    return Metric(
        family,
        place(spec.value, spec.kind, optional=spec.optional, nullable=spec.nullable),
        spec.kind,
        tuple(map(label, spec.labels.values())),
        expected=spec.kind == "number" and not (spec.optional or spec.nullable),
        is_sum=spec.sum,
    )


def _quota(spec: written.QuotaSpec, families: Mapping[str, Family]) -> NativeQuota:
    def of(name: str | None) -> Family | None:
        return None if name is None else families[name]

    return NativeQuota(
        spec.name,
        spec.subject,
        families[spec.used],
        of(spec.limit),
        start=of(spec.start),
        end=of(spec.end),
        active=of(spec.active),
        unit=spec.unit,
    )


def _period(spec: written.PeriodSpec, families: Mapping[str, Family]) -> PlanPeriod:
    end = families[spec.end]
    return PlanPeriod(end.labels, end, None if spec.start is None else families[spec.start])
