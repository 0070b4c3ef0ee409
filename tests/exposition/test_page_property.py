"""Whatever happened before, the page that is joined of ready blocks is the one that would be rendered from nothing."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from configurations import MINIMAL
from hypothesis import given
from hypothesis import strategies as st
from readings import kept

from exporter.config import parse
from exporter.errors import Forbidden, ServerFailed
from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition
from exporter.metrics import OWN_FAMILIES, Family, Figures
from exporter.metrics.quota import QUOTA_CONSUMED
from exporter.store.reading import READING_FAMILIES, Reading
from exporter.store.snapshot import AccountKey, SliceState
from exporter.store.store import Store
from exporter.telemetry.telemetry import AccountTelemetry, Telemetry
from exporter.vendors import Account
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT, PROLIFI_WINDOW_START

NAMES = ("a", "b", "c")
MOST_SLICES = 3


def accounts() -> dict[AccountKey, Account]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOKEN", "an-invented-secret")
        listed = ", ".join(f"{{{MINIMAL['prolifi']}}}".replace("name: a", f"name: {name}") for name in NAMES)
        text = f"accounts: [{listed}]"
        return {one.key: one for one in parse(text.encode(), Path()).accounts}


ACCOUNTS = accounts()
KEYS = tuple(ACCOUNTS)


@dataclass
class World:
    """An exporter's store, telemetry and page, and all that is needed to make the page anew."""

    now: float = 0.0
    store: Store = field(default_factory=Store)
    telemetry: Telemetry = field(default_factory=lambda: Telemetry(0))
    figures: dict[int, Figures] = field(default_factory=dict)
    parts: list[SliceState] = field(default_factory=list)  # so that no other object is given the same id
    told: dict[AccountKey, list[Callable[[AccountTelemetry], None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.exposition = Exposition(self.store, self.telemetry)

    def adopt(self, wanted: Mapping[AccountKey, int]) -> None:
        before = {key for key, _ in self.store}
        self.store.reconfigure(wanted)
        for key in before - wanted.keys():
            self.telemetry.remove(key)
            del self.told[key]
        for key in wanted:
            self.telemetry.add(ACCOUNTS[key])
            self.told.setdefault(key, [])

    def tell(self, key: AccountKey, event: Callable[[AccountTelemetry], None]) -> None:
        event(self.telemetry.accounts[key])
        self.told[key].append(event)

    def succeed(self, key: AccountKey, number: int, figures: Figures, stale_after: float) -> None:
        reading, before = Reading(figures, as_of=self.now), self.store[key].slices.get(number)
        part = kept(reading, key[1], before=before, read_at=self.now, stale_at=self.now + stale_after)
        self.parts.append(part)
        self.figures[id(part)] = figures
        self.tell(key, lambda one: one.on_poll(1.0, reading))
        self.store.record_success(key, part, number=number)

    def expected(self, form: Format) -> str:
        """The page but for the process's own part, of lines that are written one by one."""
        readings = [
            (key[1], self.figures[id(part)]) for key, snapshot in self.store for part in snapshot.visible(self.now)
        ]
        text = ""
        for family in READING_FAMILIES:
            lines = [
                f"{family.name}{{{pairs(('account', *family.labels), (name, *labels))}}} {value!r}\n"
                for name, figures in readings
                for labels, value in sorted(figures.get(family, {}).items())
            ]
            text += headed(family, form, "".join(lines)) if lines else ""
        anew = Telemetry(0)
        for key, events in self.told.items():
            anew.add(ACCOUNTS[key])
            for event in events:
                event(anew.accounts[key])
        own = [anew.lines(*one, self.now) for one in self.store]
        for family in OWN_FAMILIES:
            own_lines = b"".join(some.get(family, b"") for some in own).decode()
            text += headed(family, form, own_lines) if own_lines else ""
        return text


def pairs(names: tuple[str, ...], labels: tuple[str, ...]) -> str:
    escaped = (label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for label in labels)
    return ",".join(f'{name}="{label}"' for name, label in zip(names, escaped, strict=True))


def headed(family: Family, form: Format, lines: str) -> str:
    name = family.name.removesuffix("_total") if form is Format.OPENMETRICS else family.name
    return f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n{lines}"


def unpacked(parts: tuple[bytes, ...]) -> bytes:
    """The text of what must be one gzip member and nothing else."""
    unpacker = zlib.decompressobj(wbits=31)
    text = b"".join(map(unpacker.decompress, parts))
    assert (unpacker.eof, unpacker.unused_data) == (True, b"")
    return text


LABEL = st.sampled_from(["x", 'say "hi"', "back\\slash", "new\nline", "Zürich", ""])
VALUE = st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e22])


def figures_of(first: int, number: int, label: str, value: float, *, quota: bool) -> Figures:
    figures: dict[object, dict[tuple[str, ...], float]] = {PROLIFI_WINDOW_START: {(): value}}
    figures[PROLIFI_EVENT_COUNT] = {
        (f"{label}{one}", f"event-{one % 3}"): value for one in range(first, first + number)
    }
    if quota:
        figures[QUOTA_CONSUMED] = {("prolifi", "q", label, ""): value}
    return {family: values for family, values in figures.items() if values}  # type: ignore[misc]


KEY = st.sampled_from(KEYS)
FIGURES = st.builds(figures_of, st.integers(0, 40), st.integers(0, 150), LABEL, VALUE, quota=st.booleans())
NUMBER = st.integers(0, MOST_SLICES - 1)
STEP = st.one_of(
    st.tuples(st.just("succeed"), KEY, NUMBER, FIGURES, st.sampled_from([5.0, 50.0, 500.0])),
    st.tuples(st.just("fail"), KEY, NUMBER, st.sampled_from([ServerFailed("HTTP 500"), Forbidden("HTTP 403")])),
    st.tuples(st.just("request"), KEY, st.sampled_from(["200", "429", "none"])),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 5.0, 60.0])),
    st.tuples(st.just("adopt"), st.dictionaries(KEY, st.integers(1, MOST_SLICES))),
)


def take(world: World, step: tuple[object, ...]) -> None:
    known = dict(world.store)
    match step:
        case "succeed", (str(), str()) as key, int(number), dict(figures), float(stale_after) if key in known:
            world.succeed(key, number % known[key].slice_count, figures, stale_after)
        case "fail", (str(), str()) as key, int(number), (ServerFailed() | Forbidden()) as error if key in known:
            world.tell(key, partial(AccountTelemetry.on_poll, seconds=2.0, outcome=error))
            world.store.record_failure(key, error, number % known[key].slice_count)
        case "request", (str(), str()) as key, str(code) if key in known:
            world.tell(key, partial(AccountTelemetry.on_request, code=code, seconds=0.1))
            world.store.record_attempt(key, world.now)
        case "wait", float(seconds):
            world.now += seconds
        case "adopt", dict(wanted):
            world.adopt(wanted)


@given(st.lists(STEP, max_size=25))
def test_after_anything_that_happens_the_page_is_that_of_a_rendering_from_nothing(
    steps: list[tuple[object, ...]],
) -> None:
    world = World()
    world.adopt({KEYS[0]: 1, KEYS[1]: MOST_SLICES})
    for step in steps:
        take(world, step)
        for form in Format:
            page = world.exposition.page(form, world.now)
            text = b"".join(page.text())

            expected = world.expected(form).encode()
            assert text[: len(expected)] == expected
            assert unpacked(page.gzip_parts) == text
            assert page.length == len(text)
            assert text.endswith(b"# EOF\n") is (form is Format.OPENMETRICS)
