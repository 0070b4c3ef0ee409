"""Vendors of installed wheels: found by their entry points, and loaded once an account is at one.

A wheel's code sees every secret of the process, so only vendors that the operator names are loaded. To list
names runs none of it.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, get_args

from exporter.metrics import Family
from exporter.vendors.account import Account
from exporter.vendors.names import read_label, read_metric, read_vendor
from exporter.vendors.origin import Origin

API: Final = 1
"""The version of `exporter.vendor_api`: what a vendor in a wheel may use, and must say that it is made for."""
GROUP: Final = "usage_exporter.vendors"
"""Entry points of this group are vendors: the name is what accounts call it, the value is its class."""

_FLAG: Final = "--vendors.plugins"
_MOST_SHOWN: Final = 3


class WheelError(Exception):
    """A wheel whose vendor cannot be used. The text is ours: nothing that the wheel's code says is in it."""


def wheel_vendors(
    used: Collection[str], allowed: Collection[str], taken: Mapping[str, type[Account]]
) -> tuple[dict[str, type[Account]], dict[str, str]]:
    """Return the vendors of wheels that are used and allowed, by name, and why others cannot be used.

    Args:
        used: what accounts call their vendors.
        allowed: the vendors whose code may run.
        taken: the vendors that there are without wheels.

    """
    wanted = [name for name in dict.fromkeys(used) if name in allowed or name not in taken]
    offers = offered() if wanted else {}
    vendors: dict[str, type[Account]] = {}
    refused: dict[str, str] = {}
    for name in wanted:
        try:
            if name in offers or name in allowed - taken.keys():
                vendors[name] = _vendor(name, offers.get(name, []), allowed, taken)
            elif name not in taken and (near := difflib.get_close_matches(name, allowed, n=1)):
                refused[name] = f"is not known; did you mean {near[0]}?"
        except WheelError as error:
            refused[name] = str(error)
    return vendors, refused


def offered() -> dict[str, list[EntryPoint]]:
    """Return the vendors that installed wheels bring, by name; none of their code is run."""
    found: dict[str, list[EntryPoint]] = defaultdict(list)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, str(origin_of(entry)))):
        found[entry.name].append(entry)
    return dict(found)


def origin_of(entry: EntryPoint) -> Origin:
    """Return which distribution brings an entry point."""
    return Origin("wheel", entry.dist.version, entry.dist.name) if entry.dist else Origin("wheel")


def _vendor(
    name: str, entries: list[EntryPoint], allowed: Collection[str], taken: Mapping[str, type[Account]]
) -> type[Account]:
    if not entries:
        raise WheelError(f"{_FLAG} has {name}, and no installed distribution brings it")
    brought = " and ".join(str(origin_of(entry)) for entry in entries)
    if name in taken:
        declared = taken[name].origin.kind == "file"
        other = "vendor_files declares one" if declared else "one is built in"
        raise WheelError(f"is also from {brought}, and {other}; take it out of {_FLAG}")
    if name not in allowed:
        raise WheelError(f"is from {brought}, whose code may not run; if you trust it, start with {_FLAG}={name}")
    if len(entries) > 1:
        raise WheelError(f"is from {brought}; uninstall all but one")
    try:
        return _loaded(entries[0])
    except WheelError as error:
        raise WheelError(f"{brought}: {error}") from None


@lru_cache(maxsize=256)
def _loaded(entry: EntryPoint) -> type[Account]:
    """Return the class that an entry point names: once for each, so that accounts stay equal over a reload."""
    try:
        vendor = entry.load()
        wrong = list(faults(entry.name, vendor))
        if not wrong:
            vendor.model_rebuild()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the wheel's code raises
        raise WheelError(f"cannot be loaded: {type(error).__name__}") from None
    if wrong:
        more = f" (and {len(wrong) - _MOST_SHOWN} more)" if len(wrong) > _MOST_SHOWN else ""
        raise WheelError("; ".join(wrong[:_MOST_SHOWN]) + more)
    vendor.origin = origin_of(entry)
    return vendor  # type: ignore[no-any-return]  # as was seen above


def faults(name: str, vendor: Any) -> Iterator[str]:
    """Say what is wrong with a class as the vendor of a name; nothing of an account's settings is looked at."""
    if not isinstance(vendor, type) or not issubclass(vendor, Account):
        yield "is no Account of exporter.vendor_api"
        return
    api = getattr(vendor, "api", None)
    if api != API:
        made = f"is made for API {api}" if isinstance(api, int) else "does not say api: ClassVar = 1"
        yield f"{made}, and this exporter has API {API}"
        return
    if vendor.__abstractmethods__:
        yield f"has no {' and no '.join(sorted(vendor.__abstractmethods__))}"
    try:
        read_vendor(name)
    except ValueError as error:
        yield f"vendor: {error}"
    if get_args(vendor.model_fields["vendor"].annotation) != (name,):
        yield f'vendor must be Literal["{name}"], as its entry point is called'
    if vendor.model_fields["base_url"].is_required():
        yield "base_url has no default"
    for setting in vendor.model_fields:
        if setting not in Account.model_fields and hasattr(Account, setting):
            yield f"the setting {setting!a} has the name of what every account has"
    yield from _sign_in_faults(vendor)
    yield from family_faults(name, vendor)


def _sign_in_faults(vendor: type[Account]) -> Iterator[str]:
    ways = getattr(vendor, "sign_ins", None)
    if not isinstance(ways, tuple) or not ways or not all(isinstance(way, tuple) for way in ways):
        yield "sign_ins must be a tuple of tuples of names of settings"
        return
    for setting in dict.fromkeys(setting for way in ways for setting in way):
        if setting not in vendor.model_fields:
            yield f"sign_ins names {setting!a}, which is no setting"


def family_faults(name: str, vendor: type[Account]) -> Iterator[str]:
    """Say what is wrong with what a class says that the vendor reports."""
    families = getattr(vendor, "reported", None)
    if not isinstance(families, tuple) or not families or not all(isinstance(one, Family) for one in families):
        yield "reported must be a tuple of its families"
        return
    if len({one.name for one in families}) < len(families):
        yield "reported has a family twice"
    for family in families:
        try:
            read_metric(family.name.removesuffix("_info"))
            for label in family.labels:
                read_label(label)
        except ValueError as error:
            yield f"{family.name!a}: {error}"
        if not family.name.startswith(f"{name}_"):
            yield f"{family.name!a} must begin with {name}_"
        if family.kind != "gauge":
            yield f"{family.name!a} must be a gauge: every figure of a vendor's can fall"
    known = set(families)
    parts = [
        one
        for quota in vendor.native_quotas
        for one in (quota.used, quota.limit, quota.start, quota.end, quota.active)
        if one is not None
    ]
    parts += [one for plan in vendor.plan_periods for one in (plan.start, plan.end) if one is not None]
    yield from (f"{one.name!a} is not among those reported" for one in dict.fromkeys(parts) if one not in known)
