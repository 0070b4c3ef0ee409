"""A figure of a benchmark: the measured value, the peer's value, and the bar to meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10
from statistics import median
from typing import Final

_DIGITS: Final = 3
_SMALLEST_FACTOR: Final = 0.1
"""The ratio below which the inverse reads better: 1/1,840 rather than 0.000543 x."""
_COLUMNS: Final = ("measured", "value", "from - to", "peer", "peer's value", "ratio", "bar", "met")


@dataclass(frozen=True, slots=True)
class Bar:
    """The bound for a figure; at most one of the fields is set.

    Attributes:
        ratio_at_most: the maximum ratio of the value to the peer's.
        ratio_at_least: the minimum ratio, where larger is better.
        value_at_most: the maximum value, in its unit.

    """

    ratio_at_most: float | None = None
    ratio_at_least: float | None = None
    value_at_most: float | None = None


NO_BAR: Final = Bar()


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of a benchmark.

    Attributes:
        what: the quantity measured, in words.
        value: the measured value, in `unit`.
        unit: the unit of both values.
        peer: the peer it is compared with; empty if there is none.
        peer_value: the peer's value in the same run; None if there is no peer.
        bar: the bound to meet, if there is one.
        spread: the minimum and the maximum of several runs, of which `value` is the median.

    """

    what: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    bar: Bar = NO_BAR
    spread: tuple[float, float] | None = None

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - as a row has it
        cls,
        what: str,
        values: Sequence[float],
        unit: str,
        peer: str = "",
        peer_values: Sequence[float] = (),
        bar: Bar = NO_BAR,
    ) -> Figure:
        """Return the row of several runs: the medians of their values."""
        peer_value = median(peer_values) if peer_values else None
        return cls(what, median(values), unit, peer if peer_values else "", peer_value, bar, (min(values), max(values)))

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the peer's."""
        return self.value / self.peer_value if self.peer_value else None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None if there is no bar."""
        bar, ratio = self.bar, self.ratio
        if bar.value_at_most is not None:
            return self.value <= bar.value_at_most
        if ratio is None:
            return None
        if bar.ratio_at_most is not None:
            return ratio <= bar.ratio_at_most
        return ratio >= bar.ratio_at_least if bar.ratio_at_least is not None else None

    def cells(self) -> tuple[str, ...]:
        """Return the row's cells as text, one for each column of the table."""
        ratio, met = self.ratio, self.met
        return (
            self.what,
            f"{number(self.value)} {self.unit}",
            " - ".join(map(number, self.spread or ())),
            self.peer,
            "" if self.peer_value is None else f"{number(self.peer_value)} {self.unit}",
            "" if ratio is None else factor(ratio),
            self._bar(),
            "" if met is None else "yes" if met else "NO",
        )

    def _bar(self) -> str:
        bar = self.bar
        if bar.value_at_most is not None:
            return f"at most {number(bar.value_at_most)} {self.unit}"
        if bar.ratio_at_most is not None:
            return f"at most {factor(bar.ratio_at_most)}"
        return "" if bar.ratio_at_least is None else f"at least {factor(bar.ratio_at_least)}"


def number(value: float) -> str:
    """Return a value with three significant digits, and commas between thousands."""
    if value == 0:
        return "0"
    decimals = max(0, _DIGITS - 1 - floor(log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def factor(ratio: float) -> str:
    """Return a ratio as `1.8 x`, or as `1/1,840` if it is small."""
    return f"{number(ratio)} x" if ratio >= _SMALLEST_FACTOR else f"1/{number(1 / ratio)}"


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows of cells as a Markdown table, aligned to be readable as it is."""
    lines = [_COLUMNS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |\n" for line in lines
    )
