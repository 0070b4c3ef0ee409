"""Worlds, the pages that the readers expect of them, and the page that the exporter shows."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from expectation import LIMIT, USED, Key, Page, Values, key
from page_lines import Pages, pages_of
from world import World
from world_server import serving

DEADLINE_SECONDS: Final = 300
_QUOTAS: Final = "usage_quota_"
_CONSUMED: Final = "usage_quota_consumed_total"
_UP: Final = "usage_exporter_account_up"


def _as_it_is(_: World, one: Key) -> Key:
    return one


@dataclass(frozen=True, slots=True)
class Vendor:
    """How to make a vendor's worlds, how to read them, and which families are compared.

    `canonical` gives a series of the page in the reader's form, where the form of a label is open.
    """

    name: str
    world: Callable[[int, date, frozenset[str]], World]
    read: Callable[[World], list[Page]]
    families: frozenset[str]
    quirks: Mapping[str, str]
    canonical: Callable[[World, Key], Key] = _as_it_is


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what the reader expects."""

    world: World
    family: str
    labels: str
    expected: str
    shown: str

    def __str__(self) -> str:
        where = f"{self.world.vendor} world {self.world.seed} ({', '.join(sorted(self.world.quirks))})"
        return f"{where}\n    {self.family}{{{self.labels}}}\n    expected {self.expected}, shown {self.shown}"


@dataclass(frozen=True, slots=True)
class Result:
    """How many worlds and values were compared, and where they differ."""

    worlds: int
    values: int
    differences: tuple[Difference, ...]


def compare(vendor: Vendor, seeds: Iterable[int], off: frozenset[str], folder: Path) -> Result:
    """Poll a world for each seed with one exporter, and compare its page with what the reader expects."""
    today = datetime.now(UTC).date()
    worlds = [vendor.world(seed, today, off) for seed in seeds]
    pages = _pages(worlds, folder)
    if datetime.now(UTC).date() != today:  # midnight passed, so the vendor's answers were of two days
        return compare(vendor, [world.seed for world in worlds], off, folder)
    values, differences = 0, []
    for world in worlds:
        compared, found = compare_world(vendor, world, pages[world.account])
        values += compared
        differences += found
    return Result(len(worlds), values, tuple(differences))


def _pages(worlds: list[World], folder: Path) -> Pages:
    with serving({f"/{world.vendor}/{world.seed}": world for world in worlds}) as url:
        accounts = [
            {
                "vendor": world.vendor,
                "name": world.account,
                "base_url": f"{url}/{world.vendor}/{world.seed}",
                "rate_limit": "100000/1s",
                **_at(f"{url}/{world.vendor}/{world.seed}", world.settings),
            }
            for world in worlds
        ]
        configuration = folder / "worlds.yaml"
        configuration.write_text(json.dumps({"accounts": accounts}), encoding="utf-8")  # JSON is YAML
        command = [sys.executable, "-m", "exporter", "once", f"--config.file={configuration}", "--log.level=error"]
        environment = {**os.environ, "WORLD_SECRET": "invented-secret"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )
    assert done.returncode in (0, 1), done.stderr
    return pages_of(done.stdout)


def _at(base_url: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A world's settings, whose other URLs begin with its base URL."""
    found: dict[str, Any] = json.loads(json.dumps(settings).replace("{base_url}", base_url))
    return found


def compare_world(vendor: Vendor, world: World, shown: Mapping[Key, float]) -> tuple[int, list[Difference]]:
    """Compare with the allowed page that is nearest."""
    canonical = {vendor.canonical(world, one): value for one, value in shown.items()}
    assert len(canonical) == len(shown), f"{world.vendor} world {world.seed}: a series is shown in two forms"
    results = [_compare_page(vendor, world, page, canonical) for page in vendor.read(world)]
    return min(results, key=lambda result: len(result[1]))


def _compare_page(vendor: Vendor, world: World, page: Page, shown: Mapping[Key, float]) -> tuple[int, list[Difference]]:
    expected: dict[Key, Values] = dict(page.values)
    if page.up is not None:
        expected[key(_UP, {"vendor": world.vendor})] = (Decimal(page.up),)
    expected = {one: values for one, values in expected.items() if _is_compared(vendor, page, one, expected)}
    present = {one: value for one, value in shown.items() if _is_compared(vendor, page, one, expected)}
    compared = [one for one in expected.keys() | present.keys() if expected.get(one, (None,))]
    differences = [
        Difference(world, one[0], _labels(one), _values(expected.get(one, (None,))), str(present.get(one, "absent")))
        for one in compared
        if not _is_right(present.get(one), expected.get(one, (None,)))
    ]
    differences += _consumed_differences(world, shown)
    for name, figures in page.open_quotas.items():
        found = _open_figures(name, shown)
        if not _are_alike(figures, found):
            labels = f'quota="{name}", any subject'
            differences.append(Difference(world, "used and limit", labels, _figures(figures), _figures(found)))
    return len(compared) + len(page.open_quotas), differences


def _is_compared(vendor: Vendor, page: Page, one: Key, expected: Mapping[Key, Values]) -> bool:
    family, labels = one
    if family == _UP:
        return one in expected
    if family.startswith(_QUOTAS):
        name = dict(labels)["quota"]
        return family != _CONSUMED and name not in page.open_quotas and name not in page.silent_quotas
    return family in vendor.families and family not in page.silent_families


def _is_right(shown: float | None, allowed: Values) -> bool:
    if shown is None:
        return None in allowed
    return any(value is not None and _is_near(shown, value) for value in allowed)


def _is_near(shown: float, value: Decimal) -> bool:
    """Equal, but for the last bits that a sum of floats may lose."""
    return abs(Decimal(shown) - value) <= max(abs(value) * Decimal("1e-12"), Decimal("1e-10"))


def _consumed_differences(world: World, shown: Mapping[Key, float]) -> Iterator[Difference]:
    """A counter begins at 0, and never without what is used."""
    for one, value in shown.items():
        if one[0] == _CONSUMED and (value != 0 or (USED, one[1]) not in shown):
            yield Difference(world, _CONSUMED, _labels(one), "0 beside what is used, or absent", str(value))


def _open_figures(name: str, shown: Mapping[Key, float]) -> list[tuple[float, float | None]]:
    return [
        (value, shown.get((LIMIT, labels)))
        for (family, labels), value in shown.items()
        if family == USED and dict(labels)["quota"] == name
    ]


def _are_alike(expected: list[tuple[Decimal, Decimal | None]], found: list[tuple[float, float | None]]) -> bool:
    def order(pair: tuple[Decimal | float, Decimal | float | None]) -> tuple[float, float]:
        return float(pair[0]), -1.0 if pair[1] is None else float(pair[1])

    pairs = zip(sorted(expected, key=order), sorted(found, key=order), strict=False)
    return len(expected) == len(found) and all(
        _is_right(used, (right_used,)) and _is_right(limit, (right_limit,))
        for (right_used, right_limit), (used, limit) in pairs
    )


def _labels(one: Key) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(one[1]))


def _values(values: Values) -> str:
    return " or ".join("absent" if value is None else str(value) for value in values)


def _figures(pairs: Iterable[tuple[Decimal | float, Decimal | float | None]]) -> str:
    return str(sorted(f"{used} of {limit}" for used, limit in pairs))
