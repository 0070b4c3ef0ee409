"""Pages of an exporter as Prometheus would keep them: OpenMetrics with a time for every sample."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class _Run:
    """Scrapes in a row that found the same value: the first and the last of them, by their numbers."""

    value: str
    first: int
    last: int


@dataclass(slots=True)
class _Family:
    header: list[str] = field(default_factory=list)
    series: dict[str, list[_Run]] = field(default_factory=dict)


class Recorder:
    """What the scrapes of one exporter found, kept as runs of equal values: most change only with polls."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = ",".join(f'{name}="{value}"' for name, value in labels.items())
        self._times: list[str] = []
        self._families: dict[str, _Family] = {}
        self._page = ""
        self._shown: list[_Run] = []

    def scraped(self, at: float, page: str) -> None:
        """Keep an OpenMetrics page that was scraped at `at` (Unix time)."""
        number = len(self._times)
        self._times.append(f" {at:.3f}\n")
        if page is not self._page:
            self._shown = [_run_of(value, runs, number) for value, runs in self._found(page)]
            self._page = page
        for run in self._shown:
            run.last = number

    def _found(self, page: str) -> Iterator[tuple[str, list[_Run]]]:
        """Yield the value of each series of a page, and the series' runs so far."""
        family = _Family()
        for line in page.splitlines():
            if line.startswith("# "):
                name = f"{line} ".split(" ")[2]
                family = self._families.setdefault(name, _Family())
                if line not in family.header:
                    family.header.append(line)
            else:
                series, _, value = line.rpartition(" ")
                yield value, family.series.setdefault(series, [])

    def write(self, path: Path, kept: Callable[[str], bool] = lambda _: True) -> None:
        """Write what was found, of the series that are `kept` (name and labels as on the page), family by family."""
        with path.open("w", encoding="utf-8") as file:
            for family in self._families.values():
                series = {name: runs for name, runs in family.series.items() if kept(name)}
                file.writelines(f"{line}\n" for line in family.header if series)
                file.writelines(text for name, runs in series.items() for text in self._lines(name, runs))
            file.write("# EOF\n")

    def _lines(self, series: str, runs: list[_Run]) -> Iterator[str]:
        name, _, labels = series.partition("{")
        labelled = f"{name}{{{self._labels}}}" if labels in ("", "}") else f"{name}{{{self._labels},{labels}"
        for run in runs:
            sample = f"{labelled} {run.value}"
            yield "".join([sample + time for time in self._times[run.first : run.last + 1]])


def _run_of(value: str, runs: list[_Run], number: int) -> _Run:
    """Return the run that a scrape belongs to: the last one if it found the same and was the one before."""
    if not runs or runs[-1].value != value or runs[-1].last != number - 1:
        runs.append(_Run(value, number, number))
    return runs[-1]
