"""A random world of one vendor: an account's settings, and what the vendor answers to each question.

A world is small, has one seed, and says which quirks of the vendor it holds. The server answers from it, and the
readers ask it the questions that a client with the vendor's contract would ask.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final, TypeVar

T = TypeVar("T")

MISSING: Final = object()
"""The value of a field that a reply leaves out."""

PLAIN_TEXTS: Final = ("Residential", "Data Center", "ISP", "alpha", "beta", "gamma-1", "delta_2", "007")
ODD_TEXTS: Final = (
    "naïve ünïcode",
    "日本",
    'quote"d',
    "back\\slash",
    "line\nend",
    "team/blue",
    "50%2F",
    "a b",
    "#{x=1}",
    "👩‍💻",
    "O'Neil",
    "ﷺ",
)
UNREADABLE_NUMBERS: Final[tuple[Any, ...]] = (
    *(
        None,
        None,
        MISSING,
        "N/A",
        "",
        "unlimited",
        "-",
        "1,5",
        "12 GB",
        "1_000",
        "\uff11\uff12",
        "NaN",
        "Infinity",
        True,
    ),
    *({}, [7]),
)
UNREADABLE_TIMES: Final[tuple[Any, ...]] = (None, MISSING, "", "soon", "2026-13-01", "0000-00-00", "2026-02-30", [])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answers to one request, as Python reads it from JSON."""

    body: Any = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Question:
    """One request: the path still percent-encoded, the query decoded, the body as JSON."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


Reply = Answer | Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class World:
    """An account and its vendor."""

    vendor: str
    seed: int
    today: date
    settings: Mapping[str, Any]
    replies: Mapping[str, Reply]
    quirks: frozenset[str]
    off: frozenset[str]

    @property
    def account(self) -> str:
        return f"w{self.seed}"

    def ask(self, question: Question) -> Answer:
        """What the vendor answers; 404 to what it does not know."""
        reply = self.replies.get(f"{question.method} {question.path}", Answer({}, 404))
        return reply if isinstance(reply, Answer) else reply(question)

    def get(self, path: str, **query: str) -> Answer:
        return self.ask(Question("GET", path, query))

    def post(self, path: str, body: Any) -> Answer:
        return self.ask(Question("POST", path, {}, body))


class Dice:
    """Chance with a seed; it remembers which quirks came up."""

    def __init__(self, seed: str, off: frozenset[str]) -> None:
        self.random = Random(seed)  # noqa: S311 - worlds are no secret
        self.off = off
        self.quirks: set[str] = set()

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def quirk(self, name: str, probability: float) -> bool:
        """Whether this quirk comes up here; never where it is switched off."""
        comes_up = self.chance(probability) and name not in self.off
        if comes_up:
            self.quirks.add(name)
        return comes_up

    def pick(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def count(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def text(self) -> str:
        return self.pick(ODD_TEXTS) if self.quirk("odd_text", 0.2) else self.pick(PLAIN_TEXTS)

    def uuid(self) -> str:
        digits = f"{self.random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def amount(self) -> int | float:
        """A figure that is not negative: often small, sometimes 0, sometimes huge."""
        kind = self.random.random()
        if kind < 0.12:
            return 0
        if kind < 0.2:
            return self.pick((2**53 - 1, 2**53, 10**15, 999_999_999, 2**31, 2**63))
        if kind < 0.6:
            return self.count(1, 5000)
        return round(self.random.uniform(0, 9000), self.count(1, 8))

    def integer(self) -> int:
        return self.pick((0, 1, self.count(2, 90_000), self.count(2, 900), 2**53, 2**40))

    def figure(self, value: float, unreadable: float = 0.07) -> Any:
        """The figure as a vendor may write it: a number, its digits as text, or nothing that can be read."""
        if self.quirk("unreadable_number", unreadable):
            return self.pick(UNREADABLE_NUMBERS)
        digits = str(value) if self.chance(0.9) else f"{value:.8f}" if isinstance(value, int) else repr(value)
        return digits if self.quirk("number_as_text", 0.25) and "e" not in digits else value


def row(**fields: Any) -> dict[str, Any]:
    """A JSON object without the fields that are missing."""
    return {name: value for name, value in fields.items() if value is not MISSING}
