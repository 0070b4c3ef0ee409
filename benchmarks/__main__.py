"""`python -m benchmarks [NAME ...]`: run benchmarks, print tables, store the results in benchmarks/results.json.

Exits with 1 if a bar is missed; missed bars are listed again at the end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from benchmarks import (
    accounts,
    check,
    connections,
    declared,
    families,
    hour,
    latency,
    memory,
    million,
    polling,
    quotas,
    render,
    replies,
    results,
    scrape,
    startup,
    storage,
)
from benchmarks.figures import Figure, table
from benchmarks.scale import FULL, Scale

BENCHMARKS: Final[Mapping[str, Callable[[Scale], Iterator[Figure]]]] = {
    module.__name__.rpartition(".")[2]: module.figures
    for module in (
        hour,
        polling,
        scrape,
        accounts,
        connections,
        replies,
        memory,
        storage,
        families,
        declared,
        startup,
        check,
        million,
        quotas,
        render,
        latency,
    )
}


def run(names: Iterable[str]) -> list[Figure]:
    """Run benchmarks by name, store their figures, and return the figures that miss their bar."""
    missed = []
    for name in names:
        sys.stdout.write(f"\n## {name}\n\n")
        sys.stdout.flush()
        found = list(BENCHMARKS[name](FULL))
        sys.stdout.write(table(figure.cells() for figure in found))
        results.keep(name, found)
        missed += [figure for figure in found if figure.met is False]
    return missed


def main(asked: Sequence[str]) -> int:
    """Run some benchmarks, or all, and return the exit code."""
    if unknown := [name for name in asked if name not in BENCHMARKS]:
        sys.stderr.write(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    if missed := run(asked or BENCHMARKS):
        sys.stdout.write(f"\n## bars that are missed\n\n{table(figure.cells() for figure in missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
