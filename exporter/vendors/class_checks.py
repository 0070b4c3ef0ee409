"""Checks that a vendor's class must pass before an account uses the class. Each fault is one line of text."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any, Final, get_args

from exporter.durations import Rate
from exporter.metrics import Family
from exporter.vendors.account import Account
from exporter.vendors.names import read_label, read_metric, read_vendor
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.settings.types import is_insecure, read_url

API: Final = 1
"""The version of `exporter.vendor_api`. Vendors in wheels must declare this version."""
_OURS: Final = (
    "key",
    "former",
    "shared_labels",
    "credential",
    "endpoint",
    "host",
    "stale_seconds",
    "shard",
    "rate_share",
    "owns_account_metrics",
    "for_shard",
    "with_rate_share",
    "secret",
)
"""The attributes of `Account` that no vendor may override."""


def faults(name: str, vendor: Any) -> Iterator[str]:
    """Yield the faults of a class that provides the vendor `name`. The settings of accounts are not checked here."""
    if not isinstance(vendor, type) or not issubclass(vendor, Account):
        yield "is not an Account of exporter.vendor_api"
        return
    api = getattr(vendor, "api", None)
    if type(api) is not int or api != API:
        made = f"is made for API {api}" if type(api) is int else f"does not say api: ClassVar = {API}"
        yield f"{made}, and this exporter has API {API}"
        return
    if vendor.__abstractmethods__:
        yield f"has no {' and no '.join(sorted(vendor.__abstractmethods__))}"
    try:
        read_vendor(name)
    except ValueError as error:
        yield f"vendor: {error}"
    if get_args(vendor.model_fields["vendor"].annotation) != (name,):
        yield f'vendor must be Literal["{name}"], the name of its entry point'
    yield from _url_faults(vendor.model_fields["base_url"])
    yield from _attribute_faults(vendor)
    yield from _sign_in_faults(vendor)
    yield from family_faults(name, vendor)


def _attribute_faults(vendor: type[Account]) -> Iterator[str]:
    """Yield a fault for each attribute of `Account` that is wrongly overridden, and for a bad `assumed_rate`."""
    for setting in vendor.model_fields:
        if setting not in Account.model_fields and hasattr(Account, setting):
            yield f"the setting {setting!a} has the name of an attribute that every account has"
    for own in _OURS:
        if own not in vendor.model_fields and getattr(vendor, own, None) is not getattr(Account, own):
            yield f"{own} belongs to every account and must not be overridden"
    if vendor.assumed_rate is not None and not _is_rate(vendor.assumed_rate):
        yield "assumed_rate must be a Rate above 0, such as Rate(60, 60.0)"


def _url_faults(field: Any) -> Iterator[str]:
    if field.is_required():
        yield "base_url has no default"
        return
    try:
        if is_insecure(read_url(field.default)):
            yield "base_url: write https: credentials could be read in transit"
    except ValueError as error:
        yield f"base_url: {error}"


def _is_rate(rate: object) -> bool:
    return isinstance(rate, Rate) and rate.requests > 0 and rate.seconds > 0


def _sign_in_faults(vendor: type[Account]) -> Iterator[str]:
    ways = getattr(vendor, "sign_ins", None)
    if not isinstance(ways, tuple) or not ways or not all(isinstance(way, tuple) and way for way in ways):
        yield "sign_ins must be a tuple of tuples of names of settings"
        return
    for setting in dict.fromkeys(setting for way in ways for setting in way):
        if setting not in vendor.model_fields:
            yield f"sign_ins names {setting!a}, which is not a setting"


def family_faults(name: str, vendor: type[Account]) -> Iterator[str]:
    """Yield the faults of the families, quotas and periods that a class declares."""
    families = getattr(vendor, "reported", None)
    if not isinstance(families, tuple) or not families or not all(isinstance(one, Family) for one in families):
        yield "reported must be a tuple of its families"
        return
    if len({one.name for one in families}) < len(families):
        yield "reported has a family twice"
    for family in families:
        yield from _faults_of(family, name)
    yield from _quota_faults(vendor, set(families))


def _faults_of(family: Any, vendor: str) -> Iterator[str]:
    """Yield the faults of one family."""
    try:
        read_metric(family.name.removesuffix("_info") if isinstance(family.name, str) else family.name)
        for label in family.labels:
            read_label(label)
    except ValueError as error:
        yield f"{family.name!a}: {error}"
        return
    if not isinstance(family.labels, tuple) or len(set(family.labels)) < len(family.labels):
        yield f"{family.name!a}: labels must be a tuple of names, each once"
    if not all(isinstance(text, str) and text.isprintable() for text in (family.summary, family.vendor, family.source)):
        yield f"{family.name!a}: what it means, who reports it and where must be text in one line"
    if not family.name.startswith(f"{vendor}_"):
        yield f"{family.name!a} must begin with {vendor}_"
    if family.kind != "gauge":
        yield f"{family.name!a} must be a gauge: any figure of a vendor can fall"


def _quota_faults(vendor: type[Account], known: set[Family]) -> Iterator[str]:
    """Yield the faults of the quotas and periods that a class declares."""
    for name, kind in (("native_quotas", NativeQuota), ("plan_periods", PlanPeriod)):
        given = getattr(vendor, name)
        if not isinstance(given, tuple) or not all(isinstance(one, kind) for one in given):
            yield f"{name} must be a tuple of {kind.__name__}"
            return
    quotas = {one: (one.used, one.limit, one.start, one.end, one.active) for one in vendor.native_quotas}
    parts = [part for some in quotas.values() for part in some if part is not None]
    parts += [part for plan in vendor.plan_periods for part in (plan.start, plan.end) if part is not None]
    unknown = [one for one in dict.fromkeys(parts) if one not in known]
    yield from (f"{one.name!a} is not among those reported" for one in unknown)
    if unknown:
        return
    for quota, families in quotas.items():
        others = [one for one in families if one is not None and set(one.labels) != set(quota.used.labels)]
        yield from (f"{one.name!a} must have the labels of {quota.used.name}" for one in others)
        for text in (quota.name, quota.subject, quota.unit):
            if not _names_labels(text, quota.used):
                yield f"{quota.used.name!a}: a quota's {text!a} must be text, in braces labels of the metric"


def _names_labels(text: object, family: Family) -> bool:
    try:
        return isinstance(text, str) and all(one in family.labels for _, one, _, _ in Formatter().parse(text) if one)
    except ValueError:
        return False
