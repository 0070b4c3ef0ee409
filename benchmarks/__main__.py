"""`python -m benchmarks [NAME ...]`: run benchmarks, print tables, store the results in benchmarks/results.json."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
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


def run(names: Iterable[str]) -> None:
    """Run benchmarks by name, and store their figures."""
    for name in names:
        sys.stdout.write(f"\n## {name}\n\n")
        sys.stdout.flush()
        found = list(BENCHMARKS[name](FULL))
        sys.stdout.write(table(figure.cells() for figure in found))
        results.keep(name, found)


if __name__ == "__main__":
    asked = sys.argv[1:] or list(BENCHMARKS)
    if unknown := [name for name in asked if name not in BENCHMARKS]:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    run(asked)
