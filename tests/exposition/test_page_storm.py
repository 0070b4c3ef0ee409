"""Many who ask at once are given one page, which is joined once; each page is of one moment, while polls land."""

import re
import threading
import zlib
from collections.abc import Iterable

import anyio
import anyio.from_thread
import pytest
from patience import DEADLINE_SECONDS
from readings import checked, kept

from exporter.exposition.columns import Piece
from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition, Page
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.textformat.lines import RenderedFamily
from exporter.vendors.netnut.families import NETNUT_GB_USED

pytestmark = pytest.mark.anyio
SCRAPES = 200
KEYS = [("netnut", "a"), ("netnut", "b")]
SERIES = [10, 2600]
"""Of each account: the page is joined at once, or in a thread."""


class Joins:
    """Counts how often the readings of all accounts, which are one block, are joined."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, patient: bool = False) -> None:
        self.count, self.patient = 0, patient
        concat = Piece.concat

        def counted(lines: Iterable[RenderedFamily]) -> Piece:
            lines = tuple(lines)
            self.count += len(lines) == len(KEYS)
            if self.patient and threading.current_thread() is not threading.main_thread():
                anyio.from_thread.run(anyio.wait_all_tasks_blocked)  # all others have asked by then
            return concat(lines)

        monkeypatch.setattr(Piece, "concat", counted)


def land(store: Store, key: tuple[str, str], series: int, value: float) -> None:
    """Let a poll land that says the same of every series."""
    samples = [NETNUT_GB_USED(value, plan_id=str(plan), product_type="x") for plan in range(series)]
    part = kept(checked(samples), key[1], before=store[key].slices.get(0))
    store.record_success(key, part)


def values(page: Page) -> dict[str, set[float]]:
    """What a page says of each account's series, read from its packed bytes."""
    found: dict[str, set[float]] = {}
    text = zlib.decompress(b"".join(page.gzip_parts), wbits=31).decode()
    assert text == b"".join(page.text()).decode()
    for account, value in re.findall(r'^netnut_gb_used\{account="(.)".* (\S+)$', text, re.MULTILINE):
        found.setdefault(account, set()).add(float(value))
    return found


@pytest.mark.parametrize("series", SERIES)
async def test_scrapes_at_once_are_given_one_page_that_is_joined_once(
    series: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, joins, pages = Store(KEYS), Joins(monkeypatch, patient=True), list[Page]()
    exposition = Exposition(store, Telemetry(0))
    for key in KEYS:
        land(store, key, series, 1.0)

    async def scrape() -> None:
        pages.append(await exposition.current(Format.TEXT))

    async with anyio.create_task_group() as tasks:
        for _ in range(SCRAPES):
            tasks.start_soon(scrape)

    assert len(pages) == SCRAPES
    assert {tuple(map(id, page.sections[:2])) for page in pages} == {tuple(map(id, pages[0].sections[:2]))}
    assert joins.count == 1
    assert values(pages[0]) == {"a": {1.0}, "b": {1.0}}


@pytest.mark.parametrize("series", SERIES)
async def test_each_scrape_is_of_one_moment_while_polls_land(series: int, monkeypatch: pytest.MonkeyPatch) -> None:
    store, joins, pages = Store(KEYS), Joins(monkeypatch), list[Page]()
    exposition, polls = Exposition(store, Telemetry(0)), 12
    for key in KEYS:
        land(store, key, series, 0.0)

    async def poll() -> None:
        for number in range(1, polls + 1):
            for key in KEYS:
                land(store, key, series, float(number))
            await anyio.sleep(0.001)

    async def scrape(form: Format) -> None:
        for _ in range(5):
            pages.append(await exposition.current(form))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poll)
        for number in range(SCRAPES // 5):
            tasks.start_soon(scrape, list(Format)[number % 2])

    distinct = {id(page.sections[0]): page for page in pages}
    for page in distinct.values():
        said = values(page)
        assert len(said["a"]) == 1
        assert said["a"] == said["b"]  # both accounts' polls land before anybody else is let in
    assert len(pages) == SCRAPES
    assert joins.count <= len(Format) * (polls + 1)
    last = await exposition.current(Format.TEXT)
    assert values(last) == {"a": {polls}, "b": {polls}}


async def test_a_scrape_that_is_given_up_keeps_nobody_from_the_next() -> None:
    store = Store(KEYS)
    exposition = Exposition(store, Telemetry(0))
    for key in KEYS:
        land(store, key, SERIES[-1], 1.0)

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(exposition.current, Format.TEXT)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    with anyio.fail_after(DEADLINE_SECONDS):
        assert values(await exposition.current(Format.TEXT)) == {"a": {1.0}, "b": {1.0}}
