"""Vendors in installed wheels, found by their entry points. A vendor is loaded when an account uses the vendor.

A wheel's code sees every secret of the process, so only vendors that the operator names are loaded. Listing
the vendors runs none of the wheels' code.
"""

from __future__ import annotations

import difflib
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import redirect_stdout
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from exporter.vendors.account import Account
from exporter.vendors.class_checks import faults
from exporter.vendors.origin import Origin

GROUP: Final = "usage_exporter.vendors"
"""The group of entry points for vendors. Each entry point has a vendor's name and leads to the vendor's class."""

_FLAG: Final = "--vendors.plugins"
_MOST_SHOWN: Final = 3


class WheelError(Exception):
    """A wheel's vendor cannot be used. The message quotes nothing from the wheel's code."""


def wheel_vendors(
    used: Collection[str], allowed: Collection[str], taken: Mapping[str, type[Account]]
) -> tuple[dict[str, type[Account]], dict[str, str]]:
    """Return the classes of vendors in wheels, and the reasons why other vendors are refused, both by vendor name.

    Args:
        used: the names of the vendors that accounts use. Other vendors are not returned.
        allowed: the names of the vendors whose code may run.
        taken: the vendors that do not come from wheels, by name.

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
    """Return the entry points of installed vendors, by vendor name. None of the vendors' code runs."""
    found: dict[str, list[EntryPoint]] = defaultdict(list)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, str(origin_of(entry)))):
        found[entry.name].append(entry)
    return dict(found)


def origin_of(entry: EntryPoint) -> Origin:
    """Return the origin of a vendor: the distribution to which the vendor's entry point belongs."""
    return Origin("wheel", entry.dist.version, entry.dist.name) if entry.dist else Origin("wheel")


def _vendor(
    name: str, entries: list[EntryPoint], allowed: Collection[str], taken: Mapping[str, type[Account]]
) -> type[Account]:
    if not entries:
        raise WheelError(f"{_FLAG} has {name}, but no installed distribution provides it")
    brought = " and ".join(str(origin_of(entry)) for entry in entries)
    if name in taken:
        declared = taken[name].origin.kind == "file"
        other = "vendor_files declares it" if declared else "it is built in"
        raise WheelError(f"is also provided by {brought}, but {other}; remove it from {_FLAG}")
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
    """Return the class of an entry point. Later calls return the same class, so accounts stay equal across a reload."""
    try:
        with redirect_stdout(sys.stderr):  # stdout may be a page or a table
            vendor = entry.load()
        wrong = list(faults(entry.name, vendor))
        if not wrong:
            vendor.model_rebuild()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the wheel's code raises
        raise WheelError(f"cannot be loaded: {type(error).__name__}") from None
    if wrong:
        more = f" (and {len(wrong) - _MOST_SHOWN} more)" if len(wrong) > _MOST_SHOWN else ""
        raise WheelError("; ".join(wrong[:_MOST_SHOWN]) + more)
    vendor.origin = origin_of(entry)
    return vendor  # type: ignore[no-any-return]  # checked by `faults`
