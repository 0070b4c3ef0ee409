"""Compare many random worlds with the exporter's page, and print where they differ.

    python tests/independent/compare_worlds.py [--worlds 1000] [--first 0] [--off QUIRK,...] [--verbose] [VENDOR...]

Exits 1 where anything differs. `--list` prints every quirk that `--off` knows.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import ionos_worlds
import netnut_worlds
import planship_worlds
import prolifi_worlds
import reader_ionos
import reader_netnut
import reader_planship
import reader_prolifi
from comparison import Difference, Result, Vendor, compare

VENDORS: Final = (
    Vendor(
        "netnut",
        netnut_worlds.netnut_world,
        reader_netnut.read_netnut,
        reader_netnut.FAMILIES,
        netnut_worlds.QUIRKS,
    ),
    Vendor(
        "ionos",
        ionos_worlds.ionos_world,
        reader_ionos.read_ionos,
        reader_ionos.FAMILIES,
        ionos_worlds.QUIRKS,
        reader_ionos.canonical,
    ),
    Vendor(
        "prolifi",
        prolifi_worlds.prolifi_world,
        reader_prolifi.read_prolifi,
        reader_prolifi.FAMILIES,
        prolifi_worlds.QUIRKS,
    ),
    Vendor(
        "planship",
        planship_worlds.planship_world,
        reader_planship.read_planship,
        reader_planship.FAMILIES,
        planship_worlds.QUIRKS,
        reader_planship.canonical,
    ),
)
_BATCH: Final = 100
_EXAMPLES: Final = 3


def compare_many(vendor: Vendor, first: int, count: int, off: frozenset[str]) -> Result:
    """Compare worlds a batch at a time, each batch as the accounts of one exporter."""
    results = []
    with TemporaryDirectory() as folder:
        for start in range(first, first + count, _BATCH):
            seeds = range(start, min(start + _BATCH, first + count))
            results.append(compare(vendor, seeds, off, Path(folder)))
    return Result(
        sum(result.worlds for result in results),
        sum(result.values for result in results),
        tuple(difference for result in results for difference in result.differences),
    )


def main() -> int:
    arguments = _arguments()
    if arguments.list:
        for vendor in VENDORS:
            _write(f"{vendor.name}", *(f"    {name:24}{what}" for name, what in vendor.quirks.items()))
        return 0
    differ = False
    for vendor in VENDORS:
        if arguments.vendors and vendor.name not in arguments.vendors:
            continue
        began = time.monotonic()
        result = compare_many(vendor, arguments.first, arguments.worlds, frozenset(arguments.off.split(",")))
        worlds = {difference.world.seed for difference in result.differences}
        _write(
            f"{vendor.name}: {result.worlds} worlds, {result.values} values compared, "
            f"{len(result.differences)} differences in {len(worlds)} worlds, {time.monotonic() - began:.0f} s"
        )
        _report(result.differences, verbose=arguments.verbose)
        differ = differ or bool(worlds)
    return int(differ)


def _report(differences: Iterable[Difference], *, verbose: bool) -> None:
    """Print differences, those of the simplest worlds first, a few of each family unless all are wanted."""
    seen: Counter[str] = Counter()
    for difference in sorted(differences, key=lambda one: len(one.world.quirks)):
        seen[difference.family] += 1
        if verbose or seen[difference.family] <= _EXAMPLES:
            _write(str(difference))
    _write(*(f"    {count:6} of {family}" for family, count in seen.most_common()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vendors", nargs="*", metavar="VENDOR")
    parser.add_argument("--worlds", type=int, default=1000, help="how many of each vendor")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--off", default="", help="quirks that shall not come up")
    parser.add_argument("--verbose", action="store_true", help="print every difference")
    parser.add_argument("--list", action="store_true", help="print the quirks, and compare nothing")
    return parser.parse_args()


def _write(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
